"""Pairs that are one file: the colours are the visible image, the further channel the thermal one (MFNet, RTFNet)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .finding.folders import is_folder, subfolders
from .finding.search import files
from .finding.sources import DatasetFiles, SourceFiles
from .images import UnreadableImageError, is_image_name, probe, read_picture
from .ranges import Ranges
from .spec import Layout

NO_FURTHER_CHANNEL = "it has no further channel beside its colours, which --rgbt takes for the thermal image"
_LOOKED_AT = 5  # files of a folder that are looked at to find out what it holds


def read_rgbt(path: Path, ranges: Ranges) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read the further channel of a file, (H, W), and its colours, (H, W) or RGB (H, W, 3), as uint8.

    Raises
    ------
    UnreadableImageError
        It cannot be read, has no further channel, or no known range.
    """
    picture = read_picture(path, alpha=True)
    if picture.alpha is None:
        raise UnreadableImageError(path, NO_FURTHER_CHANNEL)
    try:
        a = ranges.a.eight_bit(picture.alpha, picture.maximum)
        return a, ranges.b.eight_bit(picture.pixels, picture.maximum)
    except InputError as error:
        raise UnreadableImageError(path, str(error)) from error


def find_rgbt(root: Path) -> DatasetFiles | None:
    """Look for images of four channels: in `images`, in the folders of splits, in any other folder, or in `root`."""
    for template in _templates(root):
        both = files(root, template)
        if _has_alpha(both):
            return DatasetFiles(root, Layout(template, template), both, both, SourceFiles())
    return None


def hint(root: Path) -> str:
    """Offer --rgbt where a folder holds images of four channels; empty where it does not."""
    pairs = find_rgbt(root) if is_folder(root) else None
    if pairs is None:
        return ""
    where = " and ".join(str(folder.relative_to(root)) for folder in pairs.folders[0][:2])
    where = str(root) if where == "." else where
    return f"; the images in {where} have four channels: if the fourth is the thermal image, say --rgbt"


def _templates(root: Path) -> Iterator[str]:
    known = "(images?|rgbt)"
    usual = (f"{known}/{{name}}", f"{{split}}/{known}/{{name}}", f"{known}/{{split}}/{{name}}", "{split}/{name}")
    other = (f"{re.escape(folder.name)}/{{name}}" for folder in subfolders(root))
    yield from (*usual, *other, "{name}")


def _has_alpha(images: SourceFiles) -> bool:
    paths = [path for alike in list(images.paths.values())[:_LOOKED_AT] for path in alike]
    return any(_alpha(path) for path in paths if is_image_name(path))


def _alpha(path: Path) -> bool:
    try:
        return probe(path).alpha
    except UnreadableImageError:  # whoever loads the data set says so
        return False
