"""What methods cost: counted, measured in processes of their own, stored, and not measured twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionbench.bench import profile as room
from fusionbench.bench.measure import Memory, count, default_threads, quartiles, scene
from fusionbench.bench.profile import profile
from fusionbench.errors import InputError, RunError
from fusionbench.methods import get_method
from fusionbench.results import Latency
from fusionbench.results.paths import profile_path
from fusionbench.results.profiles import read_profiles

SIZE = (36, 52)
PIXELS = SIZE[0] * SIZE[1]


def u2fusion_by_hand(pixels: int) -> int:
    """Ten 3x3 convolutions, six of them dense: 9 products for each pair of channels and pixel."""
    layers = [(2, 44), *((44 * i, 44) for i in range(1, 6)), (264, 128), (128, 64), (64, 32), (32, 1)]
    return 2 * pixels * sum(9 * inputs * outputs for inputs, outputs in layers)


def film_by_hand(pixels: int, words: int, grid: int) -> int:
    """The products of FILM's layers, from their sizes alone."""

    def block(dim: int) -> int:
        hidden = 4 * dim
        attention = dim * 3 * dim + 9 * 3 * dim + (2 * dim) ** 2 + dim * dim  # 1x1, depthwise, Gram matrix, mixing
        feed_forward = dim * 2 * hidden + 9 * 2 * hidden + hidden * dim
        return pixels * (attention + feed_forward) + dim * dim * dim // 8  # 8 heads mixed into the last 1x1

    tokens = grid * 32 // 256
    assert words < 37  # the words are then projected for each head, not the tokens

    def branch(channels: int) -> int:
        queries_keys_scores = words * 256 * 256 * 2 + 8 * words * 256 * tokens
        shares_seen_values_out = 8 * words * tokens + 8 * tokens * 256 + 8 * 32 * 256 + 256 * 256
        folded = 32 * 32 * 32  # two 1x1 convolutions made one; their bias, a matrix times a vector, is not counted
        return (
            pixels * 9 * channels * 32 + block(32) + grid * 32 * 32 + queries_keys_scores + shares_seen_values_out
            + folded + 3 * pixels * 32 * 32
        )  # fmt: skip

    branches = 2 * (branch(1) + branch(32) + branch(32))
    decoder = block(64) + pixels * 64 * 32 + 2 * block(32) + pixels * 32
    return 2 * (words * 768 * 256 + branches + decoder)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of FILM as they are drawn at random."""
    import torch
    from safetensors.torch import save_file

    from fusionbench.methods.film.network import FilmNetwork

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "film.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in FilmNetwork().state_dict().items()}, path)
    return path


def fused(method: str) -> tuple[int | None, int | None]:
    pair = scene(SIZE, "IVF")
    made = get_method(method)
    made.fuse(*(image[None, None].astype(np.float32) / 255 for image in (pair.a, pair.b)), pairs=(pair,))
    return count(made, pair)


def test_u2fusion_is_counted_as_the_network_is_defined() -> None:
    """Its fast pass on the CPU takes a quarter of these products: that says nothing about the network."""
    assert fused("u2fusion") == (659_217, u2fusion_by_hand(PIXELS))


def test_film_is_counted_with_every_product(film: Path) -> None:
    from fusionbench.methods.film.text import make_text

    pair = scene(SIZE, "IVF")
    a, b = (image.astype(np.float32) / 255 for image in (pair.a, pair.b))
    words = make_text("none", "cpu").features(pair, a, b).shape[-2]
    found = fused(f"film[weights={film},text=none]")
    assert found == (2_070_235, film_by_hand(PIXELS, words, 288 * 384))


def test_film_has_no_strips_in_its_count(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fusionbench.methods.film import block

    whole = fused(f"film[weights={film},text=none]")
    monkeypatch.setitem(block.STRIP, "cpu", 4 * SIZE[1])
    assert fused(f"film[weights={film},text=none]") == whole


def test_classical_methods_have_neither_parameters_nor_flops() -> None:
    assert fused("laplacian") == (None, None)


def test_a_users_torch_method_is_counted(tmp_path: Path, make_method: Callable[..., str]) -> None:
    body = (
        "self.net = getattr(self, 'net', None) or torch.nn.Conv2d(2, 1, 3, padding=1)\n"
        "x = torch.from_numpy(np.concatenate([a, b], 1))\n"
        "with torch.inference_mode():\n"
        "    return self.net(x).sigmoid().numpy()"
    )
    (record,) = profile([make_method(body, head="import torch")], SIZE, runs=2, warmup=1, out=tmp_path / "runs")
    assert (record.parameters, record.flops) == (19, 2 * 9 * 2 * PIXELS)


def test_it_is_stored_and_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    options = {"size": "40x60", "runs": 5, "warmup": 1, "threads": 1, "out": tmp_path, "advance": said.append}
    first = profile(["laplacian", "average"], **options)
    assert said == ["laplacian", "average"]
    path = profile_path(tmp_path, "laplacian", (40, 60), "cpu")
    assert path == tmp_path / "profile/laplacian/40x60-cpu.json"
    assert read_profiles(tmp_path)[1] == first[0]
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["parameters"], record["flops"], record["runs"], record["threads"]) == (None, None, 5, 1)
    assert len(record["seconds"]) == 5
    assert record["latency"] == quartiles(record["seconds"]).content()
    assert record["throughput"] == pytest.approx(5 / sum(record["seconds"]))
    assert record["method"]["options"]["levels"] == 4
    assert record["machine"]
    assert {"fusionbench", "python", "numpy"} <= record["environment"].keys()

    monkeypatch.setattr(room, "measure", None)  # whoever measured now would fail
    assert profile(["laplacian", "average"], **options) == first
    monkeypatch.undo()
    assert profile(["laplacian"], **{**options, "runs": 2})[0].runs == 2
    profile(["laplacian"], **{**options, "runs": 2, "again": True})
    assert said[2:] == ["laplacian", "laplacian"]
    assert [profile.method.label for profile in read_profiles(tmp_path)] == ["average", "laplacian"]


def test_peak_memory_is_the_methods_own(tmp_path: Path, make_method: Callable[..., str]) -> None:
    """60 MB for a moment, in a method that ran after one that took 200."""
    big = make_method("c = np.ones(25_000_000)\nreturn 0 * a + c[0]", "Big")
    middle = make_method("c = np.ones(7_500_000)\nreturn 0 * a + c[0]", "Middle")
    found = profile([big, middle, "average"], SIZE, runs=1, warmup=0, out=tmp_path / "runs")
    peaks = [record.peak_memory / 1e6 for record in found]
    assert 190 < peaks[0] < 230
    assert 55 < peaks[1] < 80
    assert peaks[2] < 10


def test_memory_of_a_card_is_what_torch_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a card only which of torch's counters are read can be told."""
    import torch

    called: list[str] = []
    monkeypatch.setattr(torch.cuda, "init", lambda: called.append("init"))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: called.append("empty"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: called.append(f"reset {device}"))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 1_000)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 51_000)
    assert Memory("cuda:1").peak() == 50_000
    assert called == ["init", "empty", "reset cuda:1"]


