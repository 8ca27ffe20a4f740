"""Masks: images whose values are labels, with a palette or gray."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..formats.picture import UnreadError
from ..formats.pillow import open_picture
from ..images import probe
from .objects import Frame
from .records import VOID

Mask = NDArray[np.uint8]
_SHOWN = 8  # labels that are named in a sentence


def read_mask(path: Path, places: Sequence[int | None], frame: Frame) -> Mask:
    """Read the classes of an image's pixels.

    Parameters
    ----------
    places : the place of the class of each label from 0; None for a label that means none, as 255 does.
    frame : the size of the pair.

    Returns
    -------
    uint8, shape (H, W) of the frame; `VOID` where a pixel is of no class.

    Raises
    ------
    InputError
        It is no whole image, of another size, in colours, or has a label that is no class; it names the file.
    """
    header = probe(path)
    height, width = header.height, header.width
    frame.scale((height, width), path)
    labels = _labels(path)
    table = np.full(256, VOID, np.uint8)
    table[: len(places)] = [VOID if place is None else place for place in places]
    high = np.unique(labels[(labels >= len(places)) & (labels != VOID)])
    if high.size:
        shown = ", ".join(map(str, high[:_SHOWN])) + (", …" if high.size > _SHOWN else "")
        raise InputError(f"{path} has the label {shown}, of {len(places)} labels from 0")
    return _fit(table[labels], frame)


def _labels(path: Path) -> Mask:
    """Read the values as they are stored: places in a palette, or gray ones."""
    try:
        with path.open("rb") as file, open_picture(file, path.suffix.lower()) as picture:
            if picture.mode == "1":
                picture = picture.convert("L")
                return (np.asarray(picture) > 0).astype(np.uint8)
            values = np.asarray(picture)
    except (UnreadError, LookupError, MemoryError, OSError) as error:
        raise InputError(f"cannot read the mask {path}: {str(error) or type(error).__name__}") from error
    if values.ndim == 3:
        colours = values[..., : 1 if values.shape[2] == 2 else 3]
        if (colours != colours[..., :1]).any():
            raise InputError(f"{path} holds colours, and a mask holds labels from 0, in gray or with a palette")
        values = colours[..., 0]
    if values.dtype != np.uint8:
        if values.dtype.kind not in "ui" or values.min(initial=0) < 0 or values.max(initial=0) > 255:
            raise InputError(f"{path} holds values beyond 0 to 255, and a mask holds labels of 8 bits")
        values = values.astype(np.uint8)
    return np.asarray(values)


def _fit(mask: Mask, frame: Frame) -> Mask:
    """Bring a mask to the size at which the pair is read: cut from the top left corner, or by the nearest pixel."""
    height, width = frame.size
    if mask.shape == frame.size or frame.policy == "crop":
        return mask[:height, :width]
    rows = (np.arange(height) + 0.5) * mask.shape[0] / height
    columns = (np.arange(width) + 0.5) * mask.shape[1] / width
    return np.asarray(mask[rows.astype(int)][:, columns.astype(int)])
