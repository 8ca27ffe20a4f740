"""Jittor's operators against PyTorch's: at ties, at the ends of their range, on other processors, by oneDNN."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionbench.frameworks.jittor.environment import environment

pytestmark = pytest.mark.jittor
OPERATORS = """
import json, sys
import jittor as jt
import numpy as np
from fusionbench.frameworks.jittor.inside import convolutions
from fusionbench.frameworks.jittor.inside.operators import MATHEMATICS

def gradients(function, *values):
    inputs = [jt.array(np.array(value, np.float32)) for value in values]
    result = function(*inputs)
    weights = jt.array(np.arange(1, result.numel() + 1, dtype=np.float32).reshape(result.shape))
    return [x.numpy().tolist() for x in [result, *jt.grad((result * weights).sum(), inputs)]]

results = {}
for name in ("torch", "native"):
    ops = MATHEMATICS[name]
    results[name] = {
        "magnitude": gradients(ops.magnitude, [-2, 0, 3]),
        "maximum": gradients(ops.maximum, [1, 2, 3], [2, 2, 2]),
        "at_least": gradients(lambda x: ops.at_least(x, 1.0), [0, 1, 2]),
        "prelu": gradients(ops.prelu, [-1, 0, 2], [0.25]),
    }
draw = np.random.default_rng(0)
a, b, x, w = (draw.standard_normal(shape) for shape in ((3, 4), (4, 5), (2, 4, 6, 5), (8, 4, 3, 3)))
for name in ("quick", "plain"):
    if name == "plain":
        convolutions._onednn = lambda: None
    results[name] = [gradients(lambda x, w: convolutions.convolution(x, w, 1), x, w)]
    for flip, second in ((False, b), (True, b.T)):
        results[name].append(gradients(lambda x, y: convolutions.product(x, y, flip), a, second))
results["product"] = (a @ b).tolist()
json.dump(results, open(sys.argv[1], "w"))
"""


def test_operators(tmp_path: Path) -> None:
    """Each operator at its ties against PyTorch; products named outright against Jittor's own way to them."""
    run = [sys.executable, "-c", OPERATORS, str(tmp_path / "results.json")]
    subprocess.run(run, env=environment(threads=1), check=True, stdout=subprocess.DEVNULL)
    results = json.loads((tmp_path / "results.json").read_text())
    operators = {
        "magnitude": (torch.abs, [-2, 0, 3]),
        "maximum": (torch.maximum, [1, 2, 3], [2, 2, 2]),
        "at_least": (lambda x: x.clamp_min(1.0), [0, 1, 2]),
        "prelu": (torch.nn.functional.prelu, [-1, 0, 2], [0.25]),
    }
    for name, (function, *values) in operators.items():
        inputs = [torch.tensor(value, dtype=torch.float32, requires_grad=True) for value in values]
        result = function(*inputs)
        (result * torch.arange(1.0, 4.0)).sum().backward()
        assert results["torch"][name] == [x.tolist() for x in [result, *(x.grad for x in inputs)]], name
        assert results["native"][name][0] == result.tolist()
        assert results["native"][name] != results["torch"][name]
    for quick, plain in zip(results["quick"], results["plain"], strict=True):
        for ours, theirs in zip(quick, plain, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())
    for result, *_ in results["quick"][1:]:
        np.testing.assert_allclose(result, results["product"], rtol=1e-5, atol=1e-5)


KERNELS = """
import json, sys
import jittor as jt
import numpy as np
from fusionbench.frameworks.jittor.inside.operators import MATHEMATICS

task = json.load(open(sys.argv[1]))
ops, results = MATHEMATICS["torch"], {}
functions = {
    "sigmoid": ops.sigmoid, "gelu": ops.gelu, "softmax": lambda x: jt.nn.softmax(x.reshape(-1, 8), dim=1),
    "exp": jt.exp, "sqrt": jt.sqrt, "inverse": lambda x: 1.0 / x, "inverse root": lambda x: 1.0 / jt.sqrt(x),
    "as it is": lambda x: x * 1.0,
}
own = jt.flags.cc_flags
for level, march in task["levels"].items():
    jt.flags.cc_flags = own.replace("-march=native", march)
    with ops.compiled(), jt.flag_scope(compile_options={"as_written": 1, level: 1}):
        for name, function in functions.items():
            x = jt.array(np.array(task["numbers"][name], np.float32))
            y = function(x)
            slope = jt.grad(y.sum() if name != "softmax" else (y * jt.array(np.arange(8.0))).sum(), x)
            results[f"{level} {name}"] = [z.numpy().ravel().astype(float).tolist() for z in (y, slope)]
    jt.clean()
assert not jt.zeros(1).compile_options
json.dump(results, open(sys.argv[2], "w"))
"""
TINY, LARGE = 1e-40, 3e38  # the first is less than what a processor may flush to zero
SIGNED = [0.0, TINY, 1e-30, 1e-7, 0.3, 1.0, 2.5, 5.0, 20.0, 31.0, 60.0, 87.0, 104.0, 1e10, LARGE, float("inf")]
BESIDE_ONE = {"sigmoid": 2.5e-7, "gelu": 1e-6, "softmax": 2e-6}  # the slopes of softmax are sums of terms up to 7
POSITIVE = [x for x in SIGNED if x > TINY]


