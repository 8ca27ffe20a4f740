"""From what somebody wrote down to the pair that is meant: a name, a file's, or a path of another machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .names import natural, stem
from .pairing import spellings
from .words import EVERY


class Lookup:
    """Names, and everything they are called.

    Parameters
    ----------
    called : for each name further ones: the stems of its files, their paths in the data set's folder.
    """

    def __init__(self, called: Mapping[str, Iterable[str]]) -> None:
        self.called = {name: {name, *others} for name, others in called.items()}
        self._ways = spellings(EVERY)[:5]  # without those that take words off where no border is
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
