"""Commands that fuse a whole folder in one start, as most published test scripts do."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fusionbench import run
from fusionbench.bench.fuse import fuse_to, pairs_of
from fusionbench.datasets import read, write
from fusionbench.errors import InputError, SetupError
from fusionbench.methods import get_method
from fusionbench.results import Results, Run

from ..cli.command import call

SCRIPT = """
import os, sys, time
from pathlib import Path
import numpy as np
from PIL import Image
ir, vi, out, mode = sys.argv[1:5]
log = Path(__file__).with_name("log")  # no word of the command: that would be a file it follows from
names = sorted(path.name for path in Path(ir).iterdir())
assert names == sorted(path.name for path in Path(vi).iterdir())
with open(log, "a") as file:
    print(*[name.removesuffix(".png") for name in names], file=file)
for number, name in enumerate(names):
    a, b = (np.asarray(Image.open(Path(folder) / name).convert("L")) for folder in (ir, vi))
    fused = Image.fromarray(np.maximum(a, b))
    if mode == "some" and number == 1: continue
    if mode == "small" and number == 1: fused = fused.resize((5, 5))
    if mode == "text" and number == 1: (Path(out) / name).write_text("no image"); continue
    if mode == "die" and number == 2: print("CUDA out of memory", file=sys.stderr); sys.exit(3)
    if mode == "module": import nosuchmodule
    if mode == "hang" and number == 2:
        (Path(out) / name).write_bytes(b"\\x89PNG")
        time.sleep(int(os.environ.get("HANG", 0)))
    if mode == "twice": fused.save(Path(out) / name.replace(".png", ".bmp"))
    if mode == "deep":
        for kind in ("Gray", "RGB"):
            (Path(out) / kind).mkdir(exist_ok=True)
            fused.save(Path(out) / kind / ("fused_" + name))
    else: fused.save(Path(out) / name)
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Four pairs, and the script."""
    random = np.random.default_rng(3)
    for name in ("01", "02", "03", "04"):
        write(tmp_path / "set/ir" / f"{name}.png", random.integers(0, 256, (24, 20), dtype=np.uint8))
        write(tmp_path / "set/vi" / f"{name}.png", random.integers(0, 256, (24, 20, 3), dtype=np.uint8))
    (tmp_path / "test.py").write_text(SCRIPT)
    return tmp_path


def command(here: Path, mode: str = "all", options: str = "") -> str:
    words = [sys.executable, here / "test.py"]
    first = " ".join(shlex.quote(str(word)) for word in words)
    return f"cmd{options}:{first} {{a_dir}} {{b_dir}} {{out_dir}} {mode}"


def starts(here: Path) -> list[str]:
    return (here / "log").read_text().splitlines()


def stored(out: Path) -> Run:
    return next(each for each in Results(out).runs if each.method.startswith("cmd:"))


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_one_start_fuses_what_is_left(here: Path, executor: str) -> None:
    options = {"out": here / "runs", "workers": 2, "executor": executor, "metrics": ["EN", "MSE"]}
    run(["max", command(here)], here / "set", limit=2, **options)  # type: ignore[arg-type]
    run(["max", command(here)], here / "set", **options)  # type: ignore[arg-type]
    run(["max", command(here)], here / "set", **options)  # type: ignore[arg-type]
    assert starts(here) == ["01 02", "03 04"]
    theirs = stored(here / "runs")
    ours = next(each for each in Results(here / "runs").runs if each.method == "max")
    for name, row in theirs.rows.items():
        assert row.status == "ok"
        assert np.isnan(row.seconds)  # of one pair nobody knows
        gray = read(here / "set/vi" / f"{name}.png")
        assert row.metrics["EN@film"] == pytest.approx(ours.rows[name].metrics["EN@film"], abs=0.05), gray.shape
    assert sorted(path.name for path in theirs.folder.path.iterdir() if not path.name.startswith(".")) == [
        "fused", "metrics.csv", "run.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "failed", "reason"),
    [
        ("some", ["02"], "the command wrote no image for 02 to {out_dir}, which has 01, 03, 04"),
        ("small", ["02"], "the fused image is 5x5, its sources are 24x20"),
        ("text", ["02"], "cannot read the image"),
        ("die", ["03", "04"], "the command ended with exit code 3: CUDA out of memory"),
        ("deep", ["01", "02", "03", "04"], "is not clear: say where they lie with [images=…]"),
        ("twice", ["01", "02", "03", "04"], "which of 01.bmp, 01.png in {out_dir} is the image of 01"),
    ],
)
def test_what_a_script_leaves_out_fails_alone(here: Path, mode: str, failed: list[str], reason: str) -> None:
    run(command(here, mode), here / "set", out=here / "runs", metrics=["EN"])
    rows = stored(here / "runs").rows
    assert [name for name, row in sorted(rows.items()) if row.status == "failed"] == failed
    assert reason in rows[failed[0]].reason
    run(command(here, "all", "[images=.]"), here / "set", out=here / "again", metrics=["EN"])
    assert len(starts(here)) == 2


def test_images_that_lie_deeper(here: Path) -> None:
    run(command(here, "deep", "[images=Gray]"), here / "set", out=here / "runs", metrics=["EN"])
    assert {row.status for row in stored(here / "runs").rows.values()} == {"ok"}
    run(command(here, "deep", "[images=RGB/fused_{name}.png]"), here / "set", out=here / "rgb", metrics=["EN"])
    assert {row.status for row in stored(here / "rgb").rows.values()} == {"ok"}, stored(here / "rgb").rows["01"].reason
    with pytest.raises(InputError, match=r"'images' is a place below \{out_dir\}"):
        get_method(command(here, "deep", "[images=../x]"))


def test_what_no_pair_can_do_without_ends_the_run(here: Path) -> None:
    with pytest.raises(SetupError, match=r"can fuse no pair here: .*nosuchmodule"):
        run(command(here, "module"), here / "set", out=here / "runs")
    assert not (here / "runs" / "set").exists()


def test_names_that_a_script_would_stumble_over(here: Path) -> None:
    for side in ("ir", "vi"):
        for old, new in {"01": "-rf", "02": "night street", "03": "夜"}.items():
            (here / "set" / side / f"{old}.png").rename(here / "set" / side / f"{new}.png")
    run(command(here), here / "set", out=here / "runs", metrics=["EN"])
    assert {name: row.status for name, row in stored(here / "runs").rows.items()} == dict.fromkeys(
        ["-rf", "night street", "夜", "04"], "ok"
    )
    names = starts(here)[0].split()
    assert len(names) == 4
    assert all(name.isascii() and name.isalnum() for name in names)


@pytest.mark.parametrize("changed", [False, True], ids=["as it was", "a source is another"])
def test_a_run_that_is_killed_loses_nothing_that_was_fused(here: Path, changed: bool) -> None:
    words = ["run", "-m", command(here, "hang"), "-d", here / "set", "--metrics", "EN", "-o", here / "runs"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fusionbench", *map(str, words)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HANG": "60"},
    )
    for _ in range(600):
        if list((here / "runs").glob("set/*/at-once/out/03.png")):
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if changed:
        write(here / "set/ir/01.png", np.full((24, 20), 9, np.uint8))
    done = call(*words)
    assert done.returncode == 0, done.stderr
    assert starts(here) == ["01 02 03 04", "01 03 04" if changed else "03 04"]
    assert [row.status for row in stored(here / "runs").rows.values()] == ["ok"] * 4


def test_fuse_starts_it_once(here: Path) -> None:
    method = get_method(command(here))
    fuse_to(method, pairs_of(here / "set/ir", here / "set/vi"), here / "out")
    assert starts(here) == ["01 02 03 04"]
    a, b = read(here / "set/ir/02.png"), read(here / "set/vi/02.png")
    assert read(here / "out/02.png").shape == a.shape
    assert b.shape == (24, 20, 3)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("cmd:python t.py {a_dir} {b_dir}", "lacks {out_dir}: it needs {a_dir}, {b_dir} and {out_dir}"),
        (
            "cmd:python t.py {a_dir} {b_dir} {out_dir} {name}",
            "has {name}, which is none of {a_dir}, {b_dir}, {out_dir}",
        ),
        ("cmd:python t.py {a_dir} {b} {out}", "lacks {b_dir}, {out_dir}"),
    ],
)
def test_commands_that_cannot_be_read(spec: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        get_method(spec)
    assert sentence in str(caught.value)
