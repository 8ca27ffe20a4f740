"""Detectors as ONNX files, computed by OpenCV: YOLOX as its authors export it, and the layout of YOLOv8 and later.

YOLOX (doi:10.48550/arXiv.2107.08430): BGR values 0 to 255, the image at the top left of a square filled with 114. Each
row of its output is one cell of a grid with stride 8, 16 or 32: centre = (xy + cell) x stride, size = exp(wh) x stride;
then whether there is an object, and the score of each class.

YOLOv8: RGB values 0 to 1, the image in the middle. Each column of its output is a box in pixels of the square, centre
and size, and the score of each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ...datasets.annotations import in_words_of_coco
from ...datasets.labels.yolo import read_classes
from ...errors import InputError
from ...files import sha256_of
from ..measures.matching import overlap as overlap_of
from ..records import Detections
from .coco import CLASSES
from .interface import Image

Layout = Literal["yolox", "yolov8"]
USUAL = 640  # pixels, the side of the square that is looked at, where the file leaves it open
STRIDES = (8, 16, 32)
LEAST = 0.01  # the score from which on a detection counts, as in YOLOX's own evaluation
OVERLAP = 0.65  # above which the less sure of two boxes of a class goes, as there
MOST = 100  # detections of an image, as COCO counts them
_GRAY = 114


@dataclass(frozen=True)
class _Square:
    """An image in a square: by what it was shrunk or enlarged, and where it begins."""

    pixels: NDArray[np.uint8]
    scale: float
    left: int
    top: int


class OnnxDetector:
    """A detector in an ONNX file.

    Parameters
    ----------
    path : the file. Its classes are COCO's eighty, or stand in a text file beside it (`model.txt`), a line each.
    label : what results call it.

    Raises
    ------
    InputError
        The file cannot be read, its output is of no layout that is known, or its classes are not told.
    """

    def __init__(self, path: Path, label: str) -> None:
        self.label, self._path = label, path
        try:
            self.digest = sha256_of(path)
            self._net = cv2.dnn.readNetFromONNX(str(path))
        except OSError as error:
            raise InputError(f"cannot read the detector {path}: {(error.strerror or str(error)).lower()}") from error
        except cv2.error as error:
            raise InputError(f"{path} is no ONNX file that OpenCV can read: {_reason(error)}") from error
        self._side, self._layout, count = self._probe()
        self.classes: Sequence[str] = self._classes(count)

    def __reduce__(self) -> tuple[Any, ...]:
        return OnnxDetector, (self._path, self.label)

    def _probe(self) -> tuple[int, Layout, int]:
        """Find the side of the square in the file, the layout by the shape of what comes, and the number of classes."""
        known = "YOLOX (1xNx(5+classes)) or YOLOv8 (1x(4+classes)xN)"
        height, width = (0, 0, *input_shape(self._path.read_bytes()))[-2:]
        if height != width or height % max(STRIDES):
            raise InputError(f"{self._path} takes images of {height}x{width}: squares of whole cells of 32 are read")
        side = height or USUAL
        try:
            shape = self._forward(np.full((side, side, 3), _GRAY, np.uint8), "yolox").shape
        except cv2.error as error:
            raise InputError(f"{self._path} is no detector of a known layout, {known}: {_reason(error)}") from error
        cells = sum((side // stride) ** 2 for stride in STRIDES)
        if len(shape) == 2 and shape[0] == cells and shape[1] > 5:
            return side, "yolox", shape[1] - 5
        if len(shape) == 2 and shape[1] == cells and shape[0] > 4:
            return side, "yolov8", shape[0] - 4
        gives = "x".join(map(str, shape))
        raise InputError(f"{self._path} is no detector of a known layout, {known}: it gives {gives} for {side}x{side}")

    def _classes(self, count: int) -> Sequence[str]:
        beside = self._path.with_suffix(".txt")
        if beside.is_file():
            names = read_classes(beside)
            if len(names) != count:
                raise InputError(f"{beside} lists {len(names)} classes, and {self._path.name} has {count}")
            return tuple(map(in_words_of_coco, names))
        if count != len(CLASSES):
            raise InputError(
                f"{self._path} has {count} classes, not COCO's {len(CLASSES)}: name them, a line each, in {beside}"
            )
        return CLASSES

    def _forward(self, square: NDArray[np.uint8], layout: Layout) -> NDArray[np.float32]:
        yolox = layout == "yolox"
        values = np.ascontiguousarray(square[..., ::-1] if yolox else square, np.float32) / (1 if yolox else 255)
        self._net.setInput(np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32))
        output: NDArray[np.float32] = np.asarray(self._net.forward())
        return output[0] if output.ndim == 3 else output

    def detect(self, image: Image) -> Detections:
        """Find the objects of an image; see `Detector`."""
        square = _in_square(image, self._side, centred=self._layout == "yolov8")
        output = self._forward(square.pixels, self._layout).astype(np.float64)
        boxes, scores = (_yolox if self._layout == "yolox" else _yolov8)(output, self._side)
        return _chosen(boxes, scores, square, image.shape[:2])


def _in_square(image: Image, side: int, centred: bool) -> _Square:
    height, width = image.shape[:2]
    scale = min(side / height, side / width)
    size = (
        max(1, round(width * scale) if centred else int(width * scale)),
        max(1, round(height * scale) if centred else int(height * scale)),
    )
    left, top = ((side - size[0]) // 2, (side - size[1]) // 2) if centred else (0, 0)
    square = np.full((side, side, 3), _GRAY, np.uint8)
    square[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return _Square(square, scale, left, top)


def _yolox(output: NDArray[np.float64], side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give boxes (N, 4), centre and size in pixels of the square, and scores (N, classes)."""
    cells, strides = [], []
    for stride in STRIDES:
        count = side // stride
        y, x = np.mgrid[:count, :count]
        cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        strides.append(np.full((count * count, 1), stride))
    grid, stride_of = np.concatenate(cells), np.concatenate(strides)
    boxes = np.concatenate([(output[:, :2] + grid) * stride_of, np.exp(output[:, 2:4]) * stride_of], axis=1)
    return boxes, output[:, 4:5] * output[:, 5:]


