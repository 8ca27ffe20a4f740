"""The qualitative comparison of a paper: sources and methods side by side, details magnified in a corner."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..drawing.style import check_format, save, style
from ..errors import InputError, unknown
from ..results import Results
from ..results.leaderboard.boards import Board, Entry, make_boards
from ..results.runs import Kind
from .panels import Box, Image, Panel, draw_panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Sources = Callable[[str, str], Sequence[tuple[str, Image]]]


def figure(
    results: Results,
    out: Path | None = None,
    *,
    dataset: str | None = None,
    pair: str | Sequence[str],
    methods: Sequence[str] | None = None,
    boxes: Sequence[Box] = (),
    sources: Sources | None = None,
    columns: int | None = None,
    gray: bool = False,
    names: Mapping[str, str] | None = None,
    width: float = 7.16,
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
    boxes : (left, top, width, height) in pixels of what to magnify; each is framed, and shown in the corner
        that hides least of them, for all images of a pair the same.
    sources : gives for data set and pair the labelled sources, as (label, image) with images (H, W) or (H, W, 3),
        uint8, or uint16 at full range; None leaves them out.
    columns : images in a row; by default all of a pair in one row, up to six, or rows of nearly equal length. With
        several pairs each has a row of its own.
    gray : show what the method gave, which was scored, even where there is a coloured image.
    names : what to print for a method's label.
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
    rows = [_panels(board, name, methods, sources, gray, names or {}) for name in pairs]
    for panels, name in zip(rows, pairs, strict=True):
        _check_boxes(boxes, panels, name)
    if len(rows) == 1:
        rows = _broken(rows[0], columns)
    with style():
        picture = draw_panels(rows, boxes, width, len(pairs) > 1)
    if out is not None:
        save(picture, out, dpi)
    return picture


def parse_box(text: str) -> Box:
    """Read a box from left,top,width,height in pixels.

    Examples
    --------
    >>> parse_box("120,80,60,60")
    (120, 80, 60, 60)
    """
    try:
        left, top, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{text!r} is not a box: give left,top,width,height in pixels, as in 120,80,60,60") from None
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
    panels = [Panel(label, _eight_bit(image)) for label, image in (sources(board.dataset, pair) if sources else ())]
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


def _check_boxes(boxes: Sequence[Box], panels: list[Panel], pair: str) -> None:
    for panel in panels:
        height, width = panel.image.shape[:2]
        for left, top, wide, high in boxes:
            if left < 0 or top < 0 or min(wide, high) < 1 or left + wide > width or top + high > height:
                raise InputError(
                    f"the box {left},{top},{wide},{high} is not inside {pair} of {panel.label}, which is "
                    f"{width} wide and {height} high: give left,top,width,height in pixels"
                )


def _broken(panels: list[Panel], columns: int | None) -> list[list[Panel]]:
    """Break the images of one pair into rows of nearly equal length."""
    if columns is None:
        lines = math.ceil(len(panels) / 6)
        columns = math.ceil(len(panels) / lines)
    return [panels[start : start + columns] for start in range(0, len(panels), columns)]
