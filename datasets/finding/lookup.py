"""From what somebody wrote down to the pair that is meant: a name, a file's, or a path of another machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .folders import short
from .names import ALL_WORDS, natural, stem
from .pairing import spellings
from .sources import DatasetFiles


class Lookup:
    """Names, and everything they are called.

    Parameters
    ----------
    called : for each name further ones: the stems of its files, their paths in the data set's folder.
    """

    def __init__(self, called: Mapping[str, Iterable[str]]) -> None:
        self.called = {name: {name, *others} for name, others in called.items()}
        self._ways = spellings(ALL_WORDS)[:5]  # without those that take words off where no border is
        self._indices: dict[int, dict[str, list[str]]] = {}

    def exact(self, text: str) -> list[str]:
        """Find the names that a whole text may mean, by the plainest reading that tells any; mostly one or none."""
        if text in self.called:
            return [text]
        for number, read in enumerate(self._ways):
            index = self._index(number)
            hits = {name for spelling in read(text) for name in index.get(spelling, ())}
            if hits:
                return sorted(hits, key=natural)
        return []

    def path(self, text: str) -> list[str]:
        """Find the names that a path may mean, whatever drive and folders stand before it."""
        *folders, last = text.replace("\\", "/").strip("/").split("/")
        parts = [*(part for part in folders if part not in ("", ".", "..")), stem(last)]
        for start in range(len(parts)):
            if hits := self.exact("/".join(parts[start:])):
                return hits
        return []

    def _index(self, number: int) -> dict[str, list[str]]:
        """Sort the names by one way of reading, when it is first asked for."""
        if number not in self._indices:
            index = self._indices[number] = {}
            for name, called in self.called.items():
                for reading in {reading for each in called for reading in self._ways[number](each)}:
                    index.setdefault(reading, []).append(name)
        return self._indices[number]


def lookup_of(files: DatasetFiles) -> Lookup:
    """Let the pairs be found by their names, their files' and the paths of these."""
    called: dict[str, list[str]] = {name: [] for name in files.names}
    alone = files.ragged and not files.listed  # files called 1, 2, … in the folder of each scene name none
    for side in () if alone else files.sides:
        for name, paths in side.paths.items():
            for path in paths:
                inside = short(path, files.root)
                called[name] += [path.stem, inside[: len(inside) - len(path.suffix)], name.rpartition("/")[2]]
    return Lookup(called)
