"""Pairs that a network fuses in one call: the same rows and images, and only the one that is to blame fails."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from fusionbench.bench import run
from fusionbench.bench.batches import LARGEST, in_batches, most_of
from fusionbench.bench.task import PairTask, Target
from fusionbench.datasets import Pair, write
from fusionbench.devices.transfer import place_of
from fusionbench.errors import InputError
from fusionbench.methods import Method, get_method
from fusionbench.results import Row, RunFolder, run_folder

torch = pytest.importorskip("torch")
from ..device import FakeDevice, faked  # noqa: E402
from .conftest import MakeFolder  # noqa: E402
from .stored import stored  # noqa: E402

FILE = '''
import os, time
import numpy as np
from fusionbench.methods import Method


class Net(Method):
    """Takes batches."""

    name = "net"
    reference = "none"
    learned = True

    def fuse(self, a, b, **context):
        names = [pair.name for pair in context["pairs"]]
        with open({log!r}, "a") as file:
            file.write(" ".join(names) + "\\n")
        fused = np.maximum(a, b)
        if "p002" in names:
            {act}
        return fused
'''


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDevice]:
    with faked(monkeypatch) as fake:
        yield fake


@pytest.fixture
def net(tmp_path: Path) -> Any:
    """Write a method that does something where the pair p002 is among its own, and return its specification."""

    def make(act: str = "pass") -> str:
        (tmp_path / "net.py").write_text(FILE.format(log=str(tmp_path / "calls"), act=act))
        return f"{tmp_path / 'net.py'}:Net"

    return make


def calls(tmp_path: Path) -> list[list[str]]:
    """Which pairs went into which call; those that get ready are left out."""
    lines = (tmp_path / "calls").read_text().splitlines()
    return [names for line in lines if (names := line.split()) != ["profile"]]


def rows_of(out: Path, method: str = "net", dataset: str = "scenes") -> dict[str, Row]:
    return run_folder(out, dataset, method).rows()


class Mean(Method):
    """A network of one convolution, for any device."""

    name = "mean"
    reference = "none"
    learned = True
    network: ClassVar[Any] = None

    def to(self, device: str) -> None:
        self.device = device
        self.network = place_of(device).load(torch.nn.Conv2d(2, 1, 3, padding=1))
        for parameter in self.network.parameters():
            torch.nn.init.constant_(parameter, 0.05)

    def fuse(self, a: Any, b: Any, **context: Any) -> Any:
        place = place_of(self.device)
        with torch.inference_mode():
            return place.get(self.network(torch.cat([place.put(a), place.put(b)], dim=1)))


def test_eight_pairs_in_batches_of_four(make_folder: MakeFolder, tmp_path: Path, device: FakeDevice) -> None:
    """For four pairs the two sources go there, one pass fuses them, and the result comes back in one copy.

    Colour takes as many: levels and coloured sources there, colour images back. What gets ready fuses one small pair.
    """
    method = Mean()
    method.to("cuda")
    run(method, make_folder(pairs=8), out=tmp_path / "out", metrics=["EN"], device="cuda", batch=4, workers=1)
    assert dict(device.counts) == {"networks": 1, "in": 2 * (2 + 2) + 2, "launches": 2 + 1, "out": 2 * (1 + 1) + 1}
    assert [row.facts["batch"] for row in rows_of(tmp_path / "out", "mean").values()] == [4.0] * 8


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_rows_and_images_are_those_of_single_pairs(
    make_folder: MakeFolder, tmp_path: Path, net: Any, executor: str
) -> None:
    """Also where one is scored already, and beside a method that takes one pair at a time."""
    folder, methods = make_folder(pairs=7), [net(), "u2fusion", "average"]
    single, batched = tmp_path / "single", tmp_path / "batched"
    run(methods, folder, out=single, workers=1)
    run(methods, folder, out=batched, metrics=["EN"], limit=2, workers=1)
    (tmp_path / "calls").unlink()
    run(methods, folder, out=batched, batch=3, workers=2, executor=executor)
    assert stored(batched) == stored(single)
    assert sorted(map(len, calls(tmp_path))) == [1, 1, 3]
    facts = [row.facts.get("batch") for row in rows_of(batched).values()]
    assert facts == [None, None, None, 3.0, 3.0, 3.0, None]  # the first two were only scored, with the third
    seconds = [row.seconds for row in rows_of(batched).values()]
    assert seconds[3] == seconds[4] == seconds[5] > 0
    manifest = run_folder(batched, "scenes", "net").manifest()
    assert manifest is not None
    assert manifest.seconds is not None
    assert "Up to 3 pairs were fused in one call, of whose time each has an equal share." in manifest.seconds.notes
    assert all("batch" not in row.facts for row in rows_of(batched, "average").values())


def test_on_the_processor_pairs_go_one_by_one(make_folder: MakeFolder, tmp_path: Path, net: Any) -> None:
    run(net(), make_folder(pairs=4), out=tmp_path / "out", metrics=["EN"])
    assert all(len(names) == 1 for names in calls(tmp_path))


def test_by_memory(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pair is measured, and half of what is free is given to the rest: here 4 x 100 bytes, so 2 pairs."""
    monkeypatch.setattr(FakeDevice, "room", 400)
    monkeypatch.setattr(FakeDevice, "cost_of", lambda self, call: (call(), 100))
    folder = make_folder(pairs=7)
    run("u2fusion", folder, out=tmp_path / "out", metrics=["EN"], device="cuda", workers=1)
    facts = [row.facts.get("batch") for row in rows_of(tmp_path / "out", "u2fusion").values()]
    # once a batch of 2 is known to take 100 bytes, 50 for a pair, the 100 of a pair alone still count
    assert facts == [None, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    run("u2fusion", folder, out=tmp_path / "single", metrics=["EN"], device="cuda", batch=1)
    assert stored(tmp_path / "out") == stored(tmp_path / "single")


def test_a_device_that_tells_nothing_takes_one(
    make_folder: MakeFolder, tmp_path: Path, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeDevice, "room", None)
    run("u2fusion", make_folder(pairs=3), out=tmp_path / "out", metrics=["EN"], device="cuda", workers=1)
    assert all("batch" not in row.facts for row in rows_of(tmp_path / "out", "u2fusion").values())


def test_how_many_a_worker_takes(device: FakeDevice) -> None:
    network, classical, here = get_method("film", device="cuda"), get_method("average"), get_method("film")
    whole, own = get_method("ifcnn", device="cuda"), Mean()
    own.to("cuda")
    assert most_of("auto", [network, classical], left=1000, workers=2) == LARGEST
    assert most_of("auto", [network], left=9, workers=2) == 5  # every worker has some
    assert [most_of("auto", [method], 1000, 1) for method in (here, classical, whole, own)] == [1, 1, 1, 1]
    assert [most_of(4, [method], 1000, 1) for method in (here, classical, whole, own)] == [4, 1, 1, 4]


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("fused[names.index('p002'), 0, 3, 5] = np.nan", "it returned NaN or infinity in 1 of 3072 pixels"),
        ("raise ValueError('broken')", "ValueError: broken"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return fused[:, 0]", r"it returned shape \(1, 48, 64\)"),
        ("fused[names.index('p002')] += 2", "it returned values up to"),
    ],
)
def test_only_the_pair_to_blame_fails(make_folder: MakeFolder, tmp_path: Path, net: Any, act: str, reason: str) -> None:
    folder = make_folder(pairs=6)
    run(net(act), folder, out=tmp_path / "out", metrics=["EN"], batch=4, workers=1)
    rows = rows_of(tmp_path / "out")
    assert [row.pair for row in rows.values() if row.status != "ok"] == ["p002"]
    assert re.search(reason, rows["p002"].reason)
    assert [row.facts.get("batch") for row in rows.values()] == [None] * 4 + [2.0, 2.0]
    assert sorted(map(len, calls(tmp_path))) == [1, 1, 1, 1, 2, 4]


