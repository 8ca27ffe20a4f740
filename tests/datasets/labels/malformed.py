"""Annotations that are wrong in every way that is known of, each with what is said of it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 20, 30


@dataclass(frozen=True)
class Case:
    """A file of annotations, and what the sentence on it must hold beside the file's name."""

    name: str
    format: str
    data: bytes
    says: str


def voc(*objects: str, size: str = f"<width>{WIDTH}</width><height>{HEIGHT}</height>", head: str = "") -> bytes:
    inner = "".join(f"<object>{each}</object>" for each in objects)
    return f"{head}<annotation><size>{size}</size>{inner}</annotation>".encode()


def box(xmin: object, ymin: object, xmax: object, ymax: object, name: str = "People") -> str:
    corners = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in corners.items())
    return f"<name>{name}</name><bndbox>{inner}</bndbox>"


_BOMB = "<!DOCTYPE a [" + '<!ENTITY a "aaaaaaaaaa">'
_BOMB += "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)) + "]>"

_VOC = {
    "no class": (voc("<bndbox/>"), "object 1 has no class: its <name> is missing or empty"),
    "an empty class": (voc(box(1, 1, 9, 9, "  ")), "object 1 has no class: its <name> is missing or empty"),
    "an unknown class": (voc(box(1, 1, 9, 9), box(1, 1, 9, 9, "Tram")), "object 2 is of the class 'Tram', which is"),
    "a very long class": (voc(box(1, 1, 9, 9, "x" * 99999)), f"object 1 is of the class '{'x' * 40}', which is"),
    "no box": (voc("<name>Car</name>"), "object 1 has no box: its <xmin> is missing"),
    "a box without a corner": (voc(box(1, 1, 9, 9).replace("ymax", "top")), "object 1 has no box: its <ymax> is"),
    "words for numbers": (voc(box(1, "one", 9, 9)), "object 1 has no box: its <ymin> is no number"),
    "not a number": (voc(box("nan", 1, 9, 9)), "object 1 has no box: its <xmin> is no number"),
    "infinity": (voc(box(1, 1, "inf", 9)), "object 1 has no box: its <xmax> is no number"),
    "a huge number": (voc(box(1, 1, "1e999", 9)), "object 1 has a corner that is no finite number"),
    "a box far away": (voc(box("1e200", 1, "1e201", 9)), "object 1 lies outside the image of 20x30"),
    "swapped sides": (voc(box(9, 1, 1, 9)), "object 1 has its right not beyond its left"),
    "no width": (voc(box(4, 1, 4, 9)), "object 1 has its right not beyond its left"),
    "a box outside": (voc(box(40, 1, 50, 9)), "object 1 lies outside the image of 20x30: (40, 1, 50, 9)"),
    "a negative box": (voc(box(-9, -9, -1, -1)), "object 1 lies outside the image of 20x30: (-9, -9, -1, -1)"),
    "another size": (
        voc(size="<width>640</width><height>480</height>"), "is of an image of 480x640, and the pair's has 20x30",
    ),
    "a size in words": (voc(size="<width>wide</width><height>20</height>"), "has a <size> whose width or height"),
    "a negative size": (voc(size="<width>-30</width><height>20</height>"), "has a <size> whose width or height"),
    "half a size": (voc(size="<width>30</width>"), "has a <size> whose width or height is no whole number"),
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "cut off": (voc(box(1, 1, 9, 9))[:-30], "is no whole XML"),
    "not closed": (b"<annotation><object></annotation>", "is no whole XML: mismatched tag"),
    "two roots": (b"<annotation/><annotation/>", "is no whole XML: junk after document element"),
    "text": (b"0 0.5 0.5 0.1 0.1", "is no whole XML"),
    "zeros": (b"\0" * 50, "is no whole XML"),
    "another XML": (b"<html/>", "is no annotation of VOC: it begins with <html>"),
    "a bomb": (voc(box(1, 1, 9, 9, "&i;"), head=_BOMB), "is refused: it declares entities"),
    "a file from elsewhere": (
        voc(box(1, 1, 9, 9, "&x;"), head='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "is refused: it declares entities",
    ),
    "parameters": (voc(head='<!DOCTYPE a [<!ENTITY % x "y">]>'), "is refused: it declares entities"),
    "very deep": (b"<annotation>" * 100000, "is refused: it has more than 30 elements in one another"),
    "an unknown encoding": (voc(head='<?xml version="1.0" encoding="utf-99"?>'), "names an encoding that is not known"),
    "an encoding of no text": (voc(head='<?xml version="1.0" encoding="base64"?>'), "names an encoding that is"),
    "a class in another encoding": (
        voc(box(1, 1, 9, 9, "名")).decode().encode("gb18030"), "object 1 is of the class",
    ),
}  # fmt: skip

_YOLO = {
    "four values": (b"0 0.5 0.5 0.1", "line 1 is not a class and four numbers: '0 0.5 0.5 0.1'"),
    "six values": (b"\n0 0.5 0.5 0.1 0.1 0.9", "line 2 is not a class and four numbers"),
    "a polygon": (b"0 0.1 0.1 0.2 0.1 0.2 0.2", "line 1 is not a class and four numbers"),
    "words": (b"person 0.5 0.5 0.1 0.1", "line 1 is not a class and four numbers"),
    "not a number": (b"0 nan 0.5 0.1 0.1", "line 1 is not a class and four numbers"),
    "commas": (b"0,0.5,0.5,0.1,0.1", "line 1 is not a class and four numbers"),
    "above the classes": (b"3 0.5 0.5 0.1 0.1", "line 1 has the class 3, of 3 from 0: person, bicycle, car"),
    "a negative class": (b"-1 0.5 0.5 0.1 0.1", "line 1 has the class -1, which is no number of a class"),
    "half a class": (b"0.5 0.5 0.5 0.1 0.1", "line 1 has the class 0.5, which is no number of a class"),
    "a huge class": (b"1e300 0.5 0.5 0.1 0.1", "line 1 has the class 1e300, which is no number of a class"),
    "pixels": (b"0 15 10 4 4", "line 1 has numbers beyond 0 to 1: they are fractions"),
    "a negative width": (b"0 0.5 0.5 -0.1 0.1", "line 1 has numbers beyond 0 to 1"),
    "no width": (b"0 0.5 0.5 0 0.1", "line 1 has its right not beyond its left"),
    "a huge number": (b"0 0.5 0.5 1e999 0.1", "line 1 has numbers beyond 0 to 1"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not a class and four numbers"),
}


def coco(annotations: Any = (), **changed: Any) -> bytes:
    data: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "ir/1.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 1, "name": "People"}, {"id": 3, "name": "Car"}],
        "annotations": list(annotations),
    }
    return json.dumps(data | changed).encode()


def found(**changed: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 2, 5, 6]} | changed


