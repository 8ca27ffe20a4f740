"""Metrics on a device: the values of the processor, few copies, and the processor where the device fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.bench import run, score_on
from fusionbench.datasets import write
from fusionbench.devices import names
from fusionbench.errors import InputError
from fusionbench.metrics import CARD
from fusionbench.metrics.inputs import batches as inputs
from fusionbench.results import Row, run_folder

torch = pytest.importorskip("torch")
from ..device import FakeDevice, faked  # noqa: E402
from .conftest import MakeFolder  # noqa: E402
from .stored import stored  # noqa: E402

EQUAL = 1e-9  # the promise is 1e-6; on the processor only the order of sums differs
METHODS = ["average", "laplacian"]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    """A fake device, whose tensors stay tensors in the metrics, as those of a card do."""
    monkeypatch.setattr(inputs, "as_memory", list)
    monkeypatch.setattr(score_on, "check_device", lambda device, option: names.check_name(device))
    score_on._races.clear()
    with faked(monkeypatch) as fake:
        yield fake


def rows_of(out: Path, method: str = "average", dataset: str = "scenes") -> dict[str, Row]:
    return run_folder(out, dataset, method).rows()


def compare(here: Path, there: Path, methods: list[str], dataset: str = "scenes") -> None:
    """Make sure that values and all else are the same, and that they came from the device."""
    for method in methods:
        ours, theirs = rows_of(here, method, dataset), rows_of(there, method, dataset)
        assert ours.keys() == theirs.keys()
        for name, row in ours.items():
            other = theirs[name]
            assert (row.status, row.reason, row.image) == (other.status, other.reason, other.image)
            assert list(row.metrics) == list(other.metrics)
            for key, value in row.metrics.items():
                assert other.metrics[key] == pytest.approx(value, rel=EQUAL, abs=EQUAL, nan_ok=True), (name, key)
            assert other.facts.get("scored_on_device") == (1 if other.status == "ok" else None)


@pytest.mark.parametrize("protocol", ["vifb", "tang", "tang2022", "liu", "extra"])
def test_values_are_those_of_the_processor(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice, protocol: str
) -> None:
    folder, options = make_folder(pairs=3), {"protocol": ["film", protocol], "workers": 1}
    run(METHODS, folder, out=tmp_path / "here", **options)
    run(METHODS, folder, out=tmp_path / "there", score_on="cuda", **options)
    compare(tmp_path / "here", tmp_path / "there", METHODS)


def test_of_eight_pairs_each_source_goes_there_once(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice
) -> None:
    """Two stacks of sources for both methods, and for each one of fused images there and one of values back."""
    run(METHODS, make_folder(pairs=8), out=tmp_path / "out", metrics=CARD, score_on="cuda", workers=1)
    tried = 1  # whether it can compute metrics
    assert dict(device.counts) == {"in": tried + 2 + len(METHODS), "out": len(METHODS)}
    notes = [run_folder(tmp_path / "out", "scenes", method).manifest().notes for method in METHODS]  # type: ignore[union-attr]
    assert ["8 of 8 fused images were scored on a device, which gives the values to 1e-6." in each for each in notes]


def test_a_learned_method_with_batches_of_its_own(make_folder: MakeFolder, tmp_path: Path, device: FakeDevice) -> None:
    folder, methods = make_folder(pairs=5), ["u2fusion", "average"]
    run(methods, folder, out=tmp_path / "here", metrics=CARD, device="cuda", batch=1, workers=1)
    for batch in (1, 2, "auto"):
        out = tmp_path / str(batch)
        run(methods, folder, out=out, metrics=CARD, device="cuda", score_on="cuda", batch=batch, workers=2)
        compare(tmp_path / "here", out, methods)
    assert [row.facts.get("batch") for row in rows_of(tmp_path / "2", "u2fusion").values()].count(2.0) >= 4


def test_colour_ideal_images_sizes_and_crops(tmp_path: Path, device: FakeDevice) -> None:
    """Whatever differs in shape is scored apart, and what is cropped as ever."""
    folder, rng = tmp_path / "scenes", np.random.default_rng(0)
    for i, (size, colour) in enumerate([((40, 48), 0), ((40, 48), 1), ((40, 48), 1), ((44, 48), 0), ((40, 48), 0)]):
        for side, of_colour in (("a", False), ("b", bool(colour)), ("full_clear", bool(colour))):
            shape = (*size, 3) if of_colour else size
            write(folder / side / f"p{i}.png", rng.integers(0, 256, shape, np.uint8))
    options: dict[str, Any] = {"protocol": ["film", "reference", "vifb"], "task": "MFF", "workers": 1}
    run(METHODS, folder, out=tmp_path / "here", **options)
    run(METHODS, folder, out=tmp_path / "there", score_on="cuda", **options)
    compare(tmp_path / "here", tmp_path / "there", METHODS)


def test_what_has_no_value_says_why_and_fails_alone(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice
) -> None:
    folder = make_folder(pairs=4)
    write(folder / "ir" / "p001.png", np.zeros((48, 64), np.uint8))
    write(folder / "vi" / "p001.png", np.zeros((48, 64, 3), np.uint8))
    image = folder / "ir" / "p002.png"
    image.write_bytes(image.read_bytes()[:-500])
    options = {"workers": 1, "on_error": "skip"}
    run(METHODS, folder, out=tmp_path / "here", **options)
    run(METHODS, folder, out=tmp_path / "there", score_on="cuda", **options)
    compare(tmp_path / "here", tmp_path / "there", METHODS)
    assert "a constant image has no correlation" in rows_of(tmp_path / "there")["p001"].reason


def test_more_metrics_of_finished_pairs(make_folder: MakeFolder, tmp_path: Path, device: FakeDevice) -> None:
    folder, there = make_folder(pairs=3), tmp_path / "there"
    run("average", folder, out=tmp_path / "here", metrics=["EN", "SD", "Qabf"], workers=1)
    run("average", folder, out=there, metrics=["EN"], workers=1)
    run("average", folder, out=there, metrics=["EN", "SD", "Qabf"], score_on="cuda", workers=1)
    compare(tmp_path / "here", there, ["average"])
    before = stored(there)
    run("average", folder, out=there, metrics=["EN", "SD", "Qabf"], workers=1)  # nothing is left to do
    assert stored(there) == before


def test_where_memory_runs_out_half_as_many_and_then_the_processor(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, sizes = make_folder(pairs=6), []
    run("average", folder, out=tmp_path / "here", metrics=CARD, workers=1)
    put = FakeDevice.put

    def full(self: FakeDevice, array: Any, **form: Any) -> Any:
        if len(array) > most:
            raise RuntimeError("CUDA out of memory")
        sizes.append(len(array))
        return put(self, array, **form)

    monkeypatch.setattr(FakeDevice, "put", full)
    most = 2
    run("average", folder, out=tmp_path / "there", metrics=CARD, score_on="cuda", workers=1)
    compare(tmp_path / "here", tmp_path / "there", ["average"])
    assert max(sizes[1:]) <= 2
    monkeypatch.setattr("fusionbench.bench.runner.check_scores", lambda device: None)
    most = 0
    run("average", folder, out=tmp_path / "never", metrics=CARD, score_on="cuda", workers=1)
    assert all("scored_on_device" not in row.facts for row in rows_of(tmp_path / "never").values())
    assert stored(tmp_path / "never") == stored(tmp_path / "here")


@pytest.mark.parametrize(("slow", "winner"), [("device", 0), ("processor", 1)])
def test_auto_keeps_the_faster(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, slow: str, winner: int
) -> None:
    """Both are tried twice, of which the second time counts; here by a clock that they turn."""
    now = [0.0]
    monkeypatch.setattr(score_on, "perf_counter", lambda: now[0])
    monkeypatch.setattr(score_on, "TOGETHER", 1)
    monkeypatch.setattr("fusionbench.bench.work.TOGETHER", 2)
    for name, who in (("_score_there", "device"), ("_score_here", "processor")):
        original = getattr(score_on, name)

        def turned(*arguments: Any, original: Any = original, who: str = who) -> None:
            now[0] += 2 if who == slow else 1
            original(*arguments)

        monkeypatch.setattr(score_on, name, turned)
    run("average", make_folder(pairs=12), out=tmp_path / "out", metrics=CARD, device="cuda", score_on="auto", workers=1)
    facts = [row.facts.get("scored_on_device", 0) for row in rows_of(tmp_path / "out").values()]
    assert facts == [1, 1, 1, 1, 0, 0, 0, 0, *[winner] * 4]


def test_auto_is_the_processor_where_there_is_no_card(make_folder: MakeFolder, tmp_path: Path) -> None:
    run("average", make_folder(pairs=2), out=tmp_path / "out", metrics=["EN"], score_on="auto")
    assert all("scored_on_device" not in row.facts for row in rows_of(tmp_path / "out").values())


def test_a_device_without_float64_is_refused_before_anything_is_written(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(self: FakeDevice, array: Any, **form: Any) -> Any:
        raise TypeError("the device does not support float64")

    monkeypatch.setattr(FakeDevice, "put", put)
    with pytest.raises(InputError, match="cannot compute metrics, which are in float64, on 'cuda'"):
        run("average", make_folder(pairs=2), out=tmp_path / "out", score_on="cuda")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "says"), [("gpu", "did you mean 'cuda'"), ("cpuu", "unknown device 'cpuu'")])
def test_what_is_no_device(make_folder: MakeFolder, tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        run("average", make_folder(pairs=2), out=tmp_path / "out", score_on=name)
