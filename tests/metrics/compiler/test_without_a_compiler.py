"""The compiler only makes the formulas faster: without it the values are the same."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from fusionbench.metrics import METRICS, PROTOCOLS, evaluate

CODE = """
import json, sys
sys.modules["llvmlite"] = None
import numpy as np
from fusionbench.metrics import METRICS, evaluate
from fusionbench.metrics.guide.example import example
keys = json.loads(sys.argv[1])
print(json.dumps(evaluate(*(image[:96, :112] for image in example()), metrics=keys)))
"""


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_same_values_without_a_compiler(protocol: str) -> None:
    from fusionbench.metrics.guide.example import example

    keys = [key for key in PROTOCOLS[protocol].metrics if key in METRICS]
    done = subprocess.run([sys.executable, "-c", CODE, json.dumps(keys)], capture_output=True, text=True, check=True)
    plain = json.loads(done.stdout)
    fast = evaluate(*(image[:96, :112] for image in example()), metrics=keys)
    for name, value in fast.items():
        assert plain[name] == pytest.approx(value, rel=1e-9, nan_ok=True), name
    assert np.isfinite(list(plain.values())).any()
