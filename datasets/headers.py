"""The headers of a data set's files, held small: most files of a folder have the same one."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path

from .formats import Header


class Headers(MutableMapping[Path, Header]):
    """Headers by file, kept by folder and name; equal ones are one object."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, Header]] = {}
        self._same: dict[Header, Header] = {}

    def __getitem__(self, path: Path) -> Header:
        return self._folders[path.parent][path.name]

    def __setitem__(self, path: Path, header: Header) -> None:
        self._folders.setdefault(path.parent, {})[path.name] = self._same.setdefault(header, header)

    def __delitem__(self, path: Path) -> None:
        del self._folders[path.parent][path.name]

    def __iter__(self) -> Iterator[Path]:
        return (folder / name for folder, names in self._folders.items() for name in names)

    def __len__(self) -> int:
        return sum(map(len, self._folders.values()))

    def absolute(self) -> Headers:
        """Write out the paths."""
        headers = Headers()
        headers._folders, headers._same = {path.absolute(): own for path, own in self._folders.items()}, self._same
        return headers
