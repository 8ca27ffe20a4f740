"""A run that has nothing to do reads no file whose size and times are what they were, and notices all that changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import fusionbench
from fusionbench.bench import plan, seen
from fusionbench.bench.plan import digest_images, digest_sources

from ..scenes import write_noise

NAMES = ("p0", "p1", "p2")


class Counts:
    """Counts what is hashed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources, self.images = 0, 0
        monkeypatch.setattr(plan, "digest_sources", self._digest_sources)
        monkeypatch.setattr(plan, "digest_images", self._digest_images)

    def _digest_sources(self, pair: fusionbench.datasets.Pair) -> object:
        self.sources += 1
        return digest_sources(pair)

    def _digest_images(self, folder: fusionbench.results.RunFolder, pair: str) -> str:
        self.images += 1
        return digest_images(folder, pair)

    def take(self) -> tuple[int, int]:
        """Say how many pairs' sources and images were hashed since this was asked last."""
        taken = self.sources, self.images
        self.sources = self.images = 0
        return taken


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    return Counts(monkeypatch)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(seen, "_YOUNG", 0)  # the files of a test are all young
    return write_noise(tmp_path / "scenes", NAMES)


def _run(source: Path, out: Path, **options: object) -> list[float]:
    rows = fusionbench.run("average", source, out=out, metrics=["EN"], **options)  # type: ignore[arg-type]
    assert list(rows["status"]) == ["ok"] * len(rows)
    return list(rows["EN@film"])


def _finished(source: Path, out: Path, counts: Counts) -> list[float]:
    """Run until everything is known."""
    values = _run(source, out)
    assert counts.take() == (0, 0), "a first run has nothing to compare"
    assert _run(source, out) == values
    assert counts.take() == (3, 3), "the second one finds all complete"
    assert _run(source, out) == values
    assert counts.take() == (0, 0), "and the third one need not look"
    return values


def test_a_young_file_is_hashed_each_time(tmp_path: Path, counts: Counts) -> None:
    source, out = write_noise(tmp_path / "scenes", NAMES), tmp_path / "out"
    for hashed in ((0, 0), (3, 3), (3, 3)):
        _run(source, out)
        assert counts.take() == hashed
    assert not (out / "scenes/average/.seen").exists()


def _same_size_and_time(file: Path, other: bytes) -> None:
    """Write other content of the same length, and put the time of the last writing back."""
    before = file.stat()
    assert before.st_size == len(other)
    file.write_bytes(other)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _flipped(file: Path) -> bytes:
    """Return the bytes of a PNG file with another level: one whose packed pixels are as many."""
    image = fusionbench.datasets.read(file)
    for level in range(256):
        image[0, 0] = level
        other = fusionbench.datasets.write(file.with_name("other.png"), image)
        file.with_name("other.png").unlink()
        if len(other) == file.stat().st_size and other != file.read_bytes():
            return other
    raise AssertionError("no level packs as well")


def test_a_source_that_is_overwritten_is_noticed(tmp_path: Path, source: Path, counts: Counts) -> None:
    out = tmp_path / "out"
    values = _finished(source, out, counts)
    _same_size_and_time(source / "ir" / "p1.png", _flipped(source / "ir" / "p1.png"))
    table = (out / "scenes/average/metrics.csv").read_text()
    _run(source, out)
    assert counts.take() == (1, 1)
    changed = [
        old.partition(",")[0]
        for old, new in zip(table.split(), (out / "scenes/average/metrics.csv").read_text().split(), strict=True)
        if old != new
    ]
    assert changed == ["p1"]
    assert _run(source, out)[::2] == values[::2]


def test_an_image_that_is_overwritten_is_made_again(tmp_path: Path, source: Path, counts: Counts) -> None:
    out = tmp_path / "out"
    values = _finished(source, out, counts)
    image = out / "scenes/average/fused/p2.png"
    whole = image.read_bytes()
    _same_size_and_time(image, _flipped(image))
    assert _run(source, out) == values
    assert image.read_bytes() == whole
    image.unlink()
    assert _run(source, out) == values
    assert image.read_bytes() == whole


def test_sources_that_change_places_are_noticed(tmp_path: Path, source: Path, counts: Counts) -> None:
    out = tmp_path / "out"
    _finished(source, out, counts)
    a, b, between = source / "ir" / "p0.png", source / "vi" / "p0.png", source / "between"
    a.rename(between)
    b.rename(a)
    between.rename(b)
    _run(source, out)
    assert counts.take() == (1, 1)


def test_an_ideal_image_that_changes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_YOUNG", 0)
    root = write_noise(tmp_path / "MFI-WHU", NAMES, folders=("source_1", "source_2", "full_clear"))
    out = tmp_path / "out"
    runs = [fusionbench.run("average", root, out=out, metrics=["MSE@reference"]) for _ in range(3)]
    assert runs[1].equals(runs[2])
    _same_size_and_time(root / "full_clear" / "p1.png", _flipped(root / "full_clear" / "p1.png"))
    again = fusionbench.run("average", root, out=out, metrics=["MSE@reference"])
    assert (again["MSE@reference"] != runs[2]["MSE@reference"]).tolist() == [False, True, False]


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-5], lambda data: data[::-1]])
def test_damage_costs_hashing_alone(
    damage: Callable[[bytes], bytes], tmp_path: Path, source: Path, counts: Counts
) -> None:
    out = tmp_path / "out"
    values = _finished(source, out, counts)
    file = out / "scenes/average/.seen"
    file.write_bytes(damage(file.read_bytes()))
    assert _run(source, out) == values
    assert counts.take()[0] > 0
    assert _run(source, out) == values
    assert counts.take() == (0, 0)


def test_a_run_on_fewer_pairs_leaves_what_is_known_of_the_others(tmp_path: Path, source: Path, counts: Counts) -> None:
    out = tmp_path / "out"
    _finished(source, out, counts)
    (out / "scenes/average/fused/p0.png").touch()
    _run(source, out, limit=1)
    assert counts.take() == (1, 1)
    _run(source, out)
    assert counts.take() == (0, 0)
