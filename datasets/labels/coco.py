"""Annotations as COCO writes them: one JSON file for a data set."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from ...errors import InputError, printable
from .objects import Frame, Objects, Size
from .records import Boxes
from .text import MOST_OF_ALL, read_text

Record = dict[str, Any]


class NotCocoError(InputError):
    """A JSON file that holds something else."""


@dataclass(frozen=True)
class CocoFile:
    """An annotation file of many images.

    Attributes
    ----------
    path : of the file.
    classes : the names of its categories.
    images : the record of each image, by its file's name without folder and extension.
    """

    path: Path
    classes: tuple[str, ...]
    images: Mapping[str, Record]
    _names: Mapping[Any, str]
    _annotations: Mapping[Any, list[Record]]

    def boxes(self, image: str, places: Mapping[str, int | None], frame: Frame) -> Boxes:
        """Read the objects of an image.

        Raises
        ------
        InputError
            An annotation is not possible; it names the file and the annotation.
        """
        record = self.images[image]
        size = _size(self.path, record)
        objects = Objects(self.path, places, frame, size)
        if size is not None:
            frame.scale(size, f"the image {_short(image)} in {self.path}")
        for each in self._annotations.get(record["id"], []):
            what = f"annotation {_short(each['id'])}"
            box = each.get("bbox")
            if not isinstance(box, list) or len(box) != 4 or not all(map(is_number, box)):
                raise objects.error(what, "has no box: its bbox is not four numbers")
            category = each.get("category_id")
            if not is_id(category) or category not in self._names:
                raise objects.error(what, f"has the category {_short(category)}, which the file does not list")
            left, top, width, height = (float(value) if abs(value) < 1e300 else math.inf for value in box)
            if width < 0 or height < 0:
                raise objects.error(what, f"has a negative size: {width:g} by {height:g}")
            corners = left, top, left + width, top + height
            objects.add(what, self._names[category], corners, bool(each.get("iscrowd")), bool(each.get("ignore")))
        return objects.boxes()


def read_coco(path: Path) -> CocoFile:
    """Read an annotation file, of which the boxes are checked when they are asked for.

    Raises
    ------
    InputError
        It is no such file (`NotCocoError`, where it is whole JSON), or an id stands there twice; it names the file.
    """
    data = load_json(path)
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in _PARTS):
        raise NotCocoError(f"{path} is no annotation of COCO: it lacks one of the lists {', '.join(_PARTS)}")
    categories, images, annotations = (by_id(path, part, data[part]) for part in _PARTS)
    names = names_of(path, categories)
    stems: dict[str, Record] = {}
    for number, stem in stems_of(path, images).items():
        if stem in stems:
            raise InputError(f"{path} lists the image {_short(stem)} twice")
        stems[stem] = images[number]
    grouped: dict[Any, list[Record]] = {}
    for number, record in annotations.items():
        image = record.get("image_id")
        if not is_id(image) or image not in images:
            raise InputError(
                f"{path}: annotation {_short(number)} is of the image {_short(image)}, which is not listed"
            )
        grouped.setdefault(image, []).append(record)
    return CocoFile(path, tuple(dict.fromkeys(names.values())), stems, names, grouped)


def load_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    InputError
        It is no whole JSON; it names the file.
    """
    text = read_text(path, MOST_OF_ALL)
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:  # too many digits, or lists in one another, beside what is no JSON
        raise InputError(f"{path} is no whole JSON: {str(error).splitlines()[0]}") from error


_PARTS = ("categories", "images", "annotations")


def by_id(path: Path, part: str, records: object) -> dict[Any, Record]:
    """Order the records of a part of a file, "images", "categories" or "annotations", by their ids.

    Raises
    ------
    InputError
        They are no list, or one has no id, or that of another; it names the file.
    """
    if not isinstance(records, list):
        raise InputError(f"{path}: its {part} are no list")
    found: dict[Any, Record] = {}
    for place, record in enumerate(records):
        if not isinstance(record, dict) or not is_id(record.get("id")):
            raise InputError(f"{path}: number {place} of its {part} has no id")
        if record["id"] in found:
            raise InputError(f"{path} has two {part} of the id {_short(record['id'])}")
        found[record["id"]] = record
    return found


def names_of(path: Path, categories: Mapping[Any, Record]) -> dict[Any, str]:
    """Give the names of categories by their ids; `InputError` names the file where one has none."""
    for number, record in categories.items():
        if not isinstance(record.get("name"), str) or not record["name"].strip():
            raise InputError(f"{path}: category {_short(number)} has no name")
    return {number: record["name"] for number, record in categories.items()}


def stems_of(path: Path, images: Mapping[Any, Record]) -> dict[Any, str]:
    """Give the names of images' files, without folder and extension, by ids; `InputError` as of `names_of`."""
    for number, record in images.items():
        if not isinstance(record.get("file_name"), str) or not record["file_name"]:
            raise InputError(f"{path}: image {_short(number)} has no file_name")
    return {number: stem_of(record["file_name"]) for number, record in images.items()}


def stem_of(name: str) -> str:
    """Cut folder and extension off the name of a file, also of one on Windows."""
    return Path(name.replace("\\", "/")).stem


def _size(path: Path, record: Record) -> Size | None:
    """Read the size of an image; None where the record has none."""
    height, width = record.get("height"), record.get("width")
    if not height and not width:
        return None
    if not all(isinstance(side, int) and not isinstance(side, bool) and 0 < side < 1 << 31 for side in (height, width)):
        raise InputError(f"{path}: image {_short(record['id'])} has a height or width that is no whole number")
    return int(height or 0), int(width or 0)


def _short(value: object) -> str:
    return printable(str(value)[:40])


def is_id(value: object) -> bool:
    """Say whether a JSON value can be an id: a whole number or a text."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Say whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
