"""The folder of a run, written so that nothing is ever half there, and what it holds."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal
from weakref import WeakValueDictionary

from filelock import FileLock, Timeout

from ..errors import InputError
from ..files import remove_leftovers, write_text, writing
from .manifest import Manifest
from .paths import folder_name
from .records import read_record, write_record
from .rows import Row, Table, header_line, parse_rows, row_line

Kind = Literal["fused", "colour"]
KINDS: tuple[Kind, ...] = ("fused", "colour")
_FLUSHED = 1.0  # seconds between two flushes of the table to the disk
# what somebody in this process holds of tables and manifests, by their files
_TABLES: WeakValueDictionary[tuple[int, ...], Table] = WeakValueDictionary()
_MANIFESTS: WeakValueDictionary[tuple[int, ...], Manifest] = WeakValueDictionary()


class RunFolder:
    """The folder of one run: a method on a data set.

    Rows are appended as they come, one write each; `close` leaves them in the order of the data set. Whoever writes
    holds the lock, which the system drops even when the process is killed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = path / "metrics.csv"
        self._metrics: list[str] = []
        self._read_manifest: Manifest | None = None
        self._manifest: Manifest | None = None
        self._known: tuple[int, ...] | None = None  # which file it is of
        self._table: tuple[tuple[int, ...] | None, Table] = (None, Table())  # as it was read last
        self._flushed = -math.inf
        self._lock = FileLock(path / ".lock", blocking=False)

    # ---------------------------------------------------------------- reading
    def manifest(self) -> Manifest | None:
        """Read run.json, if it is another than the one that was read last; None where there is none yet."""
        path = self.path / "run.json"
        try:
            known: tuple[int, ...] | None = _state(path)  # each change is another file
        except OSError:
            known = None
        if known is None or known != self._known:
            self._read_manifest, self._known = _MANIFESTS.get(known or ()) or read_record(path, Manifest), known
            self._manifest = self._read_manifest and self._read_manifest.copy()
            if self._read_manifest and known:
                _MANIFESTS[known] = self._read_manifest
        return self._manifest

    def rows(self) -> dict[str, Row]:
        """Read the rows by pair name; the later of two rows of a pair counts, a torn last line does not.

        Raises
        ------
        InputError
            There is something else in the table's place, or it may not be read.
        """
        return self.table_with_damage()[0]

    def table_with_damage(self) -> tuple[dict[str, Row], str]:
        """Read the rows, and a sentence on those that are damaged; "" where none is."""
        table = self._read()
        count = f"{table.damaged} damaged rows" if table.damaged > 1 else "a damaged row"
        damage = f"{count} of {self.table} left out; the next run makes what is lacking" if table.damaged else ""
        return dict(table.rows), damage

    def _read(self) -> Table:
        """Read the table where it changed since somebody in this process read it."""
        try:
            state = _state(self.table)
            if state != self._table[0]:
                known = _TABLES.get(state)
                table = known or parse_rows(self.table.read_bytes())
                self._table = state, table
                _TABLES[state] = table
        except (FileNotFoundError, NotADirectoryError):
            return Table()
        except OSError as error:
            raise InputError(f"{self.table} cannot be read ({(error.strerror or str(error)).lower()})") from error
        return self._table[1]

    def image(self, pair: str, kind: Kind = "fused") -> Path:
        """Where the image of a pair lies."""
        return self.path / kind / f"{pair}.png"

    # ---------------------------------------------------------------- writing
    def open(self, metrics: list[str]) -> dict[str, Row]:
        """Take the lock, bring the table to these columns of metrics, and return the rows that are there.

        Columns that the table has already are kept.
        """
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise InputError(
                    f"another run is writing to {self.path}: wait for it to end, or choose another folder with --out"
                ) from error
        self._remove_leftovers()
        rows = self.rows()
        present = {key for row in rows.values() for key in row.metrics}
        self._metrics = [*metrics, *sorted(present - set(metrics))]
        self._rewrite(list(rows.values()))
        return rows

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace run.json."""
        write_record(self.path / "run.json", manifest)

    def append(self, row: Row) -> None:
        """Add one row, in one write, which outlives the process; once a second the table is flushed to the disk."""
        line = row_line(row, self._metrics).encode()
        with writing(self.table), self.table.open("ab") as file:
            start = file.tell()
            try:
                file.write(line)
                file.flush()
                if time.monotonic() > self._flushed + _FLUSHED:
                    os.fsync(file.fileno())
                    self._flushed = time.monotonic()
            except OSError:
                with contextlib.suppress(OSError):
                    os.truncate(self.table, start)
                raise

    def close(self, order: list[str] | None = None) -> None:
        """Sort the table by the data set's order (other rows after it, by name) and release the lock.

        What a worker left that was killed goes; no other may be writing any more.
        """
        try:
            self._remove_leftovers()
            if order is not None:
                place = {name: index for index, name in enumerate(order)}
                rows = self.rows().values()
                self._rewrite(sorted(rows, key=lambda row: (place.get(row.pair, len(place)), row.pair)))
        finally:
            self._lock.release()

    def remove(self) -> None:
        """Remove the folder of a run, which is closed, and the folders above it that are empty then."""
        shutil.rmtree(self.path, ignore_errors=True)
        for folder in (self.path.parent, self.path.parent.parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _remove_leftovers(self) -> None:
        for folder in (self.path, *(self.path / kind for kind in KINDS)):
            remove_leftovers(folder)

    def _rewrite(self, rows: list[Row]) -> None:
        if self._read().is_written(header_line(self._metrics), rows):
            return
        write_text(self.table, "".join([header_line(self._metrics), *(row_line(row, self._metrics) for row in rows)]))


def _state(path: Path) -> tuple[int, ...]:
    """What is another once a file has changed, or where it is another file."""
    state = path.stat()
    return state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size


def run_folder(out: Path, dataset: str, method: str) -> RunFolder:
    """Name the folder of `method` on `dataset` below `out`."""
    return RunFolder(out / folder_name(dataset) / folder_name(method))


@dataclass
class Run:
    """What a run left behind: a method on a data set. The rows and the folders of images are read when asked for."""

    folder: RunFolder
    manifest: Manifest
    damage: str = ""  # of the rows, once they are read

    @property
    def dataset(self) -> str:
        """The label of the data set."""
        return self.manifest.dataset.label

    @property
    def method(self) -> str:
        """The label of the method."""
        return self.manifest.method.label

    @cached_property
    def rows(self) -> dict[str, Row]:
        """The rows by pair; images that were fused elsewhere have no seconds, whatever an old run stored."""
        rows, self.damage = self.folder.table_with_damage()
        if self.manifest.method.name == "folder":
            return {name: replace(row, seconds=math.nan) for name, row in rows.items()}
        return rows

    def has(self, kind: Kind, pair: str) -> bool:
        """Whether the image of a pair is there."""
        path = self.folder.image(pair, kind)
        return path.name in self._images[kind] or ("/" in pair and path.is_file())

    @cached_property
    def _images(self) -> dict[Kind, set[str]]:
        folders = {kind: self.folder.path / kind for kind in KINDS}
        return {kind: {file.name for file in path.glob("*")} for kind, path in folders.items()}
