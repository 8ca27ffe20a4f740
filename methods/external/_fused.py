"""Images that somebody else fused: finding that of each pair in a folder, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...datasets.finding.folders import below, images_in, inside, is_folder, is_there
from ...datasets.finding.folders import contents as holds
from ...datasets.finding.names import ALL_WORDS as EVERY
from ...datasets.finding.names import FUSED_WORDS as FUSED
from ...datasets.finding.names import alike, fold, natural, stem
from ...datasets.finding.pairing import match, spellings
from ...datasets.finding.search import files
from ...datasets.finding.templates import is_template, suggest, to_pattern
from ...datasets.images import read
from ...datasets.pair import Pair
from ...errors import InputError, RunError, printable

Called = Callable[[str], list[str]]
_SHOWN = 3


@dataclass
class Assigned:
    """Which files were found for the pairs.

    Attributes
    ----------
    files : by `key_of` the pair; more than one where an image lies there with several extensions.
    unclear : by the same, names of which any may be meant.
    """

    files: dict[tuple[str, str], list[Path]] = field(default_factory=dict)
    unclear: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self.files or key in self.unclear


def key_of(pair: Pair) -> tuple[str, str]:
    """Tell a pair from those of the same name in other data sets."""
    return pair.name, str(pair.a) if isinstance(pair.a, Path) else ""


def collect(place: Path) -> dict[str, list[Path]]:
    """List the images of a folder and those below it, or those that fit a template, by path without extension.

    Raises
    ------
    InputError
        The folder is not there or has no images, or nothing fits the template.
    """
    text = str(place)
    if is_template(text):
        found = files(Path(), to_pattern(text, "--fused")).paths
        if not found:
            raise InputError(f"no image fits {text!r}: {_beside(text)}")
        return dict(found)
    if not is_folder(place):
        raise InputError(f"no folder {place} with fused images" + (": it is no folder" if is_there(place) else ""))
    found = {}
    for folder in below(place):
        for path in images_in(folder):
            found.setdefault((folder.relative_to(place) / stem(path.name)).as_posix(), []).append(path)
    if not found:
        raise InputError(f"no image in the folder {place}: {holds(place)}")
    return found


def assign(
    found: dict[str, list[Path]], pairs: Sequence[Pair], datasets: Iterable[str], words: Iterable[str]
) -> Assigned:
    """Find the image of each pair.

    It is looked for right in the folder; where no pair has one there, in folders named after the data set; and else in
    all others. The pair's name comes before the names of its sources, and plain names before those with a word at
    their front or end, or with what all names have in common there.

    Parameters
    ----------
    found : from `collect`.
    pairs : all of the data set, so that no pair takes what is another's.
    datasets : what the data set is called.
    words : that may stand beside a name, beyond the usual ones: of the method, for instance.
    """
    known = {alike(word) for word in (*FUSED, *EVERY, *words, *datasets)}
    left = {str(number): pair for number, pair in enumerate(pairs)}
    result = Assigned()
    for group in _groups(found, {fold(name) for name in datasets}):
        for of_pair, of_file in _ways(group, known):
            first = {number: of_pair(pair) for number, pair in left.items()}
            second = {path: of_file(called) for path, called in group.items()}
            told = match(first, second, spellings(()), spellings(known))
            for number, path in told.partner.items():
                result.files[key_of(left.pop(number))] = found[path]
                del group[path]
            for name, others in told.unclear.items():
                group.pop(name, None)
                if name in left:
                    files_of = [path + found[path][0].suffix for path in others if path in found]
                    result.unclear[key_of(left.pop(name))] = files_of
        if result.files or result.unclear:  # what lies elsewhere is of another data set, or of another method
            break
    return result


def _groups(found: dict[str, list[Path]], datasets: set[str]) -> list[dict[str, str]]:
    """Sort files by how near they lie: for each its key, and its path as seen from there."""
    top = {path: path for path in found if "/" not in path}
    own = {}
    for path in found:
        parts = path.split("/")
        place = next((n for n, part in enumerate(parts[:-1]) if fold(part) in datasets), None)
        if place is not None:
            own[path] = "/".join(parts[place + 1 :])
    return [top, own, {path: path for path in found if path not in top and path not in own}]


def _ways(group: dict[str, str], words: set[str]) -> list[tuple[Callable[[Pair], list[str]], Called]]:
    """List what pairs and files are called, the plainest first."""
    rest = dict(zip(group.values(), suggest("", list(group.values()))[1], strict=True)) if len(group) > 1 else {}

    def last(path: str) -> list[str]:
        *folders, name = path.split("/")
        holder = folders[-1:] if alike(name) in words else []  # "01/fused.png"
        return [path, name, *holder]

    return [
        (lambda pair: [pair.name], lambda path: [path]),
        (_called, last),
        (_called, lambda path: [rest.get(path, path)]),
    ]


def _called(pair: Pair) -> list[str]:
    return [pair.name, *(source.stem for source in (pair.a, pair.b) if isinstance(source, Path))]


def _beside(template: str) -> str:
    """Say what lies where a template looks."""
    folder = Path(template).parent
    while not is_folder(folder) and folder != folder.parent:
        folder = folder.parent
    names = sorted((path.name for path in inside(folder) if not path.name.startswith(".")), key=natural)
    return f"{folder} has {some(names)}" if names else f"{folder} is empty"


def some(names: Iterable[str]) -> str:
    """Name the first few."""
    listed = list(names)
    return printable(", ".join(listed[:_SHOWN])) + (", …" if len(listed) > _SHOWN else "")


def read_fused(path: Path) -> NDArray[np.uint8]:
    """Read a fused image as uint8, (H, W) or RGB (H, W, 3); 16 bit are scaled and rounded.

    Raises
    ------
    RunError
        The file is no complete image.
    """
    try:
        image = read(path)
    except InputError as error:
        raise RunError(str(error)) from error
    return image if image.dtype == np.uint8 else np.round(image / 257.0).astype(np.uint8)