_COCO = {
    "two of an id": (coco([found(), found()]), "has two annotations of the id 7"),
    "two images of an id": (coco(images=[{"id": 1, "file_name": n} for n in "ab"]), "has two images of the id 1"),
    "an image twice": (coco(images=[{"id": i, "file_name": "a/1.png"} for i in (1, 2)]), "lists the image 1 twice"),
    "two of a category": (coco(categories=[{"id": 1, "name": n} for n in "ab"]), "has two categories of the id 1"),
    "an id with a line break": (coco([found(id="a\nb", bbox=3)]), "annotation a\\nb has no box"),
    "no id": (coco([{"image_id": 1}]), "number 0 of its annotations has no id"),
    "an image that is not listed": (coco([found(image_id=9)]), "annotation 7 is of the image 9, which is not listed"),
    "no image": (coco([found(image_id=None)]), "annotation 7 is of the image None, which is not listed"),
    "an unknown category": (coco([found(category_id=2)]), "annotation 7 has the category 2, which the file does"),
    "no category": (coco([found(category_id=[1])]), "annotation 7 has the category [1], which the file does not list"),
    "a class of others": (
        coco([found()], categories=[{"id": 1, "name": "Tram"}]), "annotation 7 is of the class 'Tram', which is none",
    ),
    "a category without name": (coco(categories=[{"id": 1}]), "category 1 has no name"),
    "an image without name": (coco(images=[{"id": 1}]), "image 1 has no file_name"),
    "no box": (coco([found(bbox=None)]), "annotation 7 has no box: its bbox is not four numbers"),
    "three numbers": (coco([found(bbox=[1, 2, 3])]), "annotation 7 has no box: its bbox is not four numbers"),
    "words": (coco([found(bbox=["1", 2, 3, 4])]), "annotation 7 has no box: its bbox is not four numbers"),
    "not a number": (coco([found(bbox=[float("nan"), 2, 3, 4])]), "annotation 7 has a corner that is no finite number"),
    "a huge number": (coco([found(bbox=[10**400, 2, 3, 4])]), "annotation 7 has a corner that is no finite number"),
    "too many digits": (coco([found(bbox=[1])]).replace(b"[1]", b"[" + b"9" * 9999 + b"]"), "is no whole JSON"),
    "a negative size": (coco([found(bbox=[9, 9, -4, 4])]), "annotation 7 has a negative size: -4 by 4"),
    "no size": (coco([found(bbox=[9, 9, 0, 4])]), "annotation 7 has its right not beyond its left"),
    "a box outside": (coco([found(bbox=[90, 9, 4, 4])]), "annotation 7 lies outside the image of 20x30"),
    "another size": (
        coco(images=[{"id": 1, "file_name": "1.png", "width": 640, "height": 480}]),
        "the image 1 in {path} is of an image of 480x640, and the pair's has 20x30",
    ),
    "half a size": (coco(images=[{"id": 1, "file_name": "1.png", "width": 30}]), "image 1 has a height or width that"),
    "empty": (b"", "is no whole JSON"),
    "cut off": (coco([found()])[:-5], "is no whole JSON"),
    "deep": (b"[" * 100000, "is no whole JSON"),
    "a list": (b"[1, 2]", "is no annotation of COCO"),
    "no annotations": (b'{"images": [], "categories": []}', "is no annotation of COCO: it lacks one of the lists"),
    "no dictionaries": (coco([3]), "number 0 of its annotations has no id"),
}  # fmt: skip


