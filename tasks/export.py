"""A folder of images and labels on which others train: YOLO's layout, COCO's, and masks, side by side.

`DIR/<row>/` for each source and method: `images/<split>/NAME.png`; `labels/<split>/NAME.txt` and `data.yaml`, which
Ultralytics reads; `annotations/instances_<split>.json`, which MMDetection and RT-DETR read; `masks/<split>/NAME.png`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..datasets import FusionDataset
from ..datasets.images import write
from ..datasets.labels import Boxes, Labels, NoLabelsError, labels_of
from ..datasets.pair import Pair
from ..errors import InputError
from ..files import write_text, writing
from ..results import Run
from ..results.paths import folder_name
from .images import Row, rows_of, stored_image


def export(
    dataset: FusionDataset,
    runs: Sequence[Run],
    folder: Path,
    links: bool = False,
    advance: Callable[[str], None] = lambda text: None,
) -> list[Path]:
    """Write the images of both sources and of methods with the labels of their pairs.

    What lies there of other splits stays, so that training and test images come into one folder by two calls. Pairs
    without labels are left out; crowds, and objects that are not to be scored, are no boxes of YOLO's.

    Parameters
    ----------
    runs : of methods on this data set, each with an image of every pair.
    folder : in which each source and method has a folder.
    links : link to the stored fused images in place of writing them again; sources are written.
    advance : called after each image with what it was.

    Returns
    -------
    The folder of each row.

    Raises
    ------
    InputError
        The data set has neither boxes nor masks, or an image is missing.
    """
    boxes, masks = (_labels(dataset, kind) for kind in ("boxes", "masks"))
    if boxes is None and masks is None:
        raise InputError(f"{dataset.label} has neither boxes nor masks: there is nothing to train on")
    rows, split, by_method = rows_of(dataset, runs), dataset.split, {run.method: run for run in runs}
    places = [folder / folder_name(row.label) for row in rows]
    for row, place in zip(rows, places, strict=True):
        annotated: list[tuple[Pair, Boxes, tuple[int, int]]] = []
        for pair in dataset:
            found = boxes.boxes(pair.name) if boxes else None
            mask = masks.mask(pair.name) if masks else None
            if found is not None or mask is not None:
                target = place / "images" / split / f"{pair.name}.png"
                size = _put(row, pair, by_method.get(row.label) if links else None, target)
                if found is not None:
                    annotated.append((pair, found, size))
                if mask is not None:
                    write(place / "masks" / split / f"{pair.name}.png", mask)
            advance(f"{row.label}, {pair.name}")
        if boxes is not None:
            _write_boxes(place, split, annotated, boxes.classes)
        if masks is not None:
            write_text(place / "masks" / "classes.txt", "".join(f"{name}\n" for name in masks.classes))
    return places


def _labels(dataset: FusionDataset, kind: Any) -> Labels | None:
    try:
        return labels_of(dataset, kind)
    except NoLabelsError:
        return None


def _put(row: Row, pair: Pair, run: Run | None, target: Path) -> tuple[int, int]:
    """Write an image, or link to where it is stored; return its height and width."""
    image = row.read(pair)
    target.unlink(missing_ok=True)
    if run is None:
        write(target, image)
    else:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.symlink_to(stored_image(run, pair).resolve())
            except OSError:  # of a file system without links
                shutil.copyfile(stored_image(run, pair), target)
    return image.shape[0], image.shape[1]


def _write_boxes(
    place: Path, split: str, annotated: Sequence[tuple[Pair, Boxes, tuple[int, int]]], classes: Sequence[str]
) -> None:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (pair, boxes, (height, width)) in enumerate(annotated, start=1):
        images.append({"id": number, "file_name": f"{pair.name}.png", "height": height, "width": width})
        lines = []
        for corners, each, crowd, ignored in zip(
            boxes.corners.tolist(), boxes.classes.tolist(), boxes.crowd, boxes.ignored, strict=True
        ):
            left, top = max(corners[0], 0.0), max(corners[1], 0.0)
            wide, high = min(corners[2], float(width)) - left, min(corners[3], float(height)) - top
            record = {"id": len(annotations) + 1, "image_id": number, "category_id": each, "area": wide * high}
            flags = {"iscrowd": int(crowd), "ignore": int(ignored)}
            annotations.append({**record, "bbox": [left, top, wide, high], **flags})
            if not crowd and not ignored:
                centre = (left + wide / 2) / width, (top + high / 2) / height
                lines.append(" ".join(map(repr, (each, *centre, wide / width, high / height))) + "\n")
        write_text(place / "labels" / split / f"{pair.name}.txt", "".join(lines))
    categories = [{"id": number, "name": name} for number, name in enumerate(classes)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    write_text(place / "annotations" / f"instances_{split}.json", json.dumps(content))
    _write_yaml(place, classes)


def _write_yaml(place: Path, classes: Sequence[str]) -> None:
    """Describe what lies there to Ultralytics: what it learns from, and what it validates on."""
    splits = sorted(path.name for path in (place / "images").iterdir())
    learn = "train" if "train" in splits else splits[0]
    check = next((name for name in ("val", "test") if name in splits), learn)
    names = "".join(f"  {number}: {json.dumps(name)}\n" for number, name in enumerate(classes))
    lines = f"path: {json.dumps(str(place.resolve()))}\ntrain: images/{learn}\nval: images/{check}\nnames:\n{names}"
    write_text(place / "data.yaml", lines)
