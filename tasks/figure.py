"""Figures of what models say of a pair: the boxes, or the masks, on both sources and on what methods made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..datasets import FusionDataset
from ..datasets.labels import VOID, Boxes
from ..drawing.style import COLOURS, TWO, new_figure, save, short, style
from ..results import Run
from .consistency import SURE
from .images import rows_of
from .models import Detector, Image, Segmenter
from .records import Detections

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 4
TRUTH = "#ffffff"
_OPACITY = 0.55  # of masks
_NONE = "#000000"  # pixels of no class
_LIGHTER = 0.5  # how far the colours of a second ten go towards white, of a third towards black

Mask = NDArray[np.uint8]
Panel = tuple[str, Callable[["Axes"], None]]


def boxes_figure(
    dataset: FusionDataset,
    pair: str,
    runs: Sequence[Run],
    detector: Detector,
    out: Path | None = None,
    truth: Boxes | None = None,
) -> Figure:
    """Draw the boxes of one pair.

    Parameters
    ----------
    dataset, pair : the data set, and the name of a pair of it.
    runs : the methods' stored runs.
    detector : looks at each image; what it finds with a score of 0.25 or more is drawn, a colour for each class.
    out : PDF or PNG, by its extension.
    truth : the labels, drawn dotted.

    Raises
    ------
    KeyError
        There is no such pair.
    """
    from matplotlib.patches import Patch

    images = _images(dataset, pair, runs)
    found = {label: detector.detect(image) for label, image in images.items()}
    inks = _inks(np.concatenate([each.classes[each.scores >= SURE] for each in found.values()]))
    handles: list[Artist] = [
        Patch(facecolor="none", edgecolor=ink, label=detector.classes[place]) for place, ink in inks.items()
    ]
    if truth is not None:
        handles.append(Patch(facecolor="none", edgecolor="#808080", linestyle=":", label="labelled"))

    def panel(label: str) -> Callable[[Axes], None]:
        return lambda axes: _draw_boxes(axes, images[label], found[label], truth, inks)

    size = next(iter(images.values())).shape
    return _panels([(label, panel(label)) for label in images], (size[0], size[1]), handles, out)


def masks_figure(
    dataset: FusionDataset,
    pair: str,
    runs: Sequence[Run],
    segmenter: Segmenter,
    out: Path | None = None,
    truth: tuple[Mask, Sequence[str]] | None = None,
) -> Figure:
    """Draw the masks of one pair over its images, and the true one over source b; see `boxes_figure`.

    Parameters
    ----------
    segmenter : looks at each image. A colour for each class that is in any mask; pixels of no class are black.
    truth : the true mask, and the names of its classes.
    """
    from matplotlib.patches import Patch

    images = _images(dataset, pair, runs)
    layers = {label: (image, segmenter.segment(image), segmenter.classes) for label, image in images.items()}
    if truth is not None:
        layers["labelled"] = (list(images.values())[1], *truth)
    shown = {
        label: [(names[place] if place < len(names) else "") for place in np.unique(mask)]
        for label, (_, mask, names) in layers.items()
    }
    order = dict.fromkeys([*(truth[1] if truth else ()), *segmenter.classes])
    present = {name for each in shown.values() for name in each}
    kept = [name for name in order if name in present]
    inks = {kept[place]: ink for place, ink in _inks(np.arange(len(kept))).items()}
    handles: list[Artist] = [Patch(facecolor=ink, label=name) for name, ink in inks.items()]
    if "" in present:
        handles.append(Patch(facecolor=_NONE, label="void: no class, and not scored where labelled so"))

    def panel(image: Image, mask: Mask, names: Sequence[str]) -> Callable[[Axes], None]:
        return lambda axes: _draw_mask(axes, image, mask, [inks.get(name, _NONE) for name in names])

    size = next(iter(images.values())).shape
    panels = [(label, panel(*layer)) for label, layer in layers.items()]
    return _panels(panels, (size[0], size[1]), handles, out)


def _images(dataset: FusionDataset, pair: str, runs: Sequence[Run]) -> dict[str, Image]:
    chosen = dataset[pair]
    return {row.label: row.read(chosen) for row in rows_of(dataset, runs)}


def _inks(places: NDArray[np.int64]) -> dict[int, str]:
    """Give each of some numbers a colour: ten that stay apart, then lighter and darker ones."""
    from matplotlib.colors import to_hex, to_rgb

    inks = {}
    for index, place in enumerate(np.unique(places)):
        colour, turn = np.array(to_rgb(COLOURS[index % len(COLOURS)])), index // len(COLOURS) % 3
        red, green, blue = (colour, colour + (1 - colour) * _LIGHTER, colour * (1 - _LIGHTER))[turn].tolist()
        inks[int(place)] = to_hex((red, green, blue))
    return inks


def _panels(panels: Sequence[Panel], size: tuple[int, int], handles: Sequence[Artist], out: Path | None) -> Figure:
    across = min(ACROSS, len(panels))
    down = math.ceil(len(panels) / across)
    legend = 0.25 * math.ceil(len(handles) / 8)
    with style():
        picture = new_figure(TWO, down * (TWO / across * size[0] / size[1] + 0.2) + legend)
        for place, (label, draw) in enumerate(panels, start=1):
            axes = picture.add_subplot(down, across, place)
            axes.set_title(short(label), fontsize=8, pad=2)
            axes.set_axis_off()
            draw(axes)
        if handles:
            picture.legend(handles=list(handles), loc="outside lower center", ncols=min(len(handles), 8))
        if out is not None:
            save(picture, out, 300)
    return picture


def _draw_boxes(axes: Axes, image: Image, found: Detections, truth: Boxes | None, inks: Mapping[int, str]) -> None:
    from matplotlib.patches import Rectangle

    axes.imshow(image, interpolation="none")
    for left, top, right, bottom in truth.corners if truth is not None else ():
        box = Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False, edgecolor=TRUTH, linestyle=":")
        axes.add_patch(box)
    for corners, place, score in zip(found.corners, found.classes, found.scores, strict=True):
        if score >= SURE:
            left, top, right, bottom = corners - 0.5  # matplotlib's pixels have their middle at whole numbers
            ink = inks[int(place)]
            axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=ink, linewidth=1))


def _draw_mask(axes: Axes, image: Image, mask: Mask, colours: Sequence[str]) -> None:
    from matplotlib.colors import to_rgb

    table = np.tile(to_rgb(_NONE), (VOID + 1, 1))
    table[: len(colours)] = [to_rgb(ink) for ink in colours]
    axes.imshow(image / 255 * (1 - _OPACITY) + table[mask] * _OPACITY, interpolation="none")
