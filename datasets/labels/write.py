"""Annotations as text, in the layouts that other tools read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .objects import Size
from .records import Boxes


def voc_text(file_name: str, size: Size, boxes: Boxes, classes: Sequence[str]) -> str:
    """Write the boxes of an image as VOC's XML, which `read_voc` reads back.

    Parameters
    ----------
    file_name : of the image.
    size : its height and width.
    boxes : its objects; crowds and ignored ones are "difficult" there.
    classes : the names of the classes.
    """
    root = Element("annotation")
    SubElement(root, "filename").text = file_name
    whole = SubElement(root, "size")
    for name, value in (("width", size[1]), ("height", size[0])):
        SubElement(whole, name).text = str(value)
    for corners, place, hard in zip(boxes.corners, boxes.classes, boxes.crowd | boxes.ignored, strict=True):
        each = SubElement(root, "object")
        SubElement(each, "name").text = classes[place]
        SubElement(each, "difficult").text = str(int(hard))
        box = SubElement(each, "bndbox")
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), corners.tolist(), strict=True):
            SubElement(box, name).text = repr(value).removesuffix(".0")
    indent(root)
    return tostring(root, encoding="unicode") + "\n"
