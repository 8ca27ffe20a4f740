"""Every reader, on files damaged in 300 ways."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest

from ..datasets.image_files import GRAY, chunk, png
from .damage import WAYS, damage, in_png, in_zip
from .faulty import FAULTY
from .readers import READERS

ROOT = Path(__file__).resolve().parent.parent.parent
TORCH = [reader.name for reader in READERS if reader.torch]  # in one process, which imports PyTorch once
OTHERS = [reader.name for reader in READERS if not reader.torch]


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")


@pytest.mark.slow
@pytest.mark.parametrize("names", [OTHERS, TORCH], ids=["others", "weights"])
def test_damaged_files_are_read_or_refused(names: list[str]) -> None:
    done = fuzz(*names, "--inputs", "300")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_each_fault_is_found_and_its_input_named() -> None:
    names = [reader.name for reader in FAULTY]
    done = fuzz(*names, "--inputs", "1")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    faults = ("other error", "crash", "hang", "memory", "memory", "memory")
    for name, fault in zip(names, faults, strict=True):
        place = next(number for number, line in enumerate(lines) if line.startswith(name))
        assert lines[place].split()[1:].count("1") == 1
        assert lines[place + 1].startswith(f"  {fault}: ")
        assert lines[place + 2].endswith(f"{name} --seed 0 --only 0")
    again = fuzz("raises", "--only", "0")
    assert again.returncode == 1
    assert "KeyError: 'missing'" in again.stdout


def test_a_reader_that_is_not_there_is_said() -> None:
    done = fuzz("pngs")
    assert done.returncode == 2
    assert "there is no reader pngs" in done.stdout


def test_a_seed_damages_in_one_way() -> None:
    data = bytes(range(256))
    damaged = {damage(data, Random(seed)) for seed in range(100)}
    assert len(damaged) > 90
    assert damaged == {damage(data, Random(seed)) for seed in range(100)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("data", [b"", b"1", b"a word"])
def test_whatever_is_there_can_be_damaged(way: object, data: bytes) -> None:
    assert callable(way)
    assert all(isinstance(way(data, Random(seed)), bytes) for seed in range(50))


def test_a_damaged_chunk_has_its_checksum() -> None:
    data = png(GRAY, 8, 0)
    damaged = [in_png(data, Random(seed)) for seed in range(50)]
    assert len({data, *damaged}) > 30
    for each in damaged:
        place = 8
        while place < len(each):
            size = int.from_bytes(each[place : place + 4], "big")
            content = each[place + 4 : place + 8 + size]
            assert each[place : place + 12 + size] == chunk(content[:4], content[4:])
            place += size + 12


def test_a_damaged_archive_is_a_whole_one() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data.pkl", bytes(range(100)))
    for seed in range(50):
        with zipfile.ZipFile(io.BytesIO(in_zip(packed.getvalue(), Random(seed)))) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["data.pkl"]
