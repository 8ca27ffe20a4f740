"""Segmentation on a data set: every image is looked at once, and its mask is scored."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..datasets import FusionDataset
from ..datasets.annotations import in_words_of_coco
from ..datasets.labels import VOID, Labels, groups_of, labels_of
from ..datasets.labels.masks import read_mask
from ..datasets.labels.objects import Frame
from ..errors import InputError
from ..results import Run
from ..results.tasks import TaskRecord
from .images import rows_of
from .look import Form, look
from .measures import Confusions
from .models import Segmenter
from .models.written import classes_among, files_below, mask_files
from .protocols import TaskProtocol, find_protocol
from .retrained import Recipe, Trained, model_of, settings_of
from .run import common_classes, keep
from .scored import scored_row

Mask = NDArray[np.uint8]


def segment(
    dataset: FusionDataset,
    runs: Sequence[Run],
    segmenter: Segmenter | Trained[Segmenter],
    protocol: TaskProtocol,
    out: Path,
    advance: Callable[[str], None] = lambda text: None,
) -> TaskRecord:
    """Let a segmenter look at the images of methods and at their sources, score its masks, and store the scores.

    Of the classes those count that have labels and that the segmenter knows: pixels of others count for nothing in the
    true masks, and are wrong in those that were found. Pairs without a mask are not looked at.

    Parameters
    ----------
    runs : of methods on this data set, each with an image of every pair.
    out : the folder of results.
    advance : called after each image with what it was.

    Raises
    ------
    InputError
        The data set has no masks, none of their classes is one of the segmenter's, or an image is missing.
    """
    rows = rows_of(dataset, runs)
    labels, truth = _truth(dataset)
    classes = common_classes(labels.classes, segmenter.classes, segmenter.label, dataset)
    of_found = _table(segmenter.classes, classes)
    scored, groups = {}, groups_of(dataset)
    for row in rows:
        model = model_of(segmenter, row.label)
        found = look(row, dataset, model, Form(model.segment, _plain, _parsed), out, advance, truth.__contains__)
        masks = ((name, of_found[mask]) for name, mask in found)
        scored[row.label] = scored_row(row.source, _confusions(labels, truth, masks, classes), groups)
    settings = {"classes": classes} | settings_of(segmenter)
    return keep(dataset, protocol, segmenter.label, segmenter.digest, settings, scored, out)


def score_masks(
    dataset: FusionDataset, path: Path, label: str, model: str, out: Path, given: Sequence[str] | None = None,
    recipe: Recipe | None = None,
) -> TaskRecord:  # fmt: skip
    """Score the masks that somebody's segmenter made of the images of one method; store the scores.

    Parameters
    ----------
    path : a folder with a mask for each pair that has a true one, of its size and named like the pair.
    given : the names of the classes by their values, from 0; those of `classes.txt` in the folder by default, or else
        values mean what they mean in the true masks. 255 means none.
    label, model, out, recipe : as of `run.score_predictions`.

    Raises
    ------
    InputError
        The data set has no masks, or one of those to score is missing, damaged or of another size.
    """
    labels, truth = _truth(dataset)
    files = files_below(path)
    written = mask_files(files, list(truth))
    named = given or classes_among(files, ())
    words = [in_words_of_coco(name) for name in named] if named else labels.written
    classes = common_classes(labels.classes, [word for word in words if word], model, dataset)
    places = [classes.index(word) if word in classes else None for word in words]
    sizes = {name: true.shape for name, true in truth.items()}
    found = ((name, read_mask(file, places, Frame(sizes[name], (sizes[name],)))) for name, file in written.items())
    rows = {label: scored_row("", _confusions(labels, truth, found, classes), groups_of(dataset))}
    protocol = find_protocol("segmentation", "retrained" if recipe else "frozen")
    return keep(dataset, protocol, model, "", {"classes": classes} | (recipe.settings if recipe else {}), rows, out)


@dataclass(frozen=True)
class _Packed:
    """A true mask, which every row of the table is compared with: small in memory, and whole again in no time."""

    shape: tuple[int, int]
    data: bytes

    @classmethod
    def of(cls, mask: Mask) -> _Packed:
        return cls((mask.shape[0], mask.shape[1]), zlib.compress(mask.tobytes(), 1))

    def mask(self) -> Mask:
        return np.frombuffer(zlib.decompress(self.data), np.uint8).reshape(self.shape)


def _truth(dataset: FusionDataset) -> tuple[Labels, dict[str, _Packed]]:
    """Read the true masks of the pairs that have one, each once."""
    labels = labels_of(dataset, "masks")
    truth = {pair.name: _Packed.of(mask) for pair in dataset if (mask := labels.mask(pair.name)) is not None}
    if not truth:
        raise InputError(f"no pair of {dataset.label} has a mask")
    return labels, truth


def _confusions(
    labels: Labels, truth: Mapping[str, _Packed], found: Iterable[tuple[str, Mask]], classes: Sequence[str]
) -> Confusions:
    """Compare masks, which hold places in `classes`, with the true ones."""
    confusions, of_truth = Confusions(classes), _table(labels.classes, classes)
    for name, mask in found:
        confusions.add(name, of_truth[truth[name].mask()], mask)
    return confusions


def _table(names: Sequence[str], classes: Sequence[str]) -> Mask:
    """Map the places in one list of classes to those in another."""
    table = np.full(256, VOID, np.uint8)
    table[: len(names)] = [classes.index(name) if name in classes else VOID for name in names]
    return table


def _plain(mask: Mask) -> str:
    return base64.b64encode(cv2.imencode(".png", mask)[1].tobytes()).decode()


def _parsed(stored: Any) -> Mask | None:
    """Read what `_plain` wrote; None for anything else."""
    if not isinstance(stored, str):
        return None
    try:
        data = np.frombuffer(base64.b64decode(stored, validate=True), np.uint8)
        mask = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except (ValueError, cv2.error):
        return None
    return np.asarray(mask) if mask is not None and mask.dtype == np.uint8 and mask.ndim == 2 else None
