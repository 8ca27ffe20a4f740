"""The files of reference results: one reader, one writer."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..errors import InputError
from ..files import write_bytes
from ..results import Row
from ..results.paths import folder_name
from ..results.records import Record, read_record, write_record

DATA = Path(__file__).parent / "data"
FIXED = ("pair", "image_sha256")


@dataclass(kw_only=True)
class Sources(Record):
    """The pairs of a data set that reference results were scored on.

    `pairs` has the SHA-256 of the files of a and b by the name of the pair; a copy of the data set is the same where
    name and both hashes are. `repository` and `commit` say where the files come from, `files` which they are.
    """

    dataset: str
    repository: str = ""
    commit: str = ""
    files: list[str] = field(default_factory=list)
    pairs: dict[str, list[str]]


@dataclass(kw_only=True)
class Entry(Record):
    """The published images of one method on one data set, and what scored them.

    Attributes
    ----------
    program : the version of fusionbench that scored.
    protocols : their versions by name.
    repository, commit, files : where the images lie; in `files`, {name} stands for the pair.
    paper, doi, year, venue : of the method.
    notes : sentences that a reader of the numbers must know.
    """

    dataset: str
    method: str
    program: str
    protocols: dict[str, str]
    repository: str = ""
    commit: str = ""
    files: str = ""
    paper: str = ""
    doi: str = ""
    year: int | None = None
    venue: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What its rows stand under in tables: no method of a run has this name."""
        return f"{self.method} (reference)"

    @property
    def origin(self) -> str:
        """Say in a sentence what the numbers are."""
        where = f" of {self.repository}" if self.repository else ""
        at = f" at {self.commit[:7]}" if self.commit else ""
        return f"Reference: published images{where}{at}, scored with fusionbench {self.program}; not run here."


@dataclass
class References:
    """All reference results of a folder, by default those that ship. Each file is read once, when first asked for.

    Raises
    ------
    InputError
        A file is damaged.
    """

    folder: Path = DATA
    _rows: dict[tuple[str, str], dict[str, Row]] = field(default_factory=dict, repr=False)

    @cached_property
    def entries(self) -> list[Entry]:
        """Every entry, by data set and method."""
        paths = sorted(path for path in self.folder.glob("*/*.json") if path.name != "sources.json")
        found = [entry for path in paths if (entry := read_record(path, Entry))]
        return sorted(found, key=lambda entry: (entry.dataset.casefold(), entry.method.casefold()))

    @cached_property
    def sources(self) -> dict[str, Sources]:
        """The pairs, by data set."""
        paths = sorted(self.folder.glob("*/sources.json"))
        return {record.dataset: record for path in paths if (record := read_record(path, Sources))}

    def of(self, dataset: str) -> list[Entry]:
        """List the entries of a data set, whatever the case of its name."""
        return [entry for entry in self.entries if entry.dataset.casefold() == dataset.casefold()]

    def rows(self, entry: Entry) -> dict[str, Row]:
        """Read the rows of an entry by pair; `image` is the hash of the image's file."""
        place = entry.dataset, entry.method
        if place not in self._rows:
            self._rows[place] = _read(table_path(self.folder, entry))
        return self._rows[place]


def table_path(folder: Path, entry: Entry) -> Path:
    """Name the table of an entry."""
    return folder / folder_name(entry.dataset) / f"{folder_name(entry.method)}.csv.gz"


def write_entry(folder: Path, entry: Entry, rows: Mapping[str, Row]) -> list[Path]:
    """Write an entry; equal entries give equal bytes.

    Parameters
    ----------
    folder : that `References` reads.
    rows : by pair, all scored in the same metrics; `image` is the SHA-256 of the image's file.

    Returns
    -------
    The files that were written.
    """
    keys = list(dict.fromkeys(key for row in rows.values() for key in row.metrics))
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*FIXED, *keys])
    for name, row in rows.items():
        # repr is the shortest text that reads back as the same double
        lines.writerow([name, row.image, *(repr(float(row.metrics[key])) for key in keys)])
    table = table_path(folder, entry)
    write_bytes(table, gzip.compress(text.getvalue().encode(), 9, mtime=0))
    record = table.with_name(table.name.removesuffix(".csv.gz") + ".json")
    write_record(record, entry)
    return [record, table]


def _read(path: Path) -> dict[str, Row]:
    try:
        text = gzip.decompress(path.read_bytes()).decode()
        lines = csv.DictReader(io.StringIO(text), strict=True)
        if tuple(lines.fieldnames or ())[:2] != FIXED:
            raise ValueError("it has other columns")
        rows = {}
        for line in lines:
            name, image = (line.pop(column) for column in FIXED)
            rows[name] = Row(name, metrics={key: float(value) for key, value in line.items()}, image=image)
    except (OSError, EOFError, zlib.error, csv.Error, ValueError, TypeError) as error:
        raise InputError(f"the reference results {path} cannot be read ({error})") from error
    return rows
