"""The folder of a run, written so that nothing is ever half there, and what it holds."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ..errors import InputError
from ..files import remove_leftovers, write_text, writing
from .manifest import Manifest
from .paths import folder_name
from .records import read_record, write_record
from .rows import Row, header_line, parse_rows, row_line

Kind = Literal["fused", "colour"]
KINDS: tuple[Kind, ...] = ("fused", "colour")


class RunFolder:
    """The folder of one run: a method on a data set.

    Rows are appended as they come, one write each; `close` leaves them in the order of the data set. Whoever writes
    holds the lock, which the system drops even when the process is killed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = path / "metrics.csv"
        self._metrics: list[str] = []
        self._lock = FileLock(path / ".lock", blocking=False)

    # ---------------------------------------------------------------- reading
    def manifest(self) -> Manifest | None:
        """Read run.json; None where there is none yet."""
        return read_record(self.path / "run.json", Manifest)

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
        try:
            rows, damaged = parse_rows(self.table.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}, ""
        except OSError as error:
            raise InputError(f"{self.table} cannot be read ({(error.strerror or str(error)).lower()})") from error
        count = f"{damaged} damaged rows" if damaged > 1 else "a damaged row"
        return rows, f"{count} of {self.table} left out; the next run makes what is lacking" if damaged else ""

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
        for folder in (self.path, *(self.path / kind for kind in KINDS)):
            remove_leftovers(folder)
        rows = self.rows()
        present = {key for row in rows.values() for key in row.metrics}
        self._metrics = [*metrics, *sorted(present - set(metrics))]
        self._rewrite(list(rows.values()))
        return rows

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace run.json."""
        write_record(self.path / "run.json", manifest)

    def append(self, row: Row) -> None:
        """Add one row, in one write that is on the disk when this returns."""
        line = row_line(row, self._metrics).encode()
        with writing(self.table), self.table.open("ab") as file:
            start = file.tell()
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.truncate(self.table, start)
                raise

    def close(self, order: list[str] | None = None) -> None:
        """Sort the table by the data set's order (other rows after it, by name) and release the lock."""
        try:
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

    def _rewrite(self, rows: list[Row]) -> None:
        text = "".join([header_line(self._metrics), *(row_line(row, self._metrics) for row in rows)])
        if not self.table.exists() or self.table.read_bytes() != text.encode():
            write_text(self.table, text)


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
