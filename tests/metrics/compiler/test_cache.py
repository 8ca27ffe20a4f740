"""Compiled formulas on disk: used by the next process, and nothing that somebody else can have put there is run."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fusionbench.cli import app
from fusionbench.metrics import evaluate
from fusionbench.metrics.arrays.pixelwise import sqrt, summed
from fusionbench.metrics.compiler import cache, keys, machine
from fusionbench.metrics.compiler.levels import X86
from fusionbench.metrics.guide.example import example

pytest.importorskip("llvmlite.binding")
if machine.processor() is None or not hasattr(os, "geteuid"):
    pytest.skip("nothing is compiled here, or files have no owner", allow_module_level=True)

IMAGES = [image[:64, :64] for image in example()]
NAME = "0" * 64


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of its own, and a process that has compiled nothing yet."""
    monkeypatch.setattr(machine, "_codes", {})
    monkeypatch.delenv("FUSIONBENCH_COMPILED", raising=False)
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "compiled"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The programs that have been compiled."""
    programs: list[object] = []
    parse = machine.parse
    monkeypatch.setattr(machine, "parse", lambda program: programs.append(program) or parse(program))
    return programs


def score() -> dict[str, float]:
    """Score as a new process does."""
    machine._codes.clear()
    return evaluate(*IMAGES, metrics=["Qabf", "SSIM"])


def test_what_was_compiled_is_read_by_the_next_process(place: Path, compiled: list[object]) -> None:
    first = score()
    files = list(place.iterdir())
    assert len(files) == len(compiled) > 0
    compiled.clear()
    assert score() == first
    assert not compiled
    assert {path: path.stat().st_size for path in place.iterdir()}.keys() == set(files)


def test_only_the_user_sees_it(place: Path) -> None:
    mask = os.umask(0)
    try:
        score()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}


def _turned(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _another(path: Path) -> None:
    others = sorted(path.parent.iterdir())
    path.write_bytes(others[others.index(path) - 1].read_bytes())


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path) -> None:
    target = path.parent.parent / path.name
    path.rename(target)
    path.symlink_to(target)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        _turned,
        _another,
        _pipe,
        _link,
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.chmod(0o620),
        lambda path: path.chmod(0o602),
    ],
    ids=["empty", "cut", "longer", "a bit", "another formula", "pipe", "link", "folder", "of a group", "of all"],
)
def test_a_file_that_cannot_be_trusted_is_not_run(
    place: Path, compiled: list[object], damage: Callable[[Path], object]
) -> None:
    first = score()
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    for path in sorted(place.iterdir()):
        damage(path)
        assert cache.read(path.name) is None or cache.read(path.name) == before[path.name]
        break
    compiled.clear()
    assert score() == first
    assert len(compiled) == 1
    path = place / min(before)
    if not path.is_dir():  # whatever else lay there has given way to the file
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert cache.read(path.name) is not None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o720, 0o702])
def test_a_folder_that_others_can_write_to_is_not_read(place: Path, compiled: list[object], mode: int) -> None:
    first = score()
    programs, times = len(compiled), {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    place.chmod(mode)
    compiled.clear()
    assert score() == first
    assert len(compiled) == programs
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == times, "nor written to"
    assert "others can write to it" in cache.examine().trouble


def test_what_belongs_to_somebody_else_is_not_read(
    place: Path, compiled: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, programs = score(), len(compiled)
    compiled.clear()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert score() == first
    assert len(compiled) == programs


def test_a_file_of_somebody_else_is_not_read(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give files away")
    cache.write(NAME, b"code")
    assert cache.read(NAME) == b"code"
    os.chown(place / NAME, 12345, -1)
    assert cache.read(NAME) is None


def test_a_link_in_place_of_the_folder_is_not_followed(place: Path) -> None:
    cache.write(NAME, b"code")
    place.rename(place.parent / "elsewhere")
    place.symlink_to(place.parent / "elsewhere")
    assert cache.read(NAME) is None


def test_where_nothing_can_be_written_formulas_are_compiled_all_the_same(
    place: Path, compiled: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = score()
    for there in ("/dev/null/compiled", "/proc/compiled", str(place / NAME / "below" / "a file")):
        monkeypatch.setenv("FUSIONBENCH_COMPILED", there)
        if there.startswith(str(place)):
            (place / NAME).write_bytes(b"")
        compiled.clear()
        assert score() == wanted
        assert compiled
        assert cache.examine().trouble


def test_no_room(place: Path, compiled: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    score()
    assert compiled
    assert not list(place.iterdir()), "nothing is left behind"


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("FUSIONBENCH_COMPILED", "FUSIONBENCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert cache.place() is None
    assert cache.examine().trouble == "there is no place for it"


def test_off_and_elsewhere(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUSIONBENCH_COMPILED", "off")
    wanted = score()
    assert not place.exists()
    monkeypatch.setenv("FUSIONBENCH_COMPILED", str(tmp_path / "mine"))
    assert score() == wanted
    assert not place.exists()
    assert list((tmp_path / "mine").iterdir())


def test_it_does_not_grow_without_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 10)
    for i in range(10):
        cache.write(f"{i}", b"code")
        os.utime(place / f"{i}", (1e9 + i, 1e9 + i))
    assert cache.read("0") == b"code"  # used now, so it is not old
    cache.write("new", b"code")
    assert {path.name for path in place.iterdir()} == {"0", "7", "8", "9", "new"}
    assert time.time() - (place / "0").stat().st_mtime < 60


MANY = """
import json, sys
from fusionbench.metrics import evaluate
from fusionbench.metrics.guide.example import example
print(json.dumps(evaluate(*(image[:64, :64] for image in example()), metrics=["Qabf", "SSIM"])))
"""


def test_processes_at_the_same_time(place: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", MANY], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    names = {path.name for path in place.iterdir()}
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in names)
    assert found == [score()] * 3
    assert {path.name for path in place.iterdir()} == names, "the key is the same in every process"


def made(source: str, **known: Any) -> FunctionType:
    """A function `formula` of a module of its own."""
    space: dict[str, Any] = {"__name__": "theirs", "sqrt": sqrt, **known}
    exec(source, space)
    return space["formula"]


def named(formula: Any, loop: tuple[Any, ...] = (1, "uint8")) -> str | None:
    return keys.name_on_disk(loop, formula, X86[0])


PLAIN = "def formula(x): return sqrt(helper(x)) * K\ndef helper(x): return x * 2\nK = 3.0"


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace("* K", "+ K"),
        PLAIN.replace("x * 2", "x * 3"),
        PLAIN.replace("3.0", "3"),
        PLAIN.replace("x): return sqrt", "x, y=1): return sqrt"),
        PLAIN.replace("x): return sqrt", "x, *, y=1): return sqrt"),
        PLAIN.replace("sqrt(helper(x)) * K", "(lambda y: sqrt(helper(y)) * K)(x)"),
        PLAIN.replace("def helper(x)", "def helper(x, z={1, 2} == {2, 1})"),
    ],
)
def test_code_that_changed_has_another_name(other: str) -> None:
    """Also in what a formula calls, wherever that is written."""
    assert named(made(PLAIN)) == named(made(PLAIN)) is not None
    assert named(made(PLAIN)) != named(made(other)) is not None


def test_a_formula_is_known_by_all_it_is_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = made(PLAIN)
    other = [
        named(formula, (2, "uint8")),
        keys.name_on_disk((1, "uint8"), formula, X86[1]),
    ]
    for module, name, value in (
        ("llvmlite", "__version__", "9.9"),
        ("numpy", "__version__", "9.9"),
        ("llvmlite.binding", "get_host_cpu_name", lambda: "another"),
        ("llvmlite.binding", "get_host_cpu_features", dict),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(sys.modules[module], name, value)
            keys._circumstances.cache_clear()
            other.append(named(formula))
    keys._circumstances.cache_clear()
    assert len({named(formula), *other}) == 1 + len(other)


@pytest.mark.parametrize(
    "known",
    [{"helper": SimpleNamespace(f=abs)}, {"helper": json}, {"helper": json.JSONEncoder}, {"helper": {"a": 1}}],
    ids=["object", "module", "class", "dictionary"],
)
def test_what_cannot_be_told_is_not_kept(place: Path, compiled: list[object], known: dict[str, Any]) -> None:
    formula = made("def formula(x): return x + (0 if helper else 1)", **known)
    assert named(formula) is None
    ramp = np.tile(np.arange(64.0), (1, 64, 1))
    assert summed(formula, ramp) == ramp.sum()
    assert len(compiled) == 1
    assert not place.exists()


def test_the_doctor_shows_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    score()
    files = len(list(place.iterdir()))
    shown = CliRunner().invoke(app, ["doctor", "compiler"])
    assert shown.exit_code == 0
    said = " ".join(shown.stdout.split())
    assert f"{files} formulas" in said
    assert machine.processor().name in said
    place.chmod(0o777)
    said = " ".join(CliRunner().invoke(app, ["doctor", "compiler"]).stdout.split())
    assert "others can write to it" in said
    assert "chmod 700" in said
    monkeypatch.setenv("FUSIONBENCH_COMPILED", "off")
    assert "switched off by FUSIONBENCH_COMPILED" in CliRunner().invoke(app, ["doctor", "compiler"]).stdout
