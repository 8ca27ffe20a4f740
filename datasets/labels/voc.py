"""Annotations as the PASCAL VOC challenge wrote them: an XML file for each image.

Corners are taken as they stand, in pixels from 0. VOC itself counted from 1, but the tools that the data sets of this
field were labelled with do not, nor do their own conversions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ...errors import InputError
from .objects import Frame, Objects, Size
from .records import Boxes
from .text import number, read_text

_DEPTH = 30  # elements in one another
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_voc(path: Path, places: Mapping[str, int | None], frame: Frame) -> Boxes:
    """Read the objects of an image; those that are "difficult" are ignored ones.

    Parameters
    ----------
    places : the place of each class, in COCO's words; None for one that is not scored.
    frame : the size of the pair.

    Raises
    ------
    InputError
        The file is no such XML, or an object is not possible; it names the file and the object.
    """
    root = parse(path)
    size = _size(path, root)
    objects = Objects(path, places, frame, size)
    if size is not None:
        frame.scale(size, path)
    for count, element in enumerate(root.iter("object"), start=1):
        what = f"object {count}"
        name = (element.findtext("name") or "").strip()
        if not name:
            raise objects.error(what, "has no class: its <name> is missing or empty")
        box = element.find("bndbox")
        texts = {corner: None if box is None else box.findtext(corner) for corner in _CORNERS}
        for corner, text in texts.items():
            if math.isnan(number(text)):
                raise objects.error(what, f"has no box: its <{corner}> is {'missing' if text is None else 'no number'}")
        objects.add(what, name, [number(text) for text in texts.values()], ignored=_flag(element, "difficult"))
    return objects.boxes()


def class_names(path: Path) -> set[str]:
    """Read which classes a file has objects of.

    Raises
    ------
    InputError
        The file is no such XML.
    """
    names = {(element.findtext("name") or "").strip() for element in parse(path).iter("object")}
    return names - {""}


def parse(path: Path) -> Element:
    """Read an XML file of annotations; one that declares entities, which may grow without end, is refused.

    Raises
    ------
    InputError
        It is no whole XML, or not one of annotations; it names the file.
    """
    text = read_text(path)
    if not text.strip():
        raise InputError(f"{path} is empty, and not the annotation of an image without objects")
    builder, depth = TreeBuilder(), 0
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> Any:
        raise InputError(f"{path} is refused: it declares entities, which no annotation needs")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise InputError(f"{path} is refused: it has more than {_DEPTH} elements in one another")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text.encode("utf-8", "replace").decode(), True)
        root = builder.close()
    except expat.ExpatError as error:
        raise InputError(f"{path} is no whole XML: {error}") from error
    if root.tag != "annotation":
        raise InputError(f"{path} is no annotation of VOC: it begins with <{root.tag[:50]}>, not with <annotation>")
    return root


def _size(path: Path, root: Element) -> Size | None:
    """Read the size of the image; None where the file has none, or writes 0, as some tools do."""
    element = root.find("size")
    if element is None:
        return None
    values = [number(element.findtext(side)) for side in ("height", "width")]
    if not all(value >= 0 and value.is_integer() for value in values):
        raise InputError(f"{path} has a <size> whose width or height is no whole number")
    height, width = map(int, values)
    return (height, width) if height and width else None


def _flag(element: Element, name: str) -> bool:
    return (element.findtext(name) or "").strip() == "1"
