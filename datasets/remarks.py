"""What is worth saying of files that can be read: a small part of the range used, alpha dropped, further pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from .formats import Header, Picture
from .images import UnreadableImageError, read_picture
from .pair import Side
from .ranges import Rule, refusal

_FEW_LEVELS = 128  # of 256; a file is said to be narrow where so few are left, and it holds more than twice as many
_LOOKED_AT = 64  # files of a source that a run looks at, spread over the data set; `check` looks at all
_NAMED = 3


@dataclass(frozen=True)
class Remark:
    """What a file turned out to be when it was decoded.

    Attributes
    ----------
    file : folder and name.
    low, high : the smallest and the largest value.
    maximum : the largest value that it could hold; None where that is not known.
    levels : how many of 256 gray levels are left of its values; 0 where enough are.
    alpha : "constant" or "varying", where it has a further channel that is dropped.
    pages : how many pictures it holds.
    """

    file: str
    low: float = 0
    high: float = 0
    maximum: int | None = None
    levels: int = 0
    alpha: Literal["", "constant", "varying"] = ""
    pages: int = 1


def remark_on(picture: Picture, path: Path, rule: Rule, thermal: bool = False, rgbt: bool = False) -> Remark:
    """Say how much of its range a decoded file uses, and what its further channel is.

    Parameters
    ----------
    picture : with its further channel, where there is one.
    thermal : whether the further channel is the source, not the colours.
    rgbt : whether the further channel is used.
    """
    pixels = picture.alpha if thermal and picture.alpha is not None else picture.pixels
    low, high, levels = 0.0, 0.0, 0
    if refusal(picture.header, rule) is None and picture.header.deep:
        low, high = float(pixels.min()), float(pixels.max())
        levels = len(np.unique(rule.eight_bit(pixels, picture.maximum)))
        if levels >= _FEW_LEVELS or len(np.unique(pixels)) <= 2 * levels:
            levels = 0
    alpha: Literal["", "constant", "varying"] = ""
    if picture.alpha is not None and not rgbt:
        alpha = "constant" if picture.alpha.min() == picture.alpha.max() else "varying"
    name = f"{path.parent.name}/{path.name}"
    return Remark(name, low, high, picture.maximum, levels, alpha, picture.header.pages)


def is_odd(header: Header) -> bool:
    """Whether a header gives cause to look at the values of its file."""
    return header.deep or header.alpha or header.pages > 1


def remarks_on(side: Side, headers: Mapping[Path, Header], rule: Rule, rgbt: bool) -> list[str]:
    """Say, in a sentence for each kind, what a run should know of the files of a source that it reads.

    Up to 64 of them are decoded for that, and only where their headers give cause.
    """
    odd = [path for path, header in headers.items() if is_odd(header)]
    if len(odd) > _LOOKED_AT:
        odd = [odd[i] for i in np.linspace(0, len(odd) - 1, _LOOKED_AT).round().astype(int)]

    def look(path: Path) -> Remark | None:
        try:
            return remark_on(read_picture(path, alpha=True), path, rule, rgbt and side == "a", rgbt)
        except UnreadableImageError:  # its pair's row will say so
            return None

    with ThreadPoolExecutor() as pool:
        return sentences(side, [remark for remark in pool.map(look, odd) if remark is not None], rule)


def sentences(side: str, remarks: Sequence[Remark], rule: Rule) -> list[str]:
    """Put remarks on the files of one source into sentences."""
    narrow = [remark for remark in remarks if remark.levels]
    varying = [remark for remark in remarks if remark.alpha == "varying"]
    pages = [remark for remark in remarks if remark.pages > 1]
    text = []
    if narrow:
        text.append(_narrow(side, narrow, rule))
    if varying:
        text.append(
            f"source {side}: the fourth channel of {_files(varying)} is not constant, and is dropped; "
            "if it is the thermal image, say --rgbt"
        )
    if pages:
        holds = "hold" if len(pages) > 1 else "holds"
        text.append(f"source {side}: {_files(pages)} {holds} more than one picture; the first one is read")
    return text


def _narrow(side: str, narrow: Sequence[Remark], rule: Rule) -> str:
    low, high = min(remark.low for remark in narrow), max(remark.high for remark in narrow)
    fewest, most = min(remark.levels for remark in narrow), max(remark.levels for remark in narrow)
    levels = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    limits = f"{side}={low:.6g},{high:.6g}"
    own = f"{side}=minmax" if rule.kind in ("full", "limits") else f"{side}=percentile:1,99"
    maxima = {remark.maximum for remark in narrow if remark.maximum}
    of = f" of 0 to {max(maxima)}" if maxima and rule.kind == "full" else ""
    use = "use a small part of their" if len(narrow) > 1 else "uses a small part of its"
    return (
        f"source {side}: {_files(narrow)} {use} range ({low:.6g} to {high:.6g}{of}), so that {levels} "
        f"gray levels remain; say --range {limits}, or --range {own} for each image by itself"
    )


def _files(remarks: Sequence[Remark]) -> str:
    names = ", ".join(remark.file for remark in remarks[:_NAMED])
    return names if len(remarks) <= _NAMED else f"{names} and {len(remarks) - _NAMED} more"
