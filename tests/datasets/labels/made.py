"""Small data sets with labels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fusionbench.datasets import FusionDataset, load_dataset

from .malformed import HEIGHT, WIDTH

# Where each format's file of pair 1 lies, in a folder of this name of the catalogue.
PLACES = {
    "voc": ("M3FD", "Annotation/1.xml"), "yolo": ("MSRS-detection", "labels/1.txt"),
    "coco": ("M3FD", "annotations/instances.json"), "png": ("MSRS", "Segmentation_labels/1.png"),
}  # fmt: skip


def put(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def image(height: int = HEIGHT, width: int = WIDTH, channels: int = 0) -> bytes:
    shape = (height, width, channels) if channels else (height, width)
    pixels = np.random.default_rng(height * width).integers(0, 256, shape, np.uint8)
    return bytes(cv2.imencode(".png", pixels)[1])


def folder(root: Path, *names: str, a: str = "ir", b: str = "vi") -> Path:
    """Make a folder of pairs."""
    put(root, {f"{side}/{name}.png": image() for side in (a, b) for name in names or ("1",)})
    return root


def labelled(root: Path, kind: str, data: bytes) -> tuple[FusionDataset, Path]:
    """Make a data set of one pair with this annotation: the data set, and the file."""
    name, place = PLACES[kind]
    put(folder(root / name), {place: data})
    return load_dataset(name, root), root / name / place
