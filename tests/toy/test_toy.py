"""A package that is installed beside ours brings a method with its recipe, a metric, a data set and a panel."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

PACKAGE = Path(__file__).parent / "package"
Call = Callable[..., subprocess.CompletedProcess[str]]


def metadata(folder: Path, groups: dict[str, dict[str, str]], name: str) -> None:
    """Write what an installer leaves of a package, so that it is found without being installed."""
    info = folder / f"{name}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Call `python -m fusionbench` where the toy and a broken package are installed."""
    root = tmp_path_factory.mktemp("toy")
    groups = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["entry-points"]
    metadata(root / "site", groups, "fusionbench_toy")
    metadata(root / "site", {group: {"broken": "no_such_module:Thing"} for group in groups}, "broken")
    path = os.pathsep.join([str(root / "site"), str(PACKAGE), os.environ.get("PYTHONPATH", "")])

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fusionbench", *words]
        done = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    run.root = root  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize(("what", "line"), [("methods", "toy"), ("datasets", "noise"), ("metrics", "Glow@toy")])
def test_it_is_listed(call: Call, what: str, line: str) -> None:
    assert line in call("list", what).stdout


def test_train_offers_it(call: Call) -> None:
    done = call("train", "--help")
    assert "For toy: the weight before training." in " ".join(done.stdout.replace("│", " ").split())
    assert done.stderr.count("recipe 'broken' (no_such_module:Thing) cannot be imported") == 1


def test_it_is_trained_run_scored_and_reported(call: Call) -> None:
    root: Path = call.root  # type: ignore[attr-defined]
    call("train", "-m", "toy", "-d", "toy", "--split", "all", "--start", "0.25", "--patch", "16", "--device", "cpu",
         "--name", "one")  # fmt: skip
    weights = root / "runs/train/toy/one/checkpoints/best.safetensors"
    assert (root / "runs/train/toy/one/losses.csv").is_file()
    call("run", "-m", f"toy[weights={weights}]", "-d", "toy", "--metrics", "EN,Glow@toy")
    header, row = (root / "runs/leaderboard.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    assert 0 < float(cells["Glow@toy"]) <= 255
    done = call("report")
    assert "<p>4 toy images</p>" in (root / "report/index.html").read_text()
    assert "panel 'broken' (no_such_module:Thing) failed" in done.stderr
