"""Small data sets and methods for the tests of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from fusionbench.datasets import write

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Make a folder of infrared and visible pairs with some texture, in colour."""

    def make(pairs: int = 4, size: tuple[int, int] = (48, 64), name: str = "scenes") -> Path:
        random = np.random.default_rng(0)
        for index in range(pairs):
            ramp = np.add.outer(np.arange(size[0]), np.arange(size[1])) * 1.5
            visible = np.stack([ramp + 20 * c for c in range(3)], -1) + random.normal(0, 12, (*size, 3))
            infrared = 255 - ramp + random.normal(0, 12, size)
            write(tmp_path / name / "ir" / f"p{index:03}.png", infrared.clip(0, 255).astype(np.uint8))
            write(tmp_path / name / "vi" / f"p{index:03}.png", visible.clip(0, 255).astype(np.uint8))
        return tmp_path / name

    return make


@pytest.fixture
def make_method(tmp_path: Path) -> Callable[..., str]:
    """Write a method file from the bodies of `fuse` and of `more`, and return its specification."""

    def make(body: str, name: str = "Mine", head: str = "", more: Mapping[str, str] | None = None) -> str:
        functions = {"fuse(self, a, b, **context)": body, **(more or {})}
        path = tmp_path / f"{name.lower()}.py"
        path.write_text(
            f"import numpy as np\n{head}\n"
            "from fusionbench.methods import Method\n\n\n"
            f"class {name}(Method):\n    '''A method of the tests.'''\n\n"
            f"    name = '{name.lower()}'\n    reference = 'none'\n\n"
            + "\n".join(f"    def {head}:\n{indent(code, ' ' * 8)}\n" for head, code in functions.items()),
            encoding="utf-8",
        )
        return f"{path}:{name}"

    return make
