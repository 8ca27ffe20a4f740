"""Pairs whose files need not be read again: they have the sizes and the times that they had when they were hashed.

A run that finds a pair complete has hashed its sources, its images, and the files of its method. It leaves in the
folder of the results, in `.seen`, a hash of what the system says of these files: the size of each, its number on the
disk, and when it and its entry there were last changed. No file can be written to, or replaced, without a change of
these, so the next run reads none where that hash is the same. Files that were changed within the last two seconds
are hashed each time: a change so soon after another may have the same time.

What is lacking or damaged in `.seen` costs the reading of files, and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from ..datasets import Pair
from ..files import flush, write_bytes
from ..results import Row, RunFolder
from ..results.runs import KINDS

FILE = ".seen"
_SIZE = 16  # bytes of a hash
_YOUNG = 2_000_000_000  # nanoseconds; no file system that is in use counts coarser


class Seen:
    """What is known of the pairs of one folder of results."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder, self._file = folder, folder.path / FILE
        self._before, self._place = b"", 0
        self._set: frozenset[bytes] | None = None  # of what was there before, once it is asked for out of order
        self._now = bytearray()

    def begin(self) -> None:
        """Begin to look at pairs, which are mostly asked for in the order in which they were before."""
        self._place, self._set, self._now = 0, None, bytearray()
        try:
            self._before = self._file.read_bytes()
        except OSError:
            self._before = b""

    def state(self, pair: Pair, row: Row, others: Iterable[Path]) -> bytes | None:
        """Hash what the system says of the files from which the row of a pair follows; None where nothing is sure.

        Parameters
        ----------
        others : the files of the method.
        """
        images = [self._folder.image(pair.name, kind) for kind in KINDS]
        ideal = () if pair.truth is None else (pair.truth,)
        young = time.time_ns() - _YOUNG
        digest = hashlib.blake2b(f"{row.pair}\0{row.sources}\0{row.image}".encode(), digest_size=_SIZE)
        for source in (*pair.sources, *ideal, *others, *images):
            if not isinstance(source, Path):
                return None
            try:
                found = os.stat(source)  # noqa: PTH116 - many files
            except FileNotFoundError:
                digest.update(b"\0")
                continue
            except OSError:
                return None
            if not stat.S_ISREG(found.st_mode) or max(found.st_mtime_ns, found.st_ctime_ns) > young:
                return None
            digest.update(b"\0%d %d %d %d" % (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        return digest.digest()

    def knows(self, state: bytes | None) -> bool:
        """Whether a pair in this state was found complete."""
        if state is None:
            return False
        end = self._place + _SIZE
        if self._before[self._place : end] == state:
            self._place = end
        elif state not in self._index():
            return False
        self._now += state
        return True

    def add(self, state: bytes | None) -> None:
        """Note that a pair in this state is complete."""
        if state is not None:
            self._now += state

    def write(self, all_of_them: bool) -> None:
        """Leave what is known for the next run; of pairs that were not looked at, too, unless this is all of them."""
        if not all_of_them:
            self._now += b"".join(self._index() - _states(self._now))
        if self._now != self._before:
            flush(self._folder.path)  # an image that is said to be known outlives a power cut
            write_bytes(self._file, self._now)

    def _index(self) -> frozenset[bytes]:
        if self._set is None:
            self._set = _states(self._before)
        return self._set


def _states(data: bytes | bytearray) -> frozenset[bytes]:
    return frozenset(bytes(data[place : place + _SIZE]) for place in range(0, len(data) - _SIZE + 1, _SIZE))
