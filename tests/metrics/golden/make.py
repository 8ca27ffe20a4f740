"""Makes the small golden set: three triples of our own, and their values by the plain readings of the film convention.

Run `python -m tests.metrics.golden.make` from the root of the repository. The images are computed with whole numbers
only, so that every machine makes the same; the values are float64 results of direct convolutions.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import cv2
import numpy as np

from ..readings import READINGS

HERE = Path(__file__).resolve().parent
HEIGHT, WIDTH = 72, 93
FILM = [key for key in READINGS if key.endswith(("@film", "@dr2"))]


def grain(seed: int, amplitude: int) -> np.ndarray:
    """Pseudo-random whole numbers in -amplitude..amplitude, from a linear congruential generator."""
    state, numbers = seed, []
    for _ in range(HEIGHT * WIDTH):
        state = (state * 1103515245 + 12345) % 2**31
        numbers.append(state // 65536 % (2 * amplitude + 1) - amplitude)
    return np.array(numbers).reshape(HEIGHT, WIDTH)


def triples() -> dict[str, list[np.ndarray]]:
    """Fused, a, b: a warm disk over a striped scene, smooth against flat patches, and over- against underexposure."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disk = np.where((y - 30) ** 2 + (x - 50) ** 2 < 400, 220, 40) + grain(1, 6)
    stripes = 120 + 60 * (x // 6 % 2) - y // 2 + grain(2, 3)
    smooth = y * x * 255 // (HEIGHT * WIDTH)
    patches = (x // 16 * 37 + y // 12 * 53) % 256
    bright, dark = np.clip(2 * smooth + grain(3, 12), 0, 255), smooth // 3 + grain(4, 2)
    images = {
        "disk": [np.maximum(disk, stripes), disk, stripes],
        "patches": [(smooth + patches) // 2, smooth, patches],
        "exposure": [(bright + 2 * dark) // 2, bright, dark],
    }
    return {name: [np.clip(image, 0, 255).astype(np.uint8) for image in three] for name, three in images.items()}


def rows() -> list[tuple[str, str, str]]:
    """Triple, metric key and value, for every plain reading."""
    return [
        (name, key, repr(float(READINGS[key](*(image.astype(np.float64) for image in three)))))
        for name, three in triples().items()
        for key in FILM
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
