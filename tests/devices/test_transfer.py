"""Between the host and a device: with one that counts, and what a CUDA device is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.datasets.pair import Pair
from fusionbench.devices.transfer import Cuda, Place, place_of
from fusionbench.methods import get_method

torch = pytest.importorskip("torch")
from ..device import FakeDevice, faked  # noqa: E402
from ..zoo.plain import PLAIN, random_state  # noqa: E402

TASKS = ("IVF", "MIF", "IVF", "MEF")
LENGTHS = (3, 5, 4, 4)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    with faked(monkeypatch) as fake:
        yield fake


def batch(size: tuple[int, int] = (21, 19)) -> tuple[Any, Any, list[Pair]]:
    a, b = np.random.default_rng(5).random((2, len(TASKS), 1, *size), np.float32)
    a, b = (x * np.array([0.3, 0.6, 1, 0.8], np.float32).reshape(-1, 1, 1, 1) for x in (a, b))  # each of its own range
    return a, b, [Pair(f"p{i}", a[i, 0], b[i, 0], task) for i, task in enumerate(TASKS)]  # type: ignore[arg-type]


def one_by_one(method: Any, a: Any, b: Any, pairs: list[Pair]) -> Any:
    return np.concatenate([method.fuse(a[i : i + 1], b[i : i + 1], pairs=[pair]) for i, pair in enumerate(pairs)])


@pytest.mark.parametrize("spec", PLAIN)
def test_a_batch_of_the_zoo_is_its_pairs(tmp_path: Path, device: FakeDevice, spec: str) -> None:
    torch.save(random_state(spec.partition("[")[0]), tmp_path / "w.pth")
    a, b, pairs = batch()
    here, there = (get_method(spec, weights=str(tmp_path / "w.pth"), device=name) for name in ("cpu", "cuda"))
    fused = there.fuse(a, b, pairs=pairs)
    passes = len(pairs) if there.alone else len(set(TASKS))  # type: ignore[attr-defined]
    assert device.counts["in"] == 2 * passes
    assert device.counts["networks"] == 1
    np.testing.assert_allclose(fused, one_by_one(here, a, b, pairs), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(here.fuse(a, b, pairs=pairs), one_by_one(here, a, b, pairs))


def test_texts_of_different_lengths_make_a_batch_of_film(tmp_path: Path, network: Any, device: FakeDevice) -> None:
    torch.save({"model": network.state_dict()}, tmp_path / "w.pth")
    a, b, pairs = batch((30, 40))
    texts = {f"p{i}": np.random.default_rng(i).random((n, 768), np.float32) for i, n in enumerate(LENGTHS)}

    class Texts:
        def features(self, pair: Pair, *_: Any) -> Any:
            return texts[pair.name]

    spec = f"film[weights={tmp_path / 'w.pth'},grid=32x48,text=describe]"
    here, there = (get_method(spec, device=name) for name in ("cpu", "cuda"))
    for method in (here, there):
        vars(method)["_source"] = Texts()
    fused = there.fuse(a, b, pairs=pairs)
    # both sources and the text of each task, and the words' shares of the one task whose texts differ in length
    assert dict(device.counts) == {"networks": 1, "in": 3 * 3 + 1, "launches": 3, "out": 3}
    np.testing.assert_allclose(fused, one_by_one(here, a, b, pairs), rtol=0, atol=2e-6)
    assert np.abs(fused[0] - fused[2]).max() > 0.01  # they do differ
    np.testing.assert_array_equal(here.fuse(a, b, pairs=pairs), one_by_one(here, a, b, pairs))


def test_u2fusion_passes_once(device: FakeDevice) -> None:
    a, b, pairs = batch()
    here, there = (get_method("u2fusion", device=name) for name in ("cpu", "cuda"))
    fused = there.fuse(a, b, pairs=pairs)
    assert dict(device.counts) == {"networks": 1, "in": 2, "launches": 1, "out": 1}
    np.testing.assert_allclose(fused, one_by_one(here, a, b, pairs), rtol=0, atol=2e-6)


def test_what_is_put_is_a_copy() -> None:
    array = np.zeros((2, 3), np.float32)
    array.flags.writeable = False
    tensor = place_of("cpu").put(array[:, ::2])
    tensor += 1
    assert array.max() == 0
    assert tensor.shape == (2, 2)
    half = place_of("cpu").get(tensor.to(torch.bfloat16))
    assert (half.dtype, half.max()) == (np.float32, 1)


def test_devices_that_tell_nothing() -> None:
    assert isinstance(place_of("cuda:1"), Cuda)
    place = place_of("mps")
    assert type(place) is Place
    assert (place.free(), place.cost_of(lambda: 3)) == (None, (3, None))


def test_what_a_cuda_device_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinned memory, a copy on a stream of its own, and the computing stream waits before anything reads it."""
    calls: list[Any] = []

    class Stream:
        def __init__(self, name: str) -> None:
            self.name = name

        def wait_stream(self, other: Stream) -> None:
            calls.append(f"{self.name} waits for {other.name}")

    def within(stream: Stream) -> Any:
        calls.append(f"on {stream.name}")
        return nullcontext()

    def to(tensor: Any, *device: str, **how: Any) -> Any:
        calls.append(("to", *device, how))
        return tensor

    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream("computing"))
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: Stream("copying"))
    monkeypatch.setattr(torch.cuda, "stream", within)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: calls.append("pinned") or tensor)
    monkeypatch.setattr(torch.Tensor, "to", to)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: calls.append(f"kept for {stream.name}"))
    place, array = Cuda("cuda:1"), np.arange(3, dtype=np.float32)
    np.testing.assert_array_equal(place.put(array).numpy(), array)
    order = ["pinned", "on copying", ("to", "cuda:1", {"non_blocking": True}), "computing waits for copying",
             "kept for computing"]  # fmt: skip
    assert calls == order
    place.put(array, memory_format=torch.channels_last)
    assert calls[5:] == [*order, ("to", {"memory_format": torch.channels_last})]


def test_memory_of_a_cuda_device(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"allocated": 30, "reserved": 50, "peak": 100}
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: figures["allocated"])
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: figures["reserved"])
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (200, 1000))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: figures.update(peak=30))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: figures["peak"])
    assert Cuda("cuda").free() == 200 + 50 - 30
    assert Cuda("cuda").cost_of(lambda: figures.update(peak=75)) == (None, 45)
