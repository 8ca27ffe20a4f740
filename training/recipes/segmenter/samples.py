"""What the segmenter learns from: parts of images with those of their masks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ....datasets.dataset import FusionDataset, require_pairs
from ....datasets.finding.folders import images_in, is_folder
from ....datasets.images import read
from ....datasets.labels import VOID, Labels, labels_of
from ....datasets.pair import Pair
from ....errors import InputError
from ...options import TrainOptions
from ...patches import Memory, TrainingPair
from ...scenes import file_keys
from ...sources import to_learn_from
from . import SegmenterSettings

Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # an RGB image (H, W, 3), and its mask (H, W)


def labelled_pairs(
    options: TrainOptions, settings: SegmenterSettings, skipped: dict[str, str]
) -> tuple[list[TrainingPair[Labelled]], tuple[str, ...]]:
    """List the pairs that have a mask, of all data sets of a run, and the names of all classes.

    Parameters
    ----------
    skipped : receives the names of pairs without a mask, or without a fused image.

    Raises
    ------
    InputError
        A data set is not found, has no masks, or nothing is left to learn from.
    """
    found: list[tuple[FusionDataset, Labels, Pair]] = []
    classes: dict[str, int] = {}
    for name in options.dataset:
        dataset, left_out = to_learn_from(name, options)
        require_pairs(dataset)
        labels = labels_of(dataset, "masks", settings.labels_like)
        for each in labels.classes:
            classes.setdefault(each, len(classes))
        found += [(dataset, labels, pair) for pair in dataset if pair.name not in left_out]
    pairs: list[TrainingPair[Labelled]] = []
    for dataset, labels, pair in found:
        name, image = f"{dataset.name}/{pair.name}", _image_of(pair, settings.images)
        mask = labels.mask(pair.name) if image is not None else None
        if image is None or mask is None:
            skipped[name] = "has no mask" if image is not None else f"has no image in {settings.images}"
            continue
        table = np.full(256, VOID, np.uint8)
        table[: len(labels.classes)] = [classes[each] for each in labels.classes]
        load = partial(_read, dataset, labels, pair, image, table)
        files = file_keys(*(source for source in (pair.a, pair.b) if isinstance(source, Path)))
        scene = (f"{dataset.name}/{pair.scene}",) if pair.scene else ()
        pairs.append(TrainingPair(name, pair.task, load, number=len(pairs), scenes=(name, *files, *scene)))
    if options.train_num is not None and options.train_num < len(pairs):
        pairs = [pairs[i] for i in np.linspace(0, len(pairs) - 1, options.train_num).round().astype(int)]
    if not pairs:
        raise InputError(f"there is nothing to learn from in {', '.join(options.dataset)}: no pair has image and mask")
    return pairs, tuple(classes)


def _image_of(pair: Pair, images: str) -> str | Path | None:
    """Say which image of a pair is learnt from: a side, or a file; None where the folder has none of it."""
    if images in ("a", "b"):
        return images
    folder = Path(images).expanduser()
    if not is_folder(folder):
        raise InputError(f"the setting images is a, b or a folder of fused images, not {images!r}")
    return next((path for path in images_in(folder) if path.stem == pair.name), None)


def _read(
    dataset: FusionDataset, labels: Labels, pair: Pair, image: str | Path, table: NDArray[np.uint8],
    draw: np.random.Generator,
) -> Labelled:  # fmt: skip
    pixels = read(image) if isinstance(image, Path) else dataset.read(pair)["ab".index(image)]
    if pixels.dtype != np.uint8:
        pixels = np.round(pixels / 257).astype(np.uint8)
    mask = labels.mask(pair.name)
    assert mask is not None  # it was there when the pairs were listed
    if pixels.shape[:2] != mask.shape:
        sizes = " and ".join("x".join(map(str, each.shape[:2])) for each in (pixels, mask))
        raise InputError(f"image and mask of {pair.name} differ in size: {sizes}")
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels, table[mask]


class Parts:
    """Random parts of images, some of them mirrored, brighter or darker; a pure function of the seed and their place.

    Parameters
    ----------
    pairs : what to cut from.
    side : of a part, in pixels.
    seed : of every draw.
    count : parts of each image in an epoch.
    changed : whether they are mirrored, and brighter or darker.
    """

    def __init__(
        self, pairs: Sequence[TrainingPair[Labelled]], side: int, seed: int, count: int, changed: bool
    ) -> None:
        self.pairs, self.side, self.seed, self.count, self.changed = list(pairs), side, seed, count, changed
        self.epoch = 0
        self._memory = Memory(pairs)

    def __len__(self) -> int:
        return len(self.pairs) * self.count

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Cut one part: `image` (3, side, side) float32 in [0, 1], `mask` (side, side) int64, `name`.

        Raises
        ------
        InputError
            The image is smaller than a part.
        """
        place, copy = index % len(self.pairs), index // len(self.pairs)
        pair = self.pairs[place]
        draw = np.random.default_rng([self.seed, self.epoch + 1 if self.changed else 0, pair.number, copy])
        image, mask = self._memory.read(place, draw)
        height, width = mask.shape
        if min(height, width) < self.side:
            raise InputError(
                f"{pair.name} is {height}x{width}, smaller than a part of {self.side}x{self.side}: "
                "choose a smaller one with --set side="
            )
        top, left = draw.integers(height - self.side + 1), draw.integers(width - self.side + 1)
        window = (slice(top, top + self.side), slice(left, left + self.side))
        values, mask = image[window].astype(np.float32) / 255, mask[window]
        if self.changed:
            values = np.clip(values ** np.float32(np.exp(draw.uniform(-0.2, 0.2))), 0, 1)
            if draw.integers(2):
                values, mask = values[:, ::-1], mask[:, ::-1]
        return {
            "image": torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1))),
            "mask": torch.from_numpy(np.ascontiguousarray(mask)).long(),
            "name": pair.name,
        }
