"""Which code a processor gets: what it says it has decides, whatever it is called; and the values are the same."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionbench.errors import InputError
from fusionbench.metrics import METRICS, evaluate
from fusionbench.metrics.compiler import keys, levels, loops, machine
from fusionbench.metrics.compiler.levels import X86, choose, missing
from fusionbench.metrics.guide.example import example

binding = pytest.importorskip("llvmlite.binding")

NEEDS = {level.name: set().union(*(each.needs for each in X86[i:])) for i, level in enumerate(X86)}
EVERYTHING = dict.fromkeys(sorted(NEEDS["x86-64-v4"]), True)


def without(*names: str) -> dict[str, bool]:
    return EVERYTHING | dict.fromkeys(names, False)


@given(st.sets(st.sampled_from(sorted(EVERYTHING))), st.booleans())
def test_no_level_needs_what_is_not_there(there: set[str], said: bool) -> None:
    """The highest level of which nothing is missing; a feature that LLVM does not list is one that is not there."""
    features = dict.fromkeys(there, True) | (dict.fromkeys(set(EVERYTHING) - there, False) if said else {})
    level = choose(features, "x86_64", "native")
    assert level is not None
    assert NEEDS[level.name] <= there
    for higher in X86[: X86.index(level)]:
        assert not NEEDS[higher.name] <= there
        with pytest.raises(InputError, match=f"no .*{sorted(NEEDS[higher.name] - there)[0]}.*take {level.name}$"):
            choose(features, "x86_64", higher.name)
    for lower in X86[X86.index(level) :]:
        assert choose(features, "AMD64", lower.name.upper()) == lower


@pytest.mark.parametrize(
    ("features", "name"),
    [
        (EVERYTHING, "x86-64-v4"),
        (without("avx512bw", "avx512dq", "avx512vl"), "x86-64-v3"),  # Xeon Phi
        (without(*NEEDS["x86-64-v4"] - NEEDS["x86-64-v3"]), "x86-64-v3"),  # Zen 1 to 3, Haswell, Alder Lake
        (without(*(n for n in EVERYTHING if n.startswith("avx5")), "fma"), "x86-64-v2"),  # what a hypervisor may hide
        (without(*(n for n in EVERYTHING if n.startswith("avx")), "f16c", "fma"), "x86-64-v2"),
        (dict.fromkeys(NEEDS["x86-64-v2"] | {"avx"}, True), "x86-64-v2"),  # Sandy Bridge
        (without("popcnt"), "x86-64"),  # a higher feature without a lower one
        ({}, "x86-64"),
    ],
)
def test_processors(features: dict[str, bool], name: str) -> None:
    level = choose(features, "x86_64", "native")
    assert level is not None
    assert level.name == name


def test_other_makers_and_no_code_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose({"neon": True}, "aarch64", "native") == levels.OTHER[0]
    assert choose(EVERYTHING, "x86_64", "plain") is None
    monkeypatch.setenv("FUSIONBENCH_CPU", " X86-64-v2 ")
    assert choose(EVERYTHING, "x86_64") == X86[2]
    monkeypatch.setenv("FUSIONBENCH_CPU", "")
    assert choose(EVERYTHING, "x86_64") == X86[0]
    for wrong, machine_kind in (("znver5", "x86_64"), ("x86-64-v3", "arm64")):
        with pytest.raises(InputError, match=f"FUSIONBENCH_CPU={wrong}: there is no such level .* native, .*plain"):
            choose(EVERYTHING, machine_kind, wrong)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Choose anew, and forget the choice."""
    monkeypatch.delenv("FUSIONBENCH_CPU", raising=False)
    monkeypatch.setattr(machine, "_codes", {})
    machine.processor.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    machine.processor.cache_clear()


@pytest.mark.parametrize("name", ["znver9", "generic", "", "x86-64-v9"])
def test_a_name_that_llvm_does_not_know(fresh: pytest.MonkeyPatch, name: str) -> None:
    """LLVM would end the process at it; it is not even asked for."""
    fresh.setattr(binding, "get_host_cpu_name", lambda: name)
    fresh.setattr(binding, "get_host_cpu_features", lambda: without("avx", "avx2", "avx512f"))
    assert machine.processor() == X86[2]
    scores = evaluate(*example())
    fresh.undo()
    machine.processor.cache_clear()
    assert scores == pytest.approx(evaluate(*example()), rel=1e-11)


def raises(error: Exception) -> Callable[..., Any]:
    def call(*_: object) -> Any:
        raise error

    return call


