"""Images beside each other, with details of them magnified in a corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..drawing.style import new_figure, plain
from .telling import Box, Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Place = tuple[float, float, float, float]
Corner = Literal["lower left", "lower right", "upper left", "upper right", "below"]
Arrangement = tuple[Corner, float]  # where details stand, and which part of the image's width each takes there
CORNERS: tuple[Corner, ...] = ("lower left", "lower right", "upper left", "upper right")
BOX_COLOURS = ("#ff2d2d", "#2ddc46", "#ffd500", "#22b8ff")
GAP = 0.02  # inches between images
ZOOM = 0.42  # part of the image's width that a detail takes
SIZES = (ZOOM, 0.36, 0.3)  # and where it would hide a box
BELOW: Arrangement = ("below", 1.0)
HIGHEST = 0.45  # part of the image's height that a detail takes at most
STRIP = 0.7  # and that those below it take
LABEL = 0.17  # inches of a line of text


@dataclass(frozen=True)
class Panel:
    """An image, uint8 (H, W) or RGB (H, W, 3), and what it is."""

    label: str
    image: Image
    source: bool = False


def draw_panels(rows: list[list[Panel]], boxes: Sequence[Sequence[Box]], width: float, labels_once: bool) -> Figure:
    """Draw rows of images with their labels below, within `style`.

    It is laid out by hand, each row as high as its images need, so that no gap depends on a layout engine.

    Parameters
    ----------
    rows : of panels; those of a row show the same scene.
    boxes : for each row what to magnify, in pixels of the pair's first image.
    width : of the figure in inches.
    labels_once : label the last row only: a row is a pair, and its columns are the same.
    """
    columns = max(len(row) for row in rows)
    each = (width - GAP * (columns - 1)) / columns
    firsts = [size_of((row if labels_once else rows[0])[0].image) for row in rows]
    arranged = [arrangement(of_row, *first) for of_row, first in zip(boxes, firsts, strict=True)]
    # a label stands below each row; with a row for each pair, below the last one alone
    heights = [
        max(each * _height(panel, first, of_row, how) for panel in row)
        for row, of_row, first, how in zip(rows, boxes, firsts, arranged, strict=True)
    ]
    labelled = [not labels_once or number == len(rows) - 1 for number in range(len(rows))]
    size = float(np.clip(8 * each / 1.1, 5, 8))
    total = sum(heights) + GAP * (len(rows) - 1) + LABEL * sum(labelled)
    figure = new_figure(width, total, layout="none")
    top = total
    for row, of_row, first, how, height, with_label in zip(
        rows, boxes, firsts, arranged, heights, labelled, strict=True
    ):
        for place, panel in enumerate(row):
            wide, high = size_of(panel.image)
            mine = each * high / wide
            axes = figure.add_axes((place * (each + GAP) / width, (top - mine) / total, each / width, mine / total))
            _draw_panel(axes, panel, scaled(of_row, first, (wide, high)), how, each)
            if with_label:
                middle = (place * (each + GAP) + each / 2) / width
                text = figure.text(
                    middle, (top - height - 0.04) / total, plain(panel.label), ha="center", va="top", size=size
                )
                _shrink(text, figure, each)
        top -= height + GAP + LABEL * with_label
    return figure


def size_of(image: Image) -> tuple[int, int]:
    """Width and height."""
    return image.shape[1], image.shape[0]


def scaled(boxes: Sequence[Box], first: tuple[int, int], size: tuple[int, int]) -> list[Box]:
    """Find the boxes of a row's first image in another one of the row, both given by width and height.

    An image that lacks a few pixels was cropped by its method, and has the same pixels; another one has another scale.
    """
    wide, high = (mine / other for mine, other in zip(size, first, strict=True))
    if all(7 / 8 < ratio <= 1 for ratio in (wide, high)):
        wide = high = 1.0
    return [
        (round(x * wide), round(y * high), max(min(w, 1), round(w * wide)), max(min(h, 1), round(h * high)))
        for x, y, w, h in boxes
    ]


def _shrink(text: Text, figure: Figure, room: float) -> None:
    """Make a label that is wider than its image smaller, down to 4 points, and cut it where that is not enough."""

    def wide() -> float:
        return float(text.get_window_extent(figure.canvas.get_renderer()).width) / figure.dpi / room  # type: ignore[attr-defined]

    if (times := wide()) > 1:
        text.set_fontsize(max(4.0, float(text.get_fontsize()) / times))
    while wide() > 1 and len(text.get_text()) > 2:
        text.set_text(text.get_text().rstrip("…")[:-1].rstrip("\\") + "…")


def arrangement(boxes: Sequence[Box], width: int, height: int) -> Arrangement:
    """Find where details hide no box: in a corner, as large as can be, else below the image."""
    for size in SIZES:
        for corner in CORNERS:
            insets = _insets(boxes, width, height, (corner, size)) if boxes else []
            if not any(_overlap(inset, box) for inset in insets for box in boxes):
                return corner, size
    return BELOW


def _insets(boxes: Sequence[Box], width: int, height: int, how: Arrangement) -> list[Place]:
    """Where each detail stands, (left, top, width, height) in pixels of the image: beside each other, in one line."""
    corner, size = how
    edge = 0.008 * width
    room = width - edge * (len(boxes) - 1 + 2 * (how != BELOW))
    if how == BELOW:  # all of one height, as wide as the image together
        shapes = [(wide / high, 1.0) for _, _, wide, high in boxes]
        scale = min(STRIP * height, room / sum(wide for wide, _ in shapes))
    else:  # no detail is higher than this part of the image, and together they are no wider than all of it
        shapes = [(size * width, size * width * high / wide) for _, _, wide, high in boxes]
        highest = HIGHEST * size / ZOOM * height
        scale = min(1.0, *(highest / high for _, high in shapes), room / sum(wide for wide, _ in shapes))
    shapes = [(wide * scale, high * scale) for wide, high in shapes]
    places: list[Place] = []
    left = edge if how != BELOW else 0.0
    for wide, high in shapes:
        x = width - left - wide if corner.endswith("right") else left
        y = height + edge if how == BELOW else edge if corner.startswith("upper") else height - high - edge
        places.append((x, y, wide, high))
        left += wide + edge
    return places


def _height(panel: Panel, first: tuple[int, int], boxes: Sequence[Box], how: Arrangement) -> float:
    """How high a panel is with the details below it, as a part of its width."""
    wide, high = size_of(panel.image)
    insets = _insets(scaled(boxes, first, (wide, high)), wide, high, how) if boxes else []
    return max([float(high), *(top + tall for _, top, _, tall in insets)]) / wide


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def _draw_panel(axes: Axes, panel: Panel, boxes: Sequence[Box], how: Arrangement, inches: float) -> None:
    from matplotlib.patches import Rectangle

    height, width = panel.image.shape[:2]
    line = max(0.5, min(1.2, inches))
    _show(axes, panel.image)
    insets = _insets(boxes, width, height, how) if boxes else []
    for number, (box, inset) in enumerate(zip(boxes, insets, strict=True)):
        ink = BOX_COLOURS[number % len(BOX_COLOURS)]
        left, top, wide, high = box
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), wide, high, fill=False, edgecolor=ink, linewidth=line))
        x, y, w, h = inset
        magnified = axes.inset_axes((x / width, 1 - (y + h) / height, w / width, h / height))
        _show(magnified, panel.image[top : top + high, left : left + wide])
        magnified.axis("on")
        magnified.set(xticks=[], yticks=[])
        magnified.grid(visible=False)
        for spine in magnified.spines.values():
            spine.set(visible=True, edgecolor=ink, linewidth=line)


def _show(axes: Axes, image: Image) -> None:
    axes.imshow(image, interpolation="nearest", aspect="auto", cmap="gray", vmin=0, vmax=255)  # RGB ignores the map
    axes.axis("off")
