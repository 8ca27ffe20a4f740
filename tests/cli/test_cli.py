"""The command line: what it prints, and with which code it ends."""

from __future__ import annotations

import re
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


BAD_INPUT = {
    "method": (["-m", "laplacain"], "unknown method 'laplacain': did you mean 'laplacian'?"),
    "option": (["-m", "laplacian[level=3]"], "did you mean 'levels'?"),
    "dataset": (["-d", "RoadSene"], "unknown data set 'RoadSene': did you mean 'RoadScene'?"),
    "metric": (["--metrics", "Qabg"], "unknown metric 'Qabg': did you mean 'Qabf'?"),
    "protocol": (["-p", "fim"], "unknown protocol 'fim': did you mean 'film'?"),
    "not there": (["-d", "RoadScene", "--data-root", "nowhere"], "RoadScene"),
    "executor": (["--executor", "fork"], "unknown executor 'fork': there are threads, processes and dask:ADDRESS"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_sentence_and_2(case: str, tmp_path: Path) -> None:
    arguments, sentence = BAD_INPUT[case]
    done = call("run", *arguments, "-o", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("fusionbench: ")
    assert sentence in done.stderr


def _empty(folder: Path) -> None:
    (folder / "ir").mkdir(parents=True)
    (folder / "vi").mkdir()


def _text(folder: Path) -> None:
    _empty(folder)
    (folder / "ir" / "x.png").write_text("this is no image")
    write(folder / "vi" / "x.png", np.zeros((8, 8), np.uint8))


def _truncated(folder: Path) -> None:
    _empty(folder)
    for side in ("ir", "vi"):
        write(folder / side / "x.png", np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    path = folder / "vi" / "x.png"
    path.write_bytes(path.read_bytes()[:1500])


def _sizes(folder: Path) -> None:
    _empty(folder)
    write(folder / "ir" / "x.png", np.zeros((8, 8), np.uint8))
    write(folder / "vi" / "x.png", np.zeros((8, 9), np.uint8))


def _partner(folder: Path) -> None:
    _empty(folder)
    write(folder / "ir" / "x.png", np.zeros((8, 8), np.uint8))
    write(folder / "ir" / "y.png", np.zeros((8, 8), np.uint8))
    write(folder / "vi" / "y.png", np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_empty, "scenes"),
        (_text, "it is text, not an image"),
        (_truncated, "truncated"),
        (_sizes, "a is 8x8, b is 8x9"),
        (_partner, "x"),
    ],
)
def test_bad_data_is_one_sentence_and_2(make: object, sentence: str, tmp_path: Path) -> None:
    make(tmp_path / "scenes")  # type: ignore[operator]
    done = call("run", "-m", "average", "-d", tmp_path / "scenes", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("fusionbench: ")
    assert sentence in done.stderr
    assert not (tmp_path / "out").exists()


PAGE = "<!DOCTYPE html><title>Sign in</title>"
DEVICE = "cannot compute on 'cuda:7'|no device 'cuda:7'|unknown device 'cuda:7'|no cuda device"
ONCE = {
    "run, device": (["run", "-m", "u2fusion", "--device", "cuda:7"], DEVICE),
    "run, weights": (["run", "-m", "film", "--weights", "page.pth"], r"page\.pth: it is an HTML page \('Sign in'\)"),
    "run, out": (["run", "-m", "average", "-o", "page.pth/out"], "not a directory; choose a folder"),
    "run, command": (["run", "-m", "cmd:nosuch {a} {b} {out}"], "'nosuch' is not on the PATH"),
    "profile, device": (["profile", "-m", "average", "--device", "cuda:7"], DEVICE),
    "profile, weights": (["profile", "-m", "average", "-m", "film[weights=page.pth]", "--size", "16x16"], "HTML page"),
    "train, device": (["train", "-d", "sample", "--device", "cuda:7"], DEVICE),
    "train, vgg": (["train", "-d", "sample", "--vgg", "page.pth"], "an HTML page"),
    "train, weights": (["train", "-m", "film", "-d", "sample", "--weights", "page.pth"], "an HTML page"),
    "train, out": (["train", "-d", "sample", "-o", "page.pth"], "not a directory; choose a folder"),
    "prepare, text": (
        ["prepare", "film", "-d", "sample", "--split", "all", "--text", "precomputed:."],
        "no text for any of the",
    ),
    "info": (["weights", "info", "page.pth"], "an HTML page"),
    "convert": (["weights", "convert", "page.pth", "out/x.safetensors"], "an HTML page"),
    "report": (["report", "nowhere"], "no results below nowhere"),
    "plot": (["plot", "boxes", "nowhere"], "no results below nowhere"),
}


@pytest.mark.parametrize("case", ONCE)
def test_what_fails_for_all_is_said_once_and_nothing_is_written(case: str, tmp_path: Path) -> None:
    arguments, told = ONCE[case]
    (tmp_path / "page.pth").write_text(PAGE)
    out = [] if "-o" in arguments or arguments[0] == "weights" else ["-o", "out"]
    done = call(*arguments, *out, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("measuring")]
    assert len(lines) == 1
    assert re.search(rf"^fusionbench: .*({told})", lines[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.pth"]
    assert (tmp_path / "page.pth").read_text() == PAGE


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
