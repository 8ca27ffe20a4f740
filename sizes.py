"""Sizes of images: as people write them, HEIGHTxWIDTH in pixels, and which images have the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .errors import InputError


def parse_size(text: str, what: str = "a size") -> tuple[int, int]:
    """Read "480x640" as height and width, in pixels, each from 1 to 99999.

    Parameters
    ----------
    what : has this size; the error's sentence begins with it.

    Raises
    ------
    InputError
        It is not of this form.

    Examples
    --------
    >>> parse_size("480x640")
    (480, 640)
    """
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text.strip())
    if match is None or not (int(match[1]) and int(match[2])):
        raise InputError(f"{what} is HEIGHTxWIDTH in pixels, like 480x640, not {text!r}")
    return int(match[1]), int(match[2])


def parse_size_or_auto(text: str, what: str = "a size") -> tuple[int, int] | None:
    """Read a size, or None for "auto", which leaves the choice to the program.

    Raises
    ------
    InputError
        It is neither.
    """
    if text.strip() == "auto":
        return None
    try:
        return parse_size(text, what)
    except InputError as error:
        raise InputError(f"{error}; or auto") from error


def by_size(images: Sequence[Any]) -> list[list[int]]:
    """Put the places of images of one shape together: they can be stacked.

    Parameters
    ----------
    images : anything that has a shape.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for i, image in enumerate(images):
        groups.setdefault(tuple(image.shape), []).append(i)
    return list(groups.values())
