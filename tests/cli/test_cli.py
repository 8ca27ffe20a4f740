"""The command line: what it prints, and with which code it ends."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

import fusionbench

from ..scenes import write_noise
from .command import call


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    return write_noise(tmp_path / "scenes", "012", (48, 64))


def test_run_prints_the_table_and_says_where_everything_lies(scenes: Path, tmp_path: Path) -> None:
    done = call("run", "-m", "average", "-m", "max", "-d", scenes, "--metrics", "EN,Qabf", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "scenes · 3 pairs · film/1" in done.stdout
    assert "EN ↑" in done.stdout
    assert "Qabf ↑" in done.stdout
    assert "SD" not in done.stdout
    assert str(tmp_path / "out" / "leaderboard.csv") in done.stdout
    assert "6/6 pairs" in done.stderr


def test_networks_in_another_precision_and_in_batches(scenes: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    words = ("run", "-m", "u2fusion", "-m", "average", "-d", scenes, "--metrics", "EN", "-o", tmp_path / "out")
    done = call(*words, "--precision", "bf16", "--batch", "3", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "u2fusion[precision=bf16]" in done.stdout
    folders = {path.parent.name: path.read_text() for path in (tmp_path / "out" / "scenes").glob("*/metrics.csv")}
    batches = {name: [row["batch"] for row in csv.DictReader(text.splitlines())] for name, text in folders.items()}
    assert batches == {"u2fusion[precision=bf16]": ["3.0"] * 3, "average": [""] * 3}
    experiment = (tmp_path / "out" / "experiment.toml").read_text()
    assert 'precision = "bf16"' in experiment
    assert "batch" not in experiment


def test_score_of_a_folder(scenes: Path, tmp_path: Path) -> None:
    assert call("run", "-m", "average", "-d", scenes, "-o", tmp_path / "out", "--metrics", "EN").returncode == 0
    fused = tmp_path / "out" / "scenes" / "average" / "fused"
    done = call("score", "--fused", fused, "-d", scenes, "--name", "Mine", "-o", tmp_path / "out", "--metrics", "EN")
    assert done.returncode == 0, done.stderr
    assert "Mine" in done.stdout
    lines = (tmp_path / "out" / "leaderboard.csv").read_text().splitlines()
    values = {line.split(",")[1]: line.split(",")[-1] for line in lines[1:]}
    assert values["Mine"] == values["average"]


@pytest.mark.slow
def test_a_table_of_pairs_is_run_scored_and_fused(scenes: Path, tmp_path: Path) -> None:
    from fusionbench.datasets import load_dataset

    table = tmp_path / "chosen.csv"
    pairs = list(load_dataset(scenes))[:2]
    table.write_text("name,ir,vi\n" + "".join(f"x{pair.name},{pair.a},{pair.b}\n" for pair in reversed(pairs)))
    names = [f"x{pair.name}" for pair in reversed(pairs)]
    ran = call("run", "-m", "average", "--pairs", table, "--metrics", "EN", "-o", tmp_path / "runs")
    assert ran.returncode == 0, ran.stderr
    fused = tmp_path / "runs" / "chosen" / "average" / "fused"
    assert sorted(path.stem for path in fused.iterdir()) == sorted(names)
    scored = call("score", "--fused", fused, "--pairs", table, "--metrics", "EN", "-o", tmp_path / "scored")
    assert scored.returncode == 0, scored.stderr
    alone = call("fuse", "-m", "average", "--pairs", table, "--gray", "-o", tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr
    assert all(
        (tmp_path / "alone" / f"{name}.png").read_bytes() == (fused / f"{name}.png").read_bytes() for name in names
    )


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


FRAMEWORKS = {"torch", "jittor"}
QUICK = {
    "--help": ("leaderboard", FRAMEWORKS | {"numpy", "pandas", "scipy", "cv2", "matplotlib"}),
    "list methods": ("laplacian", FRAMEWORKS),
    "list datasets": ("RoadScene", FRAMEWORKS),
    "list metrics": ("Qabf@film", FRAMEWORKS),
    "list protocols": ("film", FRAMEWORKS),
    "train --help": ("--vgg", FRAMEWORKS),
}


@pytest.mark.parametrize("command", QUICK)
def test_what_answers_at_once_imports_little(command: str) -> None:
    answer, heavy = QUICK[command]
    code = (
        f"import sys\nfrom fusionbench.cli import main\nsys.argv[1:] = {command.split()}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"heavy = {heavy} & set(sys.modules)\nassert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert answer in done.stdout


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


def test_profile_measures_stores_and_goes_into_the_leaderboard(tmp_path: Path) -> None:
    done = call("run", "-m", "average", "-m", "max", "--limit", "2", "--metrics", "EN", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    options = ("--size", "48x64", "--runs", "3", "--warmup", "1", "--threads", "1")
    done = call("profile", "--method", "average", "-m", "max", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["measuring average", "measuring max"]
    assert "48x64 · cpu: " in done.stdout
    assert "1 thread" in done.stdout
    assert (tmp_path / "runs/profile/average/48x64-cpu.json").is_file()
    board = (tmp_path / "runs/leaderboard.csv").read_text(encoding="utf-8").splitlines()
    assert "latency@48x64/cpu" in board[0]
    assert "Efficiency · 48x64" in (tmp_path / "runs/leaderboard.md").read_text(encoding="utf-8")
    again = call("profile", "--method", "average", "-m", "max", *options, cwd=tmp_path)
    assert (again.stderr, again.stdout) == ("", done.stdout)
    table = call("table", "--content", "efficiency", "--format", "markdown", cwd=tmp_path)
    assert "| Average | – | – |" in table.stdout
    assert call("plot", "memory", cwd=tmp_path).returncode == 0
