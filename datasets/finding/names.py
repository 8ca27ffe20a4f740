"""Names of images: their order, their spellings, and the words by which one source's are told from the other's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ..images import EXTENSIONS
from ..pair import Task

_BETWEEN = "-_ ."  # what stands between a name and the word of its source: ir_1, ir-1, "ir 1", ir.1
_DIGITS = re.compile(r"[0-9]+")

# The words that stand in the names of folders and of images of one source: of a, and of b.
SOURCE_WORDS: dict[Task, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "IVF": (
        ("ir", "infrared", "inf", "thermal", "therm", "th", "tir", "lwir", "mwir", "swir", "nir", "fir", "红外"),
        ("vi", "vis", "visible", "visual", "viz", "rgb", "color", "colour", "可见光"),
    ),
    "MIF": (("mri", "mr"), ("ct", "pet", "spect", "t")),
    "MEF": (
        ("over", "overexposed", "over_exposed", "overexposure", "oe", "high", "bright"),
        ("under", "underexposed", "under_exposed", "underexposure", "ue", "low", "dark"),
    ),
    "MFF": (
        ("near", "a", "imagea", "source1", "source_1", "near_focus", "foreground"),
        ("far", "b", "imageb", "source2", "source_2", "far_focus", "background"),
    ),
}
TRUTH_WORDS = ("gt", "truth", "label", "fusion", "full_clear", "all_in_focus", "f")
FUSED_WORDS = (
    "fused", "fuse", "fusion", "f", "result", "results", "res", "out", "output", "pred", "prediction", "image", "img",
    "gray", "grey", "rgb", "color", "colour",
)  # fmt: skip
ALL_WORDS = tuple(dict.fromkeys(word for sides in SOURCE_WORDS.values() for words in sides for word in words))


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key by which "2" comes before "10", numbers before letters, and case does not matter."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part.casefold()) for part in parts], name


def stem(name: str) -> str:
    """Take an image extension, and only that, off a name.

    Examples
    --------
    >>> stem("00004N.png"), stem("scene.v2"), stem("scene.v2.JPG")
    ('00004N', 'scene.v2', 'scene.v2')
    """
    path = Path(name)
    return path.stem if path.suffix.lower() in EXTENSIONS else path.name


def fold(name: str) -> str:
    """Reduce a name to what must agree: "Road-Scene" and "roadscene" are the same."""
    return re.sub(r"[-_ ]", "", name).casefold()


def alike(name: str) -> str:
    """Reduce a name to what is the same on every system: case, accents made of two signs, blanks at the ends.

    Examples
    --------
    >>> alike("Cafe\u0301 ") == alike("caf\u00e9")
    True
    """
    if name.isascii():  # as most names of a large folder are: nothing to compose
        folded = name.lower()
    else:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return "/".join(part.strip() for part in folded.split("/"))


def unpadded(name: str) -> str:
    """Take the zeros off the front of every number, so that "01" is "1".

    Examples
    --------
    >>> unpadded("FLIR_00006"), unpadded("scene0"), unpadded("000")
    ('FLIR_6', 'scene0', '0')
    """
    return _DIGITS.sub(lambda match: match[0].lstrip("0") or "0", name)


def cores(name: str, words: Iterable[str], loose: bool = False) -> dict[str, str]:
    """Say what may be left of a name without the word of its source.

    A word goes from the front, the end, or both, with the sign between ("-", "_", ".", a blank, or none). Without a
    sign there must be a border: a digit, or letters of another case ("IR1", "irCar", "carIR"). From the middle it goes
    where it stands between signs ("car_ir_01").

    Parameters
    ----------
    name : with folders or without; words are looked for in its last part.
    words : in lower case.
    loose : a word of two letters or more needs no border ("thermalcar").

    Returns
    -------
    dict
        What is left, and with which words it was found, joined by a blank; without what would leave nothing.

    Examples
    --------
    >>> cores("VIS1", ["vi", "vis"]), cores("x_rgb", ["rgb"]), cores("visit", ["vis"])
    ({'1': 'vis'}, {'x': 'rgb'}, {})
    >>> cores("car_ir_01", ["ir"])
    {'car_01': 'ir'}
    """
    folder, slash, last = name.rpartition("/")
    rests: dict[str, str] = {}
    longest, anywhere = _by_length(frozenset(words))
    plain = last.casefold()
    if not anywhere.search(plain):
        return rests
    backs = [word for word in longest if plain.endswith(word)]
    for front in ["", *(word for word in longest if plain.startswith(word))]:
        rest = last if not front else _without(last, front, loose)
        if rest is None:
            continue
        for back in ["", *backs]:
            core = rest if not back else _without(rest, back, loose, at_end=True)
            if core and (front or back):
                rests.setdefault(folder + slash + core, f"{front} {back}".strip())
    parts = re.split(f"([{re.escape(_BETWEEN)}]+)", last)  # names at even places, signs at odd ones
    for place in range(2, len(parts) - 2, 2):
        if parts[place].casefold() in longest:
            core = "".join([*parts[:place], *parts[place + 2 :]])
            rests.setdefault(folder + slash + core, parts[place].casefold())
    return rests


@cache
def _by_length(words: frozenset[str]) -> tuple[list[str], re.Pattern[str]]:
    """Sort words, the longest first, and find any of them: most names of a large folder hold none."""
    longest = sorted(words, key=len, reverse=True)
    return longest, re.compile("|".join(map(re.escape, longest)) or "(?!)")


def _without(name: str, word: str, loose: bool, at_end: bool = False) -> str | None:
    """Take a word off one end of a name; None where it does not stand there by itself."""
    size = len(word)
    there, rest = (name[-size:], name[:-size]) if at_end else (name[:size], name[size:])
    if there.casefold() != word or not rest:
        return None
    beside, touching = (rest[-1], there[0]) if at_end else (rest[0], there[-1])
    if beside in _BETWEEN:
        return (rest.rstrip(_BETWEEN) if at_end else rest.lstrip(_BETWEEN)) or None
    border = not beside.isalpha() or not touching.isalpha() or beside.isupper() != touching.isupper()
    return rest if border or (loose and size > 1) else None
