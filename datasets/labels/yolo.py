"""Annotations as YOLO's tools write them: a text file for each image, a line for each object.

    CLASS CENTRE_X CENTRE_Y WIDTH HEIGHT

The class is a number from 0, the rest are fractions of the image's width and height. An empty file is of an image
without objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from .objects import Frame, Objects, Size
from .records import Boxes
from .text import number, read_text

_VALUES = 5
_MOST = 1000  # classes; a larger number is no class


def read_yolo(path: Path, classes: Sequence[str], places: dict[str, int | None], frame: Frame) -> Boxes:
    """Read the objects of an image.

    Parameters
    ----------
    classes : the names, at the places that the numbers give.
    places : the place of each, in COCO's words; None for one that is not scored.
    frame : the size of the pair, of which the fractions are.

    Raises
    ------
    InputError
        A line is not as above; it names the file and the line.
    """
    if frame.policy == "crop" and len(set(frame.sources)) > 1:
        raise InputError(
            f"{path} holds fractions of an image's size, and the pair's sources, which are cropped, differ"
        )
    objects = Objects(path, places, frame)
    for count, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        what, values = f"line {count}", [number(word) for word in line.split()]
        if len(values) != _VALUES or any(value != value for value in values):
            raise objects.error(what, f"is not a class and four numbers: {line.strip()[:60]!r}")
        label, x, y, wide, high = values
        if not (0 <= label < _MOST and label == int(label)):
            raise objects.error(what, f"has the class {line.split()[0][:20]}, which is no number of a class")
        if label >= len(classes):
            raise objects.error(what, f"has the class {int(label)}, of {len(classes)} from 0: {', '.join(classes)}")
        if not all(0 <= value <= 1 for value in (x, y, wide, high)):
            raise objects.error(what, "has numbers beyond 0 to 1: they are fractions of the image's size, not pixels")
        objects.add(what, classes[int(label)], in_pixels(x, y, wide, high, frame.size))
    return objects.boxes()


def in_pixels(x: float, y: float, wide: float, high: float, size: Size) -> tuple[float, float, float, float]:
    """Turn centre and size, fractions of an image's width and height, into left, top, right, bottom in pixels."""
    height, width = size
    return (x - wide / 2) * width, (y - high / 2) * height, (x + wide / 2) * width, (y + high / 2) * height


def read_classes(path: Path) -> tuple[str, ...]:
    """Read a list of classes, a line each.

    Raises
    ------
    InputError
        It cannot be read, or has none.
    """
    names = tuple(line.strip() for line in read_text(path).splitlines() if line.strip())
    if not 0 < len(names) <= _MOST:
        raise InputError(f"{path} lists {len(names)} classes: it has one a line")
    return names
