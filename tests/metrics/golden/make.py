"""Makes the small golden set: three triples of our own, and their values by the plain readings in speed/plain.py.

Run `python tests/metrics/golden/make.py` from the root of the repository. The images are computed with whole numbers
only, so that every machine makes the same; the values are float64 results of direct convolutions.
"""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
HEIGHT, WIDTH = 72, 93


def plain() -> ModuleType:
    """The plain readings; they are no part of the package."""
    spec = importlib.util.spec_from_file_location("plain", ROOT / "speed" / "plain.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grain(seed: int, amplitude: int) -> np.ndarray:
    """Pseudo-random whole numbers in -amplitude..amplitude, from a linear congruential generator."""
    state, found = seed, []
    for _ in range(HEIGHT * WIDTH):
        state = (state * 1103515245 + 12345) % 2**31
        found.append(state // 65536 % (2 * amplitude + 1) - amplitude)
    return np.array(found).reshape(HEIGHT, WIDTH)


def triples() -> dict[str, list[np.ndarray]]:
    """Fused, a, b: a warm disk over a striped scene, smooth against flat patches, and over- against underexposure."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disk = np.where((y - 30) ** 2 + (x - 50) ** 2 < 400, 220, 40) + grain(1, 6)
    stripes = 120 + 60 * (x // 6 % 2) - y // 2 + grain(2, 3)
    smooth = y * x * 255 // (HEIGHT * WIDTH)
    patches = (x // 16 * 37 + y // 12 * 53) % 256
    bright, dark = np.clip(2 * smooth + grain(3, 12), 0, 255), smooth // 3 + grain(4, 2)
    found = {
        "disk": [np.maximum(disk, stripes), disk, stripes],
        "patches": [(smooth + patches) // 2, smooth, patches],
        "exposure": [(bright + 2 * dark) // 2, bright, dark],
    }
    return {name: [np.clip(image, 0, 255).astype(np.uint8) for image in three] for name, three in found.items()}


def rows() -> list[tuple[str, str, str]]:
    """Triple, metric key and value, for every plain reading."""
    readings = plain().PLAIN
    return [
        (name, key, repr(float(read(*(image.astype(np.float64) for image in three)))))
        for name, three in triples().items()
        for key, read in readings.items()
    ]


def main() -> None:
    """Write the images and the table."""
    for name, three in triples().items():
        for part, image in zip(("fused", "a", "b"), three, strict=True):
            cv2.imwrite(str(HERE / f"{name}_{part}.png"), image)
    with (HERE / "values.csv").open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("triple", "metric", "value"), *rows()])


if __name__ == "__main__":
    sys.exit(main())
