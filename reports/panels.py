"""Images beside each other, with details of them magnified in a corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..drawing.style import new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Image = NDArray[np.generic]
Box = tuple[int, int, int, int]  # left, top, width, height in pixels
Place = tuple[float, float, float, float]
Corner = Literal["lower left", "lower right", "upper left", "upper right"]
CORNERS: tuple[Corner, ...] = ("lower left", "lower right", "upper left", "upper right")
BOX_COLOURS = ("#ff2d2d", "#2ddc46", "#ffd500", "#22b8ff")
GAP = 0.02  # inches between images
ZOOM = 0.42  # part of the image's width that a detail takes
HIGHEST = 0.45  # part of the image's height that a detail takes at most
LABEL = 0.17  # inches of a line of text


@dataclass(frozen=True)
class Panel:
    """An image, uint8 (H, W) or RGB (H, W, 3), and what it is."""

    label: str
    image: Image


def draw_panels(rows: list[list[Panel]], boxes: Sequence[Box], width: float, labels_once: bool) -> Figure:
    """Draw rows of images with their labels below, within `style`.

    It is laid out by hand, each row as high as its images need, so that no gap depends on a layout engine.

    Parameters
    ----------
    rows : of panels; those of a row show the same scene.
    boxes : what to magnify in each of them, in a corner.
    width : of the figure in inches.
    labels_once : label the last row only: a row is a pair, and its columns are the same.
    """
    columns = max(len(row) for row in rows)
    each = (width - GAP * (columns - 1)) / columns
    # a label stands below each row; with a row for each pair, below the last one alone
    heights = [max(each * panel.image.shape[0] / panel.image.shape[1] for panel in row) for row in rows]
    labelled = [not labels_once or number == len(rows) - 1 for number in range(len(rows))]
    size = float(np.clip(8 * each / 1.1, 5, 8))
    total = sum(heights) + GAP * (len(rows) - 1) + LABEL * sum(labelled)
    figure = new_figure(width, total, layout="none")
    top = total
    for row, height, with_label in zip(rows, heights, labelled, strict=True):
        corner = _best_corner(row, boxes)
        for place, panel in enumerate(row):
            axes = figure.add_axes((place * (each + GAP) / width, (top - height) / total, each / width, height / total))
            _draw_panel(axes, panel, boxes, corner, each)
            if with_label:
                middle = (place * (each + GAP) + each / 2) / width
                text = figure.text(
                    middle, (top - height - 0.04) / total, plain(panel.label), ha="center", va="top", size=size
                )
                _shrink(text, figure, each)
        top -= height + GAP + LABEL * with_label
    return figure


def _shrink(text: Text, figure: Figure, room: float) -> None:
    """Make a label that is wider than its image smaller, down to 4 points, and cut it where that is not enough."""

    def wide() -> float:
        return float(text.get_window_extent(figure.canvas.get_renderer()).width) / figure.dpi / room  # type: ignore[attr-defined]

    if (times := wide()) > 1:
        text.set_fontsize(max(4.0, float(text.get_fontsize()) / times))
    while wide() > 1 and len(text.get_text()) > 2:
        text.set_text(text.get_text().rstrip("…")[:-1].rstrip("\\") + "…")


def _best_corner(row: list[Panel], boxes: Sequence[Box]) -> Corner:
    """Find the corner in which details hide least of the boxes."""
    height, width = row[0].image.shape[:2]

    def hidden(corner: Corner) -> float:
        insets = _insets(boxes, width, height, corner) if boxes else []
        return sum(_overlap(inset, box) for inset in insets for box in boxes)

    return min(CORNERS, key=hidden)


def _insets(boxes: Sequence[Box], width: int, height: int, corner: Corner) -> list[Place]:
    """Where each detail stands in the image, (left, top, width, height): beside each other, along one edge."""
    shapes = [(ZOOM * width, ZOOM * width * high / wide) for _, _, wide, high in boxes]
    edge = 0.008 * width
    # no detail is higher than this part of the image, and together they are no wider than all of it
    room = width - edge * (1 + len(shapes))
    scale = min(1.0, *(HIGHEST * height / high for _, high in shapes), room / sum(wide for wide, _ in shapes))
    shapes = [(wide * scale, high * scale) for wide, high in shapes]
    places: list[Place] = []
    left = edge
    for wide, high in shapes:
        x = left if corner.endswith("left") else width - left - wide
        y = edge if corner.startswith("upper") else height - high - edge
        places.append((x, y, wide, high))
        left += wide + edge
    return places


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def _draw_panel(axes: Axes, panel: Panel, boxes: Sequence[Box], corner: Corner, inches: float) -> None:
    from matplotlib.patches import Rectangle

    height, width = panel.image.shape[:2]
    line = max(0.5, min(1.2, inches))
    _show(axes, panel.image)
    insets = _insets(boxes, width, height, corner) if boxes else []
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
