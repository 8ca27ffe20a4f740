from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError
from fusionbench.methods import get_method
from fusionbench.methods.film.checkpoints import load_network
from fusionbench.methods.film.method import Film, weights_files
from fusionbench.methods.film.network import FilmNetwork
from fusionbench.methods.film.text import make_text
from fusionbench.methods.pipeline import fuse_pair
from fusionbench.weights import catalog, convert, describe
from fusionbench.weights.files import save_state

GRID = "32x48"
DRAW = np.random.default_rng(11)
A = DRAW.integers(0, 256, (30, 40), dtype=np.uint8)
B = DRAW.integers(0, 256, (30, 40, 3), dtype=np.uint8)
PAIR = Pair("one", A, B, "IVF", "b")
Edit = Callable[[dict[str, Tensor]], None]


def official(path: Path, network: FilmNetwork, edit: Edit | None = None) -> Path:
    """Write a checkpoint as the published script does."""
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    if edit is not None:
        edit(state)
    optimiser = {"state": {}, "param_groups": [{"lr": 1e-5, "params": [0]}]}
    torch.save({"model": state, "optimizer1": optimiser, "lr_schedule1": {"gamma": 0.6}, "epoch": 9, "step": 1}, path)
    return path


@pytest.fixture
def checkpoint(tmp_path: Path, network: FilmNetwork) -> Path:
    return official(tmp_path / "IVF.pth", network)


def test_fuses_as_the_network_does(checkpoint: Path, network: FilmNetwork) -> None:
    method = get_method(f"film[weights={checkpoint},grid={GRID},text=describe]")
    a, b = DRAW.random((2, 2, 1, 30, 40), dtype=np.float32)
    pairs = [Pair(name, a[0, 0], b[0, 0], "IVF") for name in "xy"]
    fused = method.fuse(a, b, pairs=pairs)
    assert fused.dtype == np.float32
    for i, pair in enumerate(pairs):
        text = make_text("describe").features(pair, a[i, 0], b[i, 0])
        with torch.inference_mode():
            wanted = network(*(torch.from_numpy(x[None]) for x in (a[i], b[i], text)))
        np.testing.assert_allclose(fused[i], wanted[0].numpy(), atol=1e-6)


def test_through_the_engine(checkpoint: Path) -> None:
    """Each image's own range is stretched to 0..255 and the fraction dropped; colour comes back."""
    method = get_method(f"film[weights={checkpoint},grid={GRID},text=describe]")
    assert method.quantise == "minmax-truncate"
    fused = fuse_pair(method, A, B, PAIR)
    assert (fused.image.min(), fused.image.max()) == (0, 255)
    assert fused.colour is not None
    assert fused.colour.shape == (30, 40, 3)


def test_a_constant_output_is_no_failure(tmp_path: Path, network: FilmNetwork) -> None:
    def flatten(state: dict[str, Tensor]) -> None:
        state["module.conv2.weight"] = torch.zeros(1, 32, 1, 1)

    path = official(tmp_path / "IVF.pth", network, flatten)
    image = fuse_pair(get_method(f"film[weights={path},grid={GRID},text=describe]"), A, B, PAIR).image
    assert image.min() == image.max()


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (65, 33)])
def test_any_size(checkpoint: Path, size: tuple[int, int]) -> None:
    a, b = DRAW.random((2, 1, 1, *size), dtype=np.float32)
    fused = get_method(f"film[weights={checkpoint},grid={GRID},text=none]").fuse(a, b)
    assert fused.shape == a.shape
    assert np.isfinite(fused).all()


def test_the_manifest_tells_weights_and_text(checkpoint: Path, tmp_path: Path) -> None:
    method = Film(str(checkpoint), text="none", grid=GRID)
    record = method.weights_record
    assert record["files"] == {"IVF.pth": f"sha256:{describe(checkpoint).sha256}"}
    assert record["text"] == {"source": "none", "trained_with": {"source": "precomputed"}}
    assert method.options["text"] == "none"


def test_survives_pickling(checkpoint: Path) -> None:
    method = Film(str(checkpoint), text="describe", grid=GRID)
    first = fuse_pair(method, A, B, PAIR)
    again = fuse_pair(pickle.loads(pickle.dumps(method)), A, B, PAIR)
    np.testing.assert_array_equal(first.image, again.image)