def png(pixels: Any) -> bytes:
    return bytes(cv2.imencode(".png", pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint8))[1])


def _palette(values: int) -> bytes:
    image = Image.fromarray(np.full((HEIGHT, WIDTH), values, np.uint8), mode="P")
    image.putpalette(list(range(256)) * 3)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


_GRAY = np.zeros((HEIGHT, WIDTH), np.uint8)
_PNG = {
    "another size": (png(_GRAY[:10]), "is of an image of 10x30, and the pair's has 20x30"),
    "colours": (png(np.stack([_GRAY, _GRAY, _GRAY + 128], 2)), "holds colours, and a mask holds labels from 0"),
    "above the classes": (png(_GRAY + 9), "has the label 9, of 9 labels from 0"),
    "many above": (png(np.arange(600).reshape(20, 30).astype(np.uint8)), "label 9, 10, 11, 12, 13, 14, 15, 16, …"),
    "in a palette": (_palette(12), "has the label 12, of 9 labels from 0"),
    "16 bits": (png(_GRAY.astype(np.uint16) + 300), "holds values beyond 0 to 255"),
    "empty": (b"", "the file is empty"),
    "cut off": (png(np.arange(600).reshape(20, 30) % 9)[:-40], "is truncated or damaged"),
    "text": (b"0 0.5 0.5 0.1 0.1", "cannot read"),
}  # fmt: skip

CASES = [
    Case(name, kind, *case)
    for kind, cases in (("voc", _VOC), ("yolo", _YOLO), ("coco", _COCO), ("png", _PNG))
    for name, case in cases.items()
]