@pytest.mark.parametrize("function", ["initialize_native_target", "get_host_cpu_features"])
@pytest.mark.parametrize("error", [RuntimeError("no"), OSError("no library"), AttributeError("gone")])
def test_a_compiler_that_does_not_work(fresh: pytest.MonkeyPatch, function: str, error: Exception) -> None:
    fresh.setattr(binding, function, raises(error))
    assert machine.processor() is None
    assert np.isfinite(evaluate(*(image[:64, :64] for image in example()), metrics=["Qabf"])["Qabf"])


def test_a_choice_that_cannot_be_met_is_told_at_once(fresh: pytest.MonkeyPatch) -> None:
    fresh.setenv("FUSIONBENCH_CPU", "z80")
    for metrics in (["EN"], ["Qabf"]):  # also by what is not compiled
        with pytest.raises(InputError, match="FUSIONBENCH_CPU=z80"):
            evaluate(*example(), metrics=metrics)


@pytest.mark.skipif(machine.processor() not in X86, reason="it is shown for a processor of another level")
def test_the_formula_of_the_readme() -> None:
    path = Path(levels.__file__).parent / "README.md"
    assert doctest.testfile(str(path), module_relative=False, optionflags=doctest.ELLIPSIS) == (0, 15)


REGISTERS = {"x86-64": "xmm", "x86-64-v2": "xmm", "x86-64-v3": "ymm", "x86-64-v4": "zmm"}
FUSED = re.compile(r"\tvfn?m(add|sub)")  # multiply-adds
ABOVE = {"xmm": re.compile("[yz]mm"), "ymm": re.compile("zmm"), "zmm": re.compile(r"(?!)")}


@pytest.mark.slow
def test_what_each_level_is_compiled_to(fresh: pytest.MonkeyPatch) -> None:
    """Every loop of every metric: the level's registers and no higher ones, on whatever processor this is run."""
    written: dict[Any, Callable[..., Any]] = {}
    machine_code = machine.machine_code

    def note(loop: tuple[Any, ...], formula: Any, arguments: int, write: Callable[..., Any]) -> Any:
        written.setdefault((loop, keys.identity(formula)), write)
        return machine_code(loop, formula, arguments, write)

    fresh.setattr(loops, "machine_code", note)
    if machine.processor() is None:
        pytest.skip("there is no compiler")
    evaluate(*(image[:96, :112] for image in example()), metrics=list(METRICS))
    assert len(written) > 20
    for level in X86:
        codes = [machine.target(level).emit_assembly(machine.parse(write(level))) for write in written.values()]
        assert not any(ABOVE[REGISTERS[level.name]].search(code) for code in codes)
        assert any(REGISTERS[level.name] in code for code in codes)
        assert any(FUSED.search(code) for code in codes) == ("v3" in level.name or "v4" in level.name)


VALUES = """
import json
from fusionbench.metrics import METRICS, evaluate
from fusionbench.metrics.compiler import processor
from fusionbench.metrics.guide.example import example
images = [image[:96, :112] for image in example()]
level = processor()
print(json.dumps([level and level.name, evaluate(*images, metrics=list(METRICS))]))
"""


def in_another_process(before: str = "") -> tuple[str | None, dict[str, float]]:
    """The level, and the values of every metric."""
    done = subprocess.run([sys.executable, "-c", before + VALUES], capture_output=True, text=True, check=True)
    name, values = json.loads(done.stdout)
    return name, values


def agree(found: dict[str, float], wanted: dict[str, float]) -> None:
    for key, value in wanted.items():
        assert found[key] == pytest.approx(value, rel=1e-9, nan_ok=True), key
    assert np.isfinite(list(wanted.values())).mean() > 0.9


def test_without_llvmlite_the_values_are_the_same() -> None:
    name, found = in_another_process("import sys; sys.modules['llvmlite'] = None")
    assert name is None
    agree(found, evaluate(*(image[:96, :112] for image in example()), metrics=list(METRICS)))


@pytest.mark.slow
@pytest.mark.parametrize("level", X86, ids=lambda level: level.name)
def test_every_level_gives_the_values(level: levels.Level, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every metric, those that NumPy gives without a compiler."""
    lacking = missing(level, X86, dict(binding.get_host_cpu_features()))
    if lacking:
        pytest.skip(f"this processor has no {', '.join(lacking)}")
    monkeypatch.setenv("FUSIONBENCH_CPU", level.name)
    name, found = in_another_process()
    assert name == level.name
    machine.processor.cache_clear()
    monkeypatch.setenv("FUSIONBENCH_CPU", "plain")
    wanted = evaluate(*(image[:96, :112] for image in example()), metrics=list(METRICS))
    monkeypatch.undo()
    machine.processor.cache_clear()
    agree(found, wanted)