def test_a_folder_has_a_file_for_each_task(tmp_path: Path, network: FilmNetwork) -> None:
    official(tmp_path / "IVF.pth", network)
    official(tmp_path / "MFF.pth", network, lambda state: state["module.conv2.bias"].add_(1))
    network.get_parameter("conv2.bias").data.sub_(1)  # the edit above was in place
    method = get_method(f"film[weights={tmp_path},grid={GRID},text=describe]")
    a, b = DRAW.random((2, 1, 1, 9, 9), dtype=np.float32)
    one, other = (method.fuse(a, b, pairs=[Pair("x", a, b, task)]) for task in ("IVF", "MFF"))  # type: ignore[arg-type]
    assert float((other - one).min()) > 0.01
    with pytest.raises(InputError, match=r"no weights for MEF: add MEF\.pth"):
        method.fuse(a, b, pairs=[Pair("x", a, b, "MEF")])


def test_the_authors_weights_are_known_by_their_blob_ids() -> None:
    digests = {file.name: file.digest for file in catalog.get_weights("film").files}
    assert digests == {
        "IVF.pth": "git:02a485cd257165bb676992f7d506bd1f9a6d8e85",
        "MIF.pth": "git:02a485cd257165bb676992f7d506bd1f9a6d8e85",
        "MEF.pth": "git:cb21849b69caeda4d22b2a4460d69b727c8e8eb5",
        "MFF.pth": "git:45cffe81119cd01b48819880a85586df106413c1",
    }


def test_the_authors_weights_are_found_once_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="fusionbench weights fetch film"):
        weights_files("film")
    for task in ("IVF", "MIF", "MEF", "MFF"):
        target = tmp_path / "weights" / "film" / f"{task}.pth"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(checkpoint.read_bytes())
    assert {task: path.name for task, path in weights_files("film").items()}["MEF"] == "MEF.pth"


def rename(state: dict[str, Tensor]) -> None:
    state["module.conv9.weight"] = state.pop("module.conv2.weight")


def widen(state: dict[str, Tensor]) -> None:
    state["module.text_process.conv.weight"] = torch.zeros(768, 768, 1)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (rename, r"missing: conv2\.weight; unknown: conv9\.weight"),
        (widen, r"text_process\.conv\.weight is 768x768x1, not 256x768x1"),
    ],
)
def test_another_configuration(tmp_path: Path, network: FilmNetwork, edit: Edit, problem: str) -> None:
    path = official(tmp_path / "IVF.pth", network, edit)
    with pytest.raises(InputError, match=rf"cannot use the weights .*IVF\.pth: .*{problem}"):
        load_network(path)


def test_half_the_bits_are_nearly_the_same_numbers(tmp_path: Path, checkpoint: Path, network: FilmNetwork) -> None:
    convert(checkpoint, tmp_path / "film.safetensors", half=True)
    loaded = load_network(tmp_path / "film.safetensors", (32, 48))
    for name, tensor in loaded.state_dict().items():
        torch.testing.assert_close(tensor, network.state_dict()[name], rtol=1e-3, atol=1e-3)


def test_weights_bring_their_grid(tmp_path: Path, network: FilmNetwork) -> None:
    save_state(tmp_path / "a.safetensors", network.state_dict(), {"method": "film", "grid": "32x48"})
    save_state(tmp_path / "b.safetensors", network.state_dict(), {"method": "film"})
    assert load_network(tmp_path / "a.safetensors").grid == (32, 48)
    assert load_network(tmp_path / "b.safetensors").grid == (288, 384)
    assert load_network(tmp_path / "a.safetensors", (16, 32)).grid == (16, 32)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("film[grid=30x40]", "multiples of 16"),
        ("film[grid=big]", "HEIGHTxWIDTH"),
        ("film[weights=IVF.pth]", "no weights file IVF.pth"),
        ("film[weights=filn]", "did you mean 'film'"),
    ],
)
def test_bad_options(spec: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        _ = get_method(spec).weights_record  # type: ignore[attr-defined]


def test_the_manifest_names_the_text_that_some_task_has_learnt_and_does_not_get(
    tmp_path: Path, network: FilmNetwork
) -> None:
    """One of two tasks' weights was trained with what is fed."""
    for task, text in (("IVF", {"text": "none"}), ("MFF", {"text": "describe", "text_version": "1"})):
        save_state(tmp_path / f"{task}.pth", network.state_dict(), {"method": "film", "grid": GRID, **text})
    assert Film(str(tmp_path), text="none").weights_record["text"] == {
        "source": "none", "trained_with": {"source": "describe", "version": "1"}
    }  # fmt: skip
    assert Film(str(tmp_path)).weights_record["text"]["source"] == "auto"
