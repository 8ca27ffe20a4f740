"""The files of reference results: written and read, damaged, and those that ship."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path

import pytest

from fusionbench.errors import InputError
from fusionbench.files import sha256_of
from fusionbench.metrics import get_protocol
from fusionbench.metrics.evaluation import select
from fusionbench.reference import Entry, References
from fusionbench.reference.entries import DATA, table_path, write_entry
from fusionbench.results import Row

SHIPPED = References()
ENTRY = Entry(dataset="scenes", method="Mine", program="0.1.0", protocols={"film": "1"}, year=2024)
HEADER = b"pair,image_sha256,EN@film\n"


def rows() -> dict[str, Row]:
    values = {"x,1": 1 / 3, 'y"': math.nan, "融合": 1e-300}
    return {n: Row(n, metrics={"EN@film": value, "SD@film": 2.0}, image="ab" * 32) for n, value in values.items()}


def test_an_entry_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = write_entry(tmp_path, ENTRY, rows())
    first = [path.read_bytes() for path in written]
    references = References(tmp_path)
    assert references.entries == [ENTRY]
    assert references.of("SCENES") == [ENTRY]
    assert references.rows(ENTRY) == rows()
    assert [path.read_bytes() for path in write_entry(tmp_path, ENTRY, rows())] == first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"other,columns\n1,2\n"),
        gzip.compress(HEADER + b"1,2,x\n"),
        gzip.compress(HEADER + b"1,2\n"),
        gzip.compress(HEADER + b"1,2,3,4\n"),
        gzip.compress(HEADER + b"1,2,3\n")[:-9],
        gzip.compress(HEADER + b"\xff,2,3\n"),
    ],
    ids=["empty", "no gzip", "columns", "no number", "short", "long", "cut off", "no UTF-8"],
)
def test_a_damaged_table_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    write_entry(tmp_path, ENTRY, rows())
    table_path(tmp_path, ENTRY).write_bytes(content)
    with pytest.raises(InputError, match=r"the reference results .*Mine\.csv\.gz cannot be read \("):
        References(tmp_path).rows(ENTRY)


def test_what_ships_was_scored_by_the_protocols_of_today() -> None:
    """A protocol whose version changes makes these values stale: score the images again, see docs/reference.md."""
    stale = {
        f"{entry.dataset}/{entry.method}: {name}/{version}, now {get_protocol(name).version}"
        for entry in SHIPPED.entries
        for name, version in entry.protocols.items()
        if get_protocol(name).version != version
    }
    assert not stale


def test_what_ships_is_whole() -> None:
    assert {name: len(SHIPPED.of(name)) for name in SHIPPED.sources} == {"TNO": 9, "VIFB": 25}
    for entry in SHIPPED.entries:
        keys = {metric.key for name in entry.protocols for metric in select(name).values()}
        assert SHIPPED.rows(entry).keys() == SHIPPED.sources[entry.dataset].pairs.keys()
        assert all(row.metrics.keys() == keys and len(row.image) == 64 for row in SHIPPED.rows(entry).values())
        assert entry.paper.endswith(f", {entry.year}")
        assert entry.venue in entry.paper
        assert len(entry.commit) == 40
        assert "{name}" in entry.files
    tables = {table_path(DATA, entry) for entry in SHIPPED.entries}
    assert tables == set(DATA.glob("*/*.csv.gz"))


def test_what_ships_is_what_was_scored(shared: Path) -> None:
    found = 0
    for dataset in SHIPPED.sources:
        table = shared / "reference" / f"{dataset}.csv"
        with table.open(newline="") as file:
            for line in csv.DictReader(file):
                (entry,) = (entry for entry in SHIPPED.of(dataset) if entry.method == line["method"])
                row = SHIPPED.rows(entry)[line["pair"]]
                assert row.image == line["image_sha256"]
                assert all(value == float(line[key]) for key, value in row.metrics.items())
                found += 1
    assert found == 903


def test_the_sources_that_ship_are_the_files(shared_data: Path) -> None:
    for name, folders in {"TNO": ("ir", "vi"), "VIFB": ("IR", "VI")}.items():
        for pair, hashes in SHIPPED.sources[name].pairs.items():
            files = [next((shared_data / name / folder).glob(f"{pair}.*")) for folder in folders]
            assert [sha256_of(file) for file in files] == hashes
