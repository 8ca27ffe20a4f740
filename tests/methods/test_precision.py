"""In which numbers networks compute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.bench import run
from fusionbench.datasets.pair import Pair
from fusionbench.devices import tf32
from fusionbench.devices.tf32 import AS_IMPORTED
from fusionbench.errors import InputError
from fusionbench.foreign import contained
from fusionbench.methods import Method, fuse_pair, get_method
from fusionbench.methods.film.text.cache import key_of
from fusionbench.methods.precision import check_precision, current
from fusionbench.results.manifest import MethodRecord

torch = pytest.importorskip("torch")
from ..bench.conftest import MakeFolder, make_folder  # noqa: E402
from ..device import FakeDevice, faked  # noqa: E402
from ..zoo.plain import PLAIN, random_state  # noqa: E402

__all__ = ["make_folder"]

FULL, SHORT = ("highest", False), ("high", True)
RANDOM = np.random.default_rng(3)
A, B = (np.clip(RANDOM.normal(0, 2, (2, 40, 52)).cumsum(1).cumsum(2) + 128, 0, 255)).astype(np.uint8)
PAIR = Pair("one", A, B, "IVF")


class Telling(Method):
    """Tells what torch has while it fuses."""

    name = "telling"
    reference = "none"

    def to(self, device: str) -> None:
        self.device = device

    def fuse(self, a: Any, b: Any, **context: Any) -> Any:
        self.seen = tf32.read(), torch.is_autocast_enabled("cpu"), current()
        self.during()
        return (a + b) / 2

    def during(self) -> None:
        """Do nothing more."""


class Plain(Method):
    """Has no network."""

    name = "plain"
    reference = "none"

    def fuse(self, a: Any, b: Any, **context: Any) -> Any:
        return (a + b) / 2


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    with faked(monkeypatch) as fake:
        yield fake


def telling(precision: str, device: str = "cuda") -> Telling:
    method = Telling()
    method.precision = precision  # type: ignore[assignment]
    method.to(device)
    return method


@pytest.mark.parametrize(
    ("precision", "seen"),
    [
        ("float32", (FULL, False, "float32")),
        ("tf32", (SHORT, False, "tf32")),
        ("bf16", (FULL, True, "bf16")),
    ],
)
def test_what_torch_has_while_a_device_computes(device: FakeDevice, precision: str, seen: Any) -> None:
    """Whatever it had before, and has again afterwards."""
    for before in (("high", True), ("highest", True), ("highest", False)):
        tf32.write(before)
        try:
            method = telling(precision)
            fuse_pair(method, A, B, PAIR)
            assert method.seen == seen
            assert (tf32.read(), torch.is_autocast_enabled("cpu"), current()) == (before, False, "float32")
        finally:
            tf32.write(AS_IMPORTED)


def test_the_processor_is_left_alone() -> None:
    method = telling("float32", "cpu")
    fuse_pair(method, A, B, PAIR)
    assert method.seen == (AS_IMPORTED, False, "float32")


def test_an_option_of_the_same_name_is_its_own(device: FakeDevice) -> None:
    class Own(Telling):
        """Has another precision."""

        name = "own"

        def __init__(self, precision: str = "bf16") -> None:
            self.precision = precision  # type: ignore[assignment]

    method = Own()
    method.to("cuda")
    fuse_pair(method, A, B, PAIR)
    assert method.seen == (FULL, False, "float32")
    assert (method.label, method.options["precision"]) == ("own", "bf16")


def test_within_anothers_call_it_is_that_ones(device: FakeDevice) -> None:
    outer, inner = telling("bf16"), telling("tf32")
    outer.during = lambda: fuse_pair(inner, A, B, PAIR) and None  # type: ignore[method-assign]
    fuse_pair(outer, A, B, PAIR)
    assert outer.seen == inner.seen == (FULL, True, "bf16")


def test_calls_beside_each_other_see_what_they_want(device: FakeDevice) -> None:
    """One without a network ends meanwhile, and finds nothing changed; one of another precision waits."""
    inside, go = threading.Event(), threading.Event()
    slow, short, same = telling("float32"), telling("tf32"), telling("float32")
    states = []

    def wait() -> None:
        inside.set()
        assert go.wait(20)
        states.append(tf32.read())

    slow.during = wait  # type: ignore[method-assign]
    threads = [threading.Thread(target=fuse_pair, args=(method, A, B, PAIR)) for method in (slow, short)]
    with contained.run_of_methods():
        threads[0].start()
        assert inside.wait(20)
        threads[1].start()
        fuse_pair(Plain(), A, B, PAIR)
        fuse_pair(same, A, B, PAIR)
        assert (tf32.read(), hasattr(short, "seen")) == (FULL, False)
        go.set()
        for thread in threads:
            thread.join(20)
    assert [slow.seen[0], same.seen[0], *states, short.seen[0]] == [FULL, FULL, FULL, SHORT]
    assert tf32.read() == AS_IMPORTED
    assert not {"telling", "plain"} & contained._unruly


def test_a_method_that_changes_it_is_found_out(device: FakeDevice) -> None:
    class Unruly(Plain):
        """Turns TF32 on for all."""

        name = "unruly"

        def fuse(self, a: Any, b: Any, **context: Any) -> Any:
            tf32.write(SHORT)
            return (a + b) / 2

    outer = telling("float32")
    states = []
    thread = threading.Thread(target=lambda: fuse_pair(Unruly(), A, B, PAIR))

    def meanwhile() -> None:
        if not states:
            thread.start()
            thread.join(20)
        states.append(tf32.read())

    outer.during = meanwhile  # type: ignore[method-assign]
    with contained.run_of_methods():
        fuse_pair(outer, A, B, PAIR)
    assert states == [FULL, FULL]  # it was made again
    assert tf32.read() == AS_IMPORTED
    contained._unruly.discard("unruly")


@pytest.mark.parametrize("spec", [*PLAIN, "u2fusion", "film"])
def test_bfloat16_moves_gray_levels_a_little(spec: str, tmp_path: Path) -> None:
    name, options = spec.partition("[")[0], {}
    if spec in PLAIN:
        torch.save(random_state(name), tmp_path / "w.pth")
        options = {"weights": str(tmp_path / "w.pth")}
    usual, full, half = (
        get_method(spec, **options, **({"precision": precision} if precision else {}))
        for precision in (None, "float32", "bf16")
    )
    images = [fuse_pair(method, A, B, PAIR).image.astype(int) for method in (usual, full, half)]
    np.testing.assert_array_equal(images[0], images[1])
    distance = np.abs(images[0] - images[2])
    assert 0 < distance.mean() < (8 if spec in PLAIN else 1)  # random tensors stretch what rounding does
    assert (usual.label, usual.options) == (full.label, full.options)
    assert "precision" not in usual.options
    assert half.options == {**usual.options, "precision": "bf16"}
    assert half.label.endswith("precision=bf16]")


def test_results_of_another_precision_are_not_mixed(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder, out = make_folder(pairs=2), tmp_path / "out"
    names = ("u2fusion", "u2fusion[precision=bf16]")
    table = run(names, folder, out=out, metrics=["EN"])
    assert sorted(set(table["method"])) == sorted(names)
    assert table.groupby("method")["EN@film"].mean().nunique() == 2
    records = [MethodRecord.parse(_manifest(out, name)["method"]) for name in names]
    assert [record.options.get("precision") for record in records] == [None, "bf16"]
    assert not records[0].computes_as(records[1])
    said = ["The network computed in bf16, not in float32, which moves gray levels." in _manifest(out, name)["notes"]
            for name in names]  # fmt: skip
    assert said == [False, True]
    run("mine=u2fusion", folder, out=out, metrics=["EN"])
    with pytest.raises(InputError, match="holds results of another configuration"):
        run("mine=u2fusion[precision=bf16]", folder, out=out, metrics=["EN"])


def _manifest(out: Path, name: str) -> Any:
    import json

    from fusionbench.results import run_folder

    return json.loads((run_folder(out, "scenes", name).path / "run.json").read_text(encoding="utf-8"))


def test_what_cannot_be_is_a_sentence() -> None:
    with pytest.raises(InputError, match="tf32 is what CUDA devices compute in, not 'mps'"):
        check_precision(get_method("u2fusion", precision="tf32", device="mps"))
    check_precision(get_method("u2fusion", precision="tf32", device="cuda:1"))
    with pytest.raises(InputError, match=r"method 'x': --precision is PyTorch's"):
        check_precision(_with_backend())


def _with_backend() -> Method:
    class Elsewhere(Telling):
        """Computes in something else."""

        backend_record = {"name": "jittor"}  # noqa: RUF012

    method = Elsewhere()
    method.label, method.precision = "x", "bf16"
    return method


def test_texts_of_another_precision_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: FakeDevice
) -> None:
    from fusionbench.methods.film.text import blip2

    keys: list[str] = []
    monkeypatch.setattr(blip2, "cached", lambda key, compute: keys.append(key))
    source = blip2.Blip2()
    pair = Pair("one", A, B, "IVF", text="a road")
    for precision in ("float32", "tf32", "bf16"):
        method = telling(precision)
        method.during = lambda: source.features(pair, A, B) and None  # type: ignore[method-assign,arg-type]
        fuse_pair(method, A, B, PAIR)
    assert keys[0] == key_of("blip2", source.model, "a road")
    assert len(set(keys)) == 3
