"""Small data sets of noise."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from fusionbench.datasets import write


def write_noise(
    root: Path, names: Iterable[str], size: tuple[int, ...] = (32, 40), folders: Iterable[str] = ("ir", "vi")
) -> Path:
    """Write an image of each name, (H, W) or (H, W, 3), into each folder below `root`, which is returned."""
    random = np.random.default_rng(1)
    for name in names:
        for folder in folders:
            write(root / folder / f"{name}.png", random.integers(0, 256, size, dtype=np.uint8))
    return root
