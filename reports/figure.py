"""The qualitative comparison of a paper: sources and methods side by side, details magnified in a corner."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..drawing.style import TWO, check_format, save, style
from ..errors import InputError, unknown
from ..results import Results
from ..results.leaderboard.boards import Board, Entry, make_boards
from ..results.runs import Kind
from .labels import display_names
from .panels import Panel, draw_panels, scaled, size_of
from .telling import Box, Image, telling_box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AUTO: Literal["auto"] = "auto"
Wanted = Box | Literal["auto"]
Sources = Callable[[str, str], Sequence[tuple[str, Image]]]


def figure(
    results: Results,
    out: Path | None = None,
    *,
    dataset: str | None = None,
    pair: str | Sequence[str],
    methods: Sequence[str] | None = None,
    boxes: Sequence[Wanted] = (),
    own: Mapping[str, Sequence[Wanted]] | None = None,
    sources: Sources | None = None,
    columns: int | None = None,
    gray: bool = False,
    names: Mapping[str, str] | None = None,
    serif: bool = False,
    found: Callable[[str, Box], None] = lambda pair, box: None,
    width: float = TWO,
    dpi: int = 300,
) -> Figure:
    """Draw sources and fused images of one pair or several, with zoom boxes, and write PDF or PNG.

    Parameters
    ----------
    results : of the folder given to `run`.
    out : the file to write, .pdf or .png; None only draws.
    dataset : its label; may be left out where there are results of one only.
    pair : name of the pair, or of several, which get a row each.
    methods : their labels, in the order wanted; by default all that have the pair, by name.
    boxes : what to magnify: (left, top, width, height) in pixels of the pair's first image, or AUTO for a box in which
        the methods' images differ most. Each is framed, and shown where it hides none of them: in a corner, for all
        images of a pair the same, or below.
    own : those of single pairs, in place of `boxes`.
    sources : gives for data set and pair the labelled sources, as (label, image) with images (H, W) or (H, W, 3),
        uint8, or uint16 at full range; None leaves them out.
    columns : images in a row; by default all of a pair in one row, up to six, or rows of nearly equal length. With
        several pairs each has a row of its own.
    gray : show what the method gave, which was scored, even where there is a coloured image.
    names : what to print for a method's label.
    serif : letter in Times.
    found : called with the name of a pair and each box that was searched.
    width : of the figure in inches; the default is that of two columns of an IEEE paper.
    dpi : of the PNG.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        There is no such data set, method, pair or image, a box is outside the image, or the extension of `out` is
        another one.
    """
    if out is not None:
        check_format(out)
    board, *others = make_boards(results, datasets=None if dataset is None else {dataset})
    if others:
        labels = ", ".join(each.dataset for each in (board, *others))
        raise InputError(f"there are results of several data sets: say with --dataset which of {labels}")
    pairs = [pair] if isinstance(pair, str) else list(pair)
    names = display_names([board], names)
    rows = [_panels(board, name, methods, sources, gray, names) for name in pairs]
    places = [
        _boxes((own or {}).get(name, boxes), panels, name, found) for panels, name in zip(rows, pairs, strict=True)
    ]
    if len(rows) == 1:
        rows = _broken(rows[0], columns)
        places *= len(rows)
    with style(serif):
        picture = draw_panels(rows, places, width, len(pairs) > 1)
    if out is not None:
        save(picture, out, dpi, serif)
    return picture


def parse_boxes(texts: Sequence[str], pairs: Sequence[str]) -> tuple[list[Wanted], dict[str, list[Wanted]]]:
    """Read what to magnify: the boxes of all pairs, and those of the pairs that are named, as PAIR:BOX.

    Examples
    --------
    >>> parse_boxes(["120,80,60,60", "night:auto"], ["day", "night"])
    ([(120, 80, 60, 60)], {'night': ['auto']})
    """
    boxes: list[Wanted] = []
    own: dict[str, list[Wanted]] = {}
    for text in texts:
        pair, _, rest = text.rpartition(":")
        if pair and pair not in pairs:
            raise unknown("pair of this figure", pair, pairs)
        (own.setdefault(pair, []) if pair else boxes).append(parse_box(rest))
    return boxes, own


def parse_box(text: str) -> Wanted:
    """Read a box from left,top,width,height in pixels, or auto.

    Examples
    --------
    >>> parse_box("120,80,60,60")
    (120, 80, 60, 60)
    """
    if text.strip() == AUTO:
        return AUTO
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{text!r} is not a box: give left,top,width,height in pixels, as in 120,80,60,60, or auto"
        ) from None
    if min(left, top) < 0 or min(width, height) < 1:
        raise InputError(f"the box {text} is empty or begins outside the image: give left,top,width,height in pixels")
    return left, top, width, height


def _panels(
    board: Board,
    pair: str,
    methods: Sequence[str] | None,
    sources: Sources | None,
    gray: bool,
    names: Mapping[str, str],
) -> list[Panel]:
    if pair not in board.names:
        raise unknown(f"pair of {board.dataset}", pair, board.names)
    entries = {entry.method: entry for entry in board.entries}
    for method in methods or ():
        if method not in entries:
            raise unknown(f"method on {board.dataset}", method, entries)
    panels = [
        Panel(label, _eight_bit(image), source=True)
        for label, image in (sources(board.dataset, pair) if sources else ())
    ]
    for method in methods or entries:
        path = _path(entries[method], pair, gray)
        if path is not None:
            panels.append(Panel(names.get(method, method), _read(path)))
        elif methods:
            raise InputError(f"{method} has no image of {pair} on {board.dataset}: run it again, or leave it out")
    if not panels:
        raise InputError(f"no method has an image of {pair} on {board.dataset}: run one on it first")
    return panels


def _path(entry: Entry, pair: str, gray: bool) -> Path | None:
    kinds: tuple[Kind, ...] = ("fused",) if gray else ("colour", "fused")
    paths = [entry.run.folder.image(pair, kind) for kind in kinds] if entry.run else []
    return next((path for path in paths if path.is_file()), None)


def _read(path: Path) -> Image:
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with Pillow.open(path) as opened:
            mode = "L" if opened.mode in ("1", "L", "LA", "I", "I;16", "F") else "RGB"
            return np.asarray(opened.convert(mode))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"{path} cannot be read ({error}): delete it and run its method again") from error


def _eight_bit(image: Image) -> Image:
    return image if image.dtype == np.uint8 else (np.asarray(image, dtype=np.float64) / 257).round().astype(np.uint8)


def _boxes(wanted: Sequence[Wanted], panels: list[Panel], pair: str, found: Callable[[str, Box], None]) -> list[Box]:
    """Check what to magnify of a pair, and search what is to be searched."""
    boxes = [box for box in wanted if box != AUTO]
    fused = [panel.image for panel in panels if not panel.source]
    first = size_of(panels[0].image)
    compared = fused if len(fused) > 1 else [panel.image for panel in panels]
    for _ in range(len(wanted) - len(boxes)):
        box = telling_box(compared, scaled(boxes, first, size_of(compared[0])))
        boxes += scaled([box], size_of(compared[0]), first)
        found(pair, boxes[-1])
    for panel in panels:
        width, height = size_of(panel.image)
        for left, top, wide, high in scaled(boxes, first, (width, height)):
            if left < 0 or top < 0 or min(wide, high) < 1 or left + wide > width or top + high > height:
                raise InputError(
                    f"the box {left},{top},{wide},{high} is not inside {pair} of {panel.label}, which is "
                    f"{width} wide and {height} high: give left,top,width,height in pixels, or for this pair "
                    f"alone {pair}:left,top,width,height"
                )
    return boxes


def _broken(panels: list[Panel], columns: int | None) -> list[list[Panel]]:
    """Break the images of one pair into rows of nearly equal length."""
    if columns is None:
        lines = math.ceil(len(panels) / 6)
        columns = math.ceil(len(panels) / lines)
    return [panels[start : start + columns] for start in range(0, len(panels), columns)]