def test_where_memory_runs_out_half_as_many_are_tried(make_folder: MakeFolder, tmp_path: Path, net: Any) -> None:
    spec = net()
    source = (tmp_path / "net.py").read_text()
    guard = "        if len(a) > 2:\n            raise type('OutOfMemoryError', (RuntimeError,), {})()\n"
    (tmp_path / "net.py").write_text(source.replace("        fused = np", f"{guard}        fused = np"))
    run(spec, make_folder(pairs=12), out=tmp_path / "out", metrics=["EN"], batch=4, workers=1)
    assert list(map(len, calls(tmp_path))) == [4, 1, 1, 1, 1, 2, 2, 2, 2]
    assert {row.status for row in rows_of(tmp_path / "out").values()} == {"ok"}


DEADLY = {
    "exit": ("os._exit(3)", "ended its process (exit code 3)", None),
    "kill": ("os.kill(os.getpid(), 9)", "signal 9, SIGKILL", None),
    "hang": ("time.sleep(600)", "took longer than 3 s", 3.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", DEADLY)
def test_a_batch_whose_process_ends_is_split_into_pairs(
    make_folder: MakeFolder, tmp_path: Path, net: Any, case: str
) -> None:
    act, reason, timeout = DEADLY[case]
    folder = make_folder(pairs=6)
    run(net(act), folder, out=tmp_path / "out", metrics=["EN"], batch=4, workers=1, executor="processes",
        timeout=timeout)  # fmt: skip
    rows = rows_of(tmp_path / "out")
    assert {row.pair: row.reason for row in rows.values() if row.status != "ok"} == {"p002": rows["p002"].reason}
    assert reason in rows["p002"].reason
    assert [row.facts.get("batch") for row in rows.values() if row.pair > "p003"] == [2.0, 2.0]


@pytest.mark.slow
def test_a_time_limit_is_for_each_pair(make_folder: MakeFolder, tmp_path: Path, net: Any) -> None:
    """Three pairs that take 4.8 s together are within 3 s each."""
    run(net("time.sleep(1.6 * len(names))"), make_folder(pairs=3), out=tmp_path / "out", metrics=["EN"], batch=3,
        workers=1, timeout=3)  # fmt: skip
    assert [row.facts.get("batch") for row in rows_of(tmp_path / "out").values()] == [3.0] * 3


@pytest.mark.slow
def test_a_run_that_dies_in_a_batch_goes_on(make_folder: MakeFolder, tmp_path: Path, net: Any) -> None:
    """Its pairs are known to the next run, which gives each a process of its own."""
    folder, out, spec = make_folder(pairs=6), tmp_path / "out", net("os._exit(7)")
    script = (
        "from fusionbench.bench import run\n"
        f"run({spec!r}, {str(folder)!r}, out={str(out)!r}, metrics=['EN'], batch=4, workers=1)"
    )
    first = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert first.returncode == 7, first.stderr
    assert not rows_of(out)
    second = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    rows = rows_of(out)
    assert [row.pair for row in rows.values() if row.status != "ok"] == ["p002"]
    assert len(rows) == 6
    assert rows["p002"].reason == "method 'net' ended its process (exit code 7)"
    assert all(names == [name] for name in ("p000", "p001", "p003") for names in calls(tmp_path)[1:] if name in names)


def test_sizes_and_numbers_of_sources(tmp_path: Path) -> None:
    def task(name: str, size: tuple[int, int], further: int = 0, dataset: str = "one") -> PairTask:
        paths = [tmp_path / f"{name}{i}.png" for i in range(2 + further)]
        for path in paths:
            write(path, np.zeros(size, np.uint8))
        pair = Pair(name, paths[0], paths[1], "MEF", further=tuple(paths[2:]))
        return PairTask(pair, "error", (Target("net", "net", "cpu", Path(dataset) / "net", {}),))

    small, large = (8, 9), (9, 8)
    tasks = [
        task("a", small), task("b", small), task("c", small), task("d", large), task("e", large),
        task("f", large, dataset="two"), task("g", large, further=1), task("h", large), task("i", large),
    ]  # fmt: skip
    tasks[7].pair.sources[0].write_bytes(b"no image")  # type: ignore[union-attr]

    def names(most: int) -> list[str]:
        return ["".join(each.pair.name for each in batch) for batch in in_batches(tasks, most)]

    assert names(2) == ["ab", "c", "de", "f", "g", "h", "i"]
    assert names(16) == ["abc", "de", "f", "g", "h", "i"]
    assert names(1) == list("abcdefghi")


def test_huge_images_are_not_read_by_the_dozen() -> None:
    big = np.broadcast_to(np.zeros(1, np.uint8), (4000, 4000))
    pairs = [Pair(str(i), big, big, "IVF") for i in range(5)]
    tasks = [PairTask(pair, "error", (Target("net", "net", "cpu", Path("one/net"), {}),)) for pair in pairs]
    assert list(map(len, in_batches(tasks, 16))) == [2, 2, 1]


@pytest.mark.parametrize("batch", [0, -1, 2.5, "some"])
def test_what_is_no_size(batch: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"--batch {batch}: give a number of pairs, at least 1, or auto"):
        run("average", out=tmp_path, batch=batch)


def test_pairs_in_one_call_are_rows_of_a_csv_like_any_other(make_folder: MakeFolder, tmp_path: Path, net: Any) -> None:
    run(net(), make_folder(pairs=2), out=tmp_path / "out", metrics=["EN"], batch=2, workers=1)
    folder = RunFolder(tmp_path / "out" / "scenes" / "net")
    assert folder.table.read_text().splitlines()[0].endswith("at_once,batch,scored_on_device,image,check")
    assert not any(math.isnan(row.seconds) for row in folder.rows().values())
