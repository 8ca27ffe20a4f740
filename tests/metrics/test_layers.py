"""Which part of metrics imports which: arrays stand on the compiler, formulas on arrays, and none looks up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fusionbench

ROOM = Path(fusionbench.__file__).parent / "metrics"
LAYERS = {
    "compiler": set(),
    "arrays": {"compiler"},
    "formulas": {"arrays", "catalog"},
    "inputs": {"arrays", "protocols"},
    "guide": {"catalog", "evaluation", "protocols"},
}


@pytest.mark.parametrize("layer", LAYERS)
def test_no_layer_looks_up(layer: str) -> None:
    for path in (ROOM / layer).glob("*.py"):
        imports = set(re.findall(r"^ *from \.\.(\w+(?:\.\w+)?)", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert {name.partition(".")[0] for name in imports} <= LAYERS[layer], path.name
        assert not any(name.startswith("compiler.") for name in imports), "the compiler has one door"


def test_only_the_compiler_knows_llvm_and_only_the_face_knows_formulas() -> None:
    for path in ROOM.rglob("*.py"):
        text, place = path.read_text(encoding="utf-8"), path.relative_to(ROOM)
        assert place.parts[0] == "compiler" or not re.search(r"^ *(from|import) llvmlite", text, re.MULTILINE), place
        allowed = place.parts[0] in ("formulas", "__init__.py")
        assert allowed or not re.search(r"^ *from \.+(formulas| import .*formulas)", text, re.MULTILINE), place
