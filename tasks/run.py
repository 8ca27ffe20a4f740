"""A task on a data set: every image is looked at once, and what was found is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import FusionDataset
from ..datasets.labels import Boxes, groups_of, labels_of
from ..errors import InputError
from ..results import Run
from ..results.tasks import TaskRecord, TaskRow, store_record
from .consistency import HALF, SURE, Agreement, joined
from .images import rows_of
from .look import Form, look
from .measures.detection import match
from .measures.scores import Statistics
from .models import Detector
from .models.written import classes_among, files_below, read_boxes
from .protocols import TaskProtocol, find_protocol
from .records import Detections
from .retrained import Recipe, Trained, model_of, settings_of
from .scored import scored_row

Found = dict[str, Detections]  # by the names of the pairs


def detect(
    dataset: FusionDataset,
    runs: Sequence[Run],
    detector: Detector | Trained[Detector],
    protocol: TaskProtocol,
    out: Path,
    advance: Callable[[str], None] = lambda text: None,
) -> TaskRecord:
    """Let a detector look at the images of methods and at their sources, score what it finds, and store the scores.

    What it found before in the same pixels is not looked for again.

    Parameters
    ----------
    runs : of methods on this data set, each with an image of every pair.
    out : the folder of results.
    advance : called after each image with what it was.

    Raises
    ------
    InputError
        The data set has no labels and the protocol takes some, none of their classes is one of the detector's, or an
        image is missing.
    """
    rows = rows_of(dataset, runs)
    truth, classes, settings = _truth(dataset, detector.label, detector.classes, protocol)
    settings |= settings_of(detector)
    found: dict[str, Found] = {}
    for row in rows:
        model = model_of(detector, row.label)
        form = Form(model.detect, _plain, partial(_parsed, len(model.classes)))
        found[row.label] = dict(look(row, dataset, model, form, out, advance))
    if protocol.labelled:
        places = _places(detector.classes, classes)
        kept = {label: {name: each.at_places(places) for name, each in of.items()} for label, of in found.items()}
        statistics: dict[str, Statistics] = {label: match(truth, of, classes) for label, of in kept.items()}
    else:
        sources = [found[row.label] for row in rows if row.source]
        wanted = {pair.name: joined([of[pair.name] for of in sources]) for pair in dataset}
        statistics = {label: Agreement(wanted, of, classes) for label, of in found.items()}
    groups = groups_of(dataset)
    scored = {row.label: scored_row(row.source, statistics[row.label], groups) for row in rows}
    return keep(dataset, protocol, detector.label, detector.digest, settings, scored, out)


def keep(
    dataset: FusionDataset,
    protocol: TaskProtocol,
    model: str,
    digest: str,
    settings: dict[str, Any],
    rows: dict[str, TaskRow],
    out: Path,
) -> TaskRecord:
    """Store the rows of a data set, beside those that lie there of the same model and settings; return all of them."""
    record = TaskRecord(
        task=protocol.task, protocol=protocol.name, version=protocol.version, model=model, digest=digest,
        dataset=dataset.label, settings=settings, rows=rows,
    )  # fmt: skip
    store_record(out, record)
    return record


def images_of(dataset: FusionDataset, runs: Sequence[Run]) -> int:
    """Count the images that `detect` looks at."""
    return len(dataset) * (2 + len(runs))


def score_predictions(
    dataset: FusionDataset, path: Path, label: str, model: str, out: Path, given: Sequence[str] | None = None,
    recipe: Recipe | None = None,
) -> TaskRecord:  # fmt: skip
    """Score what somebody's detector found in the images of one method, against the labels; store the scores.

    Parameters
    ----------
    path : a JSON file, or a folder with one, or with text files named like the pairs; see `written`.
    given : the names of the classes by their numbers; those of `classes.txt` in the folder by default, or else those
        of the labels.
    label, model : what to call the row, and the detector.
    out : the folder of results.
    recipe : how the detector was trained on this method's images; None for one that was not.

    Raises
    ------
    InputError
        The data set has no labels, or the predictions are none, or damaged.
    """
    protocol = find_protocol("detection", "retrained" if recipe else "frozen")
    truth, classes, settings = _truth(dataset, model, None, protocol)
    pairs = {pair.name: pair for pair in dataset}

    def size_of(name: str) -> tuple[int, int]:
        height, width = dataset.read(pairs[name])[0].shape[:2]
        return height, width

    files = files_below(path)
    found = read_boxes(files, list(pairs), size_of, classes, given or classes_among(files, classes))
    row = scored_row("", match(truth, found, classes), groups_of(dataset))
    return keep(dataset, protocol, model, "", settings | (recipe.settings if recipe else {}), {label: row}, out)


def _truth(
    dataset: FusionDataset, model: str, known: Sequence[str] | None, protocol: TaskProtocol
) -> tuple[Mapping[str, Boxes | None], Sequence[str], dict[str, Any]]:
    """Read the labels, and say which classes count: those that have labels and that the detector knows, or all."""
    if not protocol.labelled:
        return {}, known or (), {"sure": SURE, "overlap": HALF}
    labels = labels_of(dataset, "boxes")
    boxes = {pair.name: labels.boxes(pair.name) for pair in dataset}
    classes = common_classes(labels.classes, known or labels.classes, model, dataset)
    if not any(each is not None for each in boxes.values()):
        raise InputError(f"no pair of {dataset.label} has an annotation")
    places = _places(labels.classes, classes)
    return {name: _with_places(each, places) for name, each in boxes.items()}, classes, {"classes": classes}


def common_classes(labelled: Sequence[str], known: Sequence[str], model: str, dataset: FusionDataset) -> list[str]:
    """List the classes that have labels and that a model knows, in the order of the labels.

    Raises
    ------
    InputError
        There is none.
    """
    classes = [name for name in labelled if name in known]
    if not classes:
        raise InputError(f"{model} knows none of the classes that {dataset.label} labels, {', '.join(labelled)}")
    return classes


def _places(names: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Say at which place of `classes` each name stands; -1 where it does not."""
    return np.array([classes.index(name) if name in classes else -1 for name in names], np.int64)


def _with_places(boxes: Boxes | None, places: NDArray[np.int64]) -> Boxes | None:
    if boxes is None:
        return None
    new = places[boxes.classes]
    here = new >= 0
    return Boxes(boxes.corners[here], new[here], boxes.crowd[here], boxes.ignored[here])


def _plain(found: Detections) -> list[list[float]]:
    rows = zip(found.corners.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True)
    return [[*corners, place, score] for corners, place, score in rows]


def _parsed(classes: int, stored: object) -> Detections | None:
    """Read what `_plain` wrote; None for anything else."""
    try:
        table = np.array(stored, np.float64).reshape(-1, 6) if isinstance(stored, list) else None
    except (ValueError, TypeError):
        return None
    if table is None or not np.isfinite(table).all() or not ((table[:, 4] >= 0) & (table[:, 4] < classes)).all():
        return None
    return Detections.of_table(table)