def test_a_command_line_is_timed_and_its_memory_seen(tmp_path: Path) -> None:
    import sys

    script = tmp_path / "fuse.py"
    work = "x = b'x' * 80_000_000\ntime.sleep(0.5)\nshutil.copy(sys.argv[1], sys.argv[2])\n"
    script.write_text(f"import sys, shutil, time\n{work}")
    (record,) = profile([f"cmd:{sys.executable} {script} {{a}} {{out}} {{b}}"], SIZE, runs=1, warmup=0, out=tmp_path)
    assert record.peak_memory > 80e6
    assert record.latency.median > 0.005
    assert (record.parameters, record.flops) == (None, None)


def test_memory_of_a_child_is_not_that_of_a_large_parent() -> None:
    """A process that another has started by a `vfork` counts as large as that one was."""
    import subprocess
    import sys

    own = np.ones(30_000_000)
    memory = Memory("cpu")
    subprocess.run([sys.executable, "-c", "import time; x = b'x' * 80_000_000; time.sleep(0.5)"], check=True)
    assert own.nbytes > 200e6
    assert 80e6 < (memory.peak() or 0) < 120e6


def test_bad_input_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    from PIL import Image

    Image.new("L", (8, 8)).save(tmp_path / "images/a.png")
    for methods, options, sentence in (
        (["average", "laplacain"], {}, "did you mean 'laplacian'"),
        (["average"], {"runs": 0}, "give at least 1, 1 and 0"),
        (["average", f"folder:{tmp_path / 'images'}"], {}, "nothing to measure"),
    ):
        with pytest.raises(InputError, match=sentence):
            profile(methods, SIZE, out=tmp_path / "runs", **options)
    assert not (tmp_path / "runs").exists()


def test_a_method_that_fails_or_dies_is_one_sentence(tmp_path: Path, make_method: Callable[..., str]) -> None:
    broken = make_method("raise ValueError('no luck')", "Broken")
    with pytest.raises(RunError, match=r"method 'broken' failed on pair 'profile': ValueError: no luck"):
        profile(["average", broken], SIZE, runs=1, warmup=0, out=tmp_path / "runs")
    assert len(read_profiles(tmp_path / "runs")) == 1
    dying = make_method("import os\nos._exit(9)", "Dying")
    with pytest.raises(RunError, match=r"the process that measured 'dying' ended \(exit code 9\)"):
        profile([dying], SIZE, runs=1, warmup=0, out=tmp_path / "runs")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = profile_path(tmp_path, "average", SIZE, "cpu")
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"36x52-cpu.json cannot be read"):
        read_profiles(tmp_path)


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert default_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert default_threads() >= 1
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == Latency(median=3.0, low=2.0, high=4.0)
