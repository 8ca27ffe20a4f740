"""What a command loads: a run of which all is done answers at once, without what takes a second to load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from typer.testing import CliRunner

from fusionbench.cli import app

# Import names of what setup.cfg lists, and the parts of SciPy: what a rerun needs of them, and what it does without.
NEEDED = {
    "array_api_compat",
    "filelock",
    "llvmlite",
    "numpy",
    "psutil",
    "pywt",
    "rich",
    "typer",
}
IDLE = {
    "cv2", "h5py", "jinja2", "jittor", "lightning_fabric", "markdown_it", "matplotlib", "pandas", "PIL",
    "plotly", "requests", "safetensors", "scikit_posthocs", "seaborn", "skimage", "sklearn", "statsmodels",
    "tensorboard", "tifffile", "torch", *(f"scipy.{part}" for part in (
        "cluster", "fft", "integrate", "interpolate", "io", "ndimage", "optimize", "signal", "sparse", "spatial",
        "special", "stats",
    )),
}  # fmt: skip
RERUN = """
import json, sys
from fusionbench.cli import main
try:
    main()
finally:
    print("\\n" + json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def test_what_a_run_loads_of_which_all_is_done(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for path in (tmp_path / "data" / side / f"{name}.png" for side in ("ir", "vi") for name in "xyz"):
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (48, 64), dtype=np.uint8))
    data, out = (str(tmp_path / name) for name in ("data", "out"))
    command = ["run", "-m", "laplacian", "-d", data, "--metrics", "EN", "--out", out]
    assert CliRunner().invoke(app, command).exit_code == 0
    done = subprocess.run([sys.executable, "-c", RERUN, *command], capture_output=True, text=True, check=True)
    assert "laplacian" in done.stdout  # the leaderboard is shown all the same
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & IDLE
    assert loaded >= NEEDED, "the list says what is so"