def numbers(name: str) -> list[float]:
    """Arguments of a function: those at the ends of its range, and a thousand between."""
    draw = np.random.default_rng(3).standard_normal(1000)
    if name in ("sqrt", "inverse", "inverse root"):
        values = [*POSITIVE, *np.exp(4 * draw)]
    elif name == "softmax":
        values = [0.0] * 8 + [50.0, *[-50.0] * 7] + [5.0, float("-inf")] + [1.0] * 6 + (10 * draw).tolist()
    else:
        values = [*SIGNED, *(-x for x in SIGNED), *(4 * draw)]
    return [float(x) for x in np.float32(values)]


def by_pytorch(name: str, values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    x = torch.tensor(values, requires_grad=True)
    functions: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "sigmoid": torch.sigmoid, "gelu": torch.nn.functional.gelu, "softmax": lambda x: x.reshape(-1, 8).softmax(1),
        "exp": torch.exp, "sqrt": torch.sqrt, "inverse": torch.reciprocal, "inverse root": lambda x: 1 / torch.sqrt(x),
        "as it is": lambda x: x * 1.0,
    }  # fmt: skip
    # by PyTorch's own kernels: where oneDNN takes GELU over, on some processors, it has no number at infinity
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "TF32 acceleration", UserWarning)  # of setting oneDNN's flags
        with torch.backends.mkldnn.flags(enabled=False):
            y = functions[name](x)
            (y.sum() if name != "softmax" else (y * torch.arange(8.0)).sum()).backward()
    assert x.grad is not None
    return y.detach().numpy().ravel(), x.grad.numpy()


@pytest.mark.slow
@pytest.mark.parametrize("level", ["x86-64-v2", "x86-64-v3", "native"])
def test_functions_on_processors(level: str, tmp_path: Path) -> None:
    """What Jittor would approximate, compiled for other processors too: PyTorch's numbers and slopes, to the ends."""
    if level != "native":
        from llvmlite import binding

        from fusionbench.metrics.compiler import levels

        wanted = next(each for each in levels.X86 if each.name == level)
        if platform.machine() != "x86_64" or levels.missing(wanted, levels.X86, dict(binding.get_host_cpu_features())):
            pytest.skip(f"this processor is no {level}")
    names = ["sigmoid", "gelu", "softmax", "exp", "sqrt", "inverse", "inverse root", "as it is"]
    task = {"levels": {level: f"-march={level}"}, "numbers": {name: numbers(name) for name in names}}
    (tmp_path / "task.json").write_text(json.dumps(task))
    run = [sys.executable, "-c", KERNELS, str(tmp_path / "task.json"), str(tmp_path / "results.json")]
    subprocess.run(run, env=environment(threads=1), check=True, stdout=subprocess.DEVNULL)
    results = json.loads((tmp_path / "results.json").read_text())
    for name in names:
        values, slopes = zip(results[f"{level} {name}"], by_pytorch(name, task["numbers"][name]), strict=True)
        # 1 - y, 1 + erf(x) and the like keep what rounding has left of numbers around 1
        np.testing.assert_allclose(*values, rtol=5e-7, atol=1e-6 if name == "gelu" else 1e-37, err_msg=name)
        np.testing.assert_allclose(*slopes, rtol=5e-7, atol=BESIDE_ONE.get(name, 1e-37), err_msg=f"slope of {name}")
    assert results[f"{level} sigmoid"][0][0] == 0.5
    assert results[f"{level} as it is"][0][1] > 0
