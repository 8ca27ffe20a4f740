"""The command line: what it prints, and with which code it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import write

from .command import call


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    for index in range(3):
        for side in ("ir", "vi"):
            image = random.integers(0, 256, (48, 64), dtype=np.uint8)
            write(tmp_path / "scenes" / side / f"{index}.png", image)
    return tmp_path / "scenes"


def test_run_prints_the_table_and_says_where_everything_lies(scenes: Path, tmp_path: Path) -> None:
    done = call("run", "-m", "average", "-m", "max", "-d", scenes, "--metrics", "EN,Qabf", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "scenes · 3 pairs · film/1" in done.stdout
    assert "EN ↑" in done.stdout
    assert "Qabf ↑" in done.stdout
    assert "SD" not in done.stdout
    assert str(tmp_path / "out" / "leaderboard.csv") in done.stdout
    assert "6/6 pairs" in done.stderr


def test_score_of_a_folder(scenes: Path, tmp_path: Path) -> None:
    assert call("run", "-m", "average", "-d", scenes, "-o", tmp_path / "out", "--metrics", "EN").returncode == 0
    fused = tmp_path / "out" / "scenes" / "average" / "fused"
    done = call("score", "--fused", fused, "-d", scenes, "--name", "Mine", "-o", tmp_path / "out", "--metrics", "EN")
    assert done.returncode == 0, done.stderr
    assert "Mine" in done.stdout
    lines = (tmp_path / "out" / "leaderboard.csv").read_text().splitlines()
    values = {line.split(",")[1]: line.split(",")[-1] for line in lines[1:]}
    assert values["Mine"] == values["average"]


def test_failed_pairs_end_with_1(scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from fusionbench.methods import Method\n\n\nclass Bad(Method):\n    'Never works.'\n\n    name = 'bad'\n"
        "    reference = 'none'\n\n    def fuse(self, a, b, **context):\n        raise ValueError('no luck')\n"
    )
    done = call("run", "-m", f"{tmp_path / 'bad.py'}:Bad", "-d", scenes, "-o", tmp_path / "out")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("fusionbench: 3 of 3 pairs failed, the first of them 0 with bad (")
    assert "ValueError: no luck" in last
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "leaderboard.csv").exists()


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = call("--debug", "run", "-m", "laplacain", "-o", tmp_path / "out")
    assert "Traceback" in done.stderr


@pytest.mark.parametrize("what", ["methods", "datasets", "metrics", "protocols"])
def test_listings_import_no_framework(what: str) -> None:
    code = (
        "import sys\nfrom fusionbench.cli import main\nsys.argv[1:] = ['list', '" + what + "']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'jittor'} & set(sys.modules), 'a framework was imported'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    known = {"methods": "laplacian", "datasets": "RoadScene", "metrics": "Qabf@film", "protocols": "film"}
    assert known[what] in done.stdout


def test_help_imports_little() -> None:
    code = (
        "import sys\nfrom fusionbench.cli import main\nsys.argv[1:] = ['--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'jittor', 'numpy', 'pandas', 'scipy', 'cv2', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_version() -> None:
    assert call("--version").stdout.strip() == f"fusionbench {fusionbench.__version__}"


def test_datasets_check(scenes: Path) -> None:
    done = call("datasets", "check", scenes)
    assert done.returncode == 0, done.stderr
    assert "3" in done.stdout
    (scenes / "vi" / "1.png").unlink()
    done = call("datasets", "check", scenes)
    assert done.returncode == 2
    assert "1" in done.stdout