def _yolov8(output: NDArray[np.float64], side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return output[:4].T, output[4:].T


def _chosen(
    boxes: NDArray[np.float64], scores: NDArray[np.float64], square: _Square, size: tuple[int, ...]
) -> Detections:
    """Take the surest class of each box, drop what others cover, and bring the rest to pixels of the image."""
    classes = scores.argmax(axis=1)
    best = scores.max(axis=1)
    sure = (best >= LEAST) & np.isfinite(boxes).all(axis=1)
    boxes, classes, best = boxes[sure], classes[sure], best[sure]
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
    kept = suppress(corners, classes, best, OVERLAP)[:MOST]
    corners = (corners[kept] - np.array([square.left, square.top] * 2)) / square.scale
    height, width = size[:2]
    corners = np.clip(corners, 0, [width, height, width, height])
    whole = (corners[:, 2:] > corners[:, :2]).all(axis=1)
    return Detections(corners[whole], classes[kept][whole].astype(np.int64), best[kept][whole])


def suppress(
    corners: NDArray[np.float64], classes: NDArray[np.int64], scores: NDArray[np.float64], overlap: float
) -> NDArray[np.int64]:
    """Choose boxes, the surest first, without those that a surer one of their class overlaps by more.

    Parameters
    ----------
    corners, classes, scores : as of `Detections`.
    overlap : intersection over union.

    Returns
    -------
    int64, the places of the boxes that stay.
    """
    order = np.argsort(-scores, kind="stable")
    corners, classes = corners[order], classes[order]
    stays, crowd = np.ones(len(order), bool), np.zeros(1, bool)
    for place in range(len(order)):
        if stays[place]:
            rest = slice(place + 1, None)
            covered = overlap_of(corners[rest], corners[place : place + 1], crowd)[:, 0] > overlap
            stays[rest] &= ~(covered & (classes[rest] == classes[place]))
    return order[stays].astype(np.int64)


def input_shape(data: bytes) -> tuple[int, ...]:
    """Read from an ONNX file the shape of its first input; 0 for what it leaves open, () where it tells nothing.

    The file is a protocol buffer: ModelProto.graph = 7, GraphProto.input = 11, ValueInfoProto.type = 2,
    TypeProto.tensor_type = 1, Tensor.shape = 2, TensorShapeProto.dim = 1, Dimension.dim_value = 1
    (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
    """
    message: bytes | int = data
    try:
        for wanted in (7, 11, 2, 1, 2):
            assert isinstance(message, bytes)
            message = next(value for number, value in _fields(message) if number == wanted)
        assert isinstance(message, bytes)
        sides = [dict(_fields(value)) for number, value in _fields(message) if number == 1 and isinstance(value, bytes)]
        return tuple(side if isinstance(side := each.get(1, 0), int) else 0 for each in sides)
    except (StopIteration, IndexError, AssertionError):
        return ()


def _fields(message: bytes) -> list[tuple[int, bytes | int]]:
    """Split a protocol buffer's message into its fields, by their numbers."""
    fields: list[tuple[int, bytes | int]] = []
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(message, place)
            fields.append((number, value))
        elif kind == 2:
            length, place = _varint(message, place)
            fields.append((number, message[place : place + length]))
            place += length
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            break
    return fields


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _reason(error: cv2.error) -> str:
    return " ".join(str(error).split())[-160:]
