"""What the README shows of one formula's way is what happens."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import fusionbench
from fusionbench.metrics.compiler import processor


def test_the_formula_of_the_readme() -> None:
    level = processor()
    if level is None or not level.name.startswith("x86-64-v"):
        pytest.skip("it is shown for a processor of another level")
    path = Path(fusionbench.__file__).parent / "metrics" / "compiler" / "README.md"
    assert doctest.testfile(str(path), module_relative=False, optionflags=doctest.ELLIPSIS) == (0, 15)
