"""Data for the tests of tasks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def make_pairs(root: Path, count: int = 2) -> None:
    """Write pairs without labels into `ir` and `vi`."""
    draw = np.random.default_rng(0)
    for side in ("ir", "vi"):
        (root / side).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(root / side / f"{number}.png"), draw.integers(0, 256, (32, 48), np.uint8))


def make_labelled(root: Path) -> Path:
    """Write MSRS with two pairs to learn from and two to test on: background on the left, a car on the right."""
    draw = np.random.default_rng(0)
    for split, names in {"train": ("1D", "2N"), "test": ("3D", "4N")}.items():
        for number, name in enumerate(names):
            mask = np.zeros((32, 48), np.uint8)
            mask[:, 20 + number :] = 1
            images = {"ir": draw.integers(0, 256, mask.shape, np.uint8), "vi": 60 + 120 * mask}
            for folder, pixels in (images | {"Segmentation_labels": mask}).items():
                (root / "MSRS" / split / folder).mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(root / "MSRS" / split / folder / f"{name}.png"), pixels)
    return root
