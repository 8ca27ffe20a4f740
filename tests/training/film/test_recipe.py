from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from fusionbench.datasets.images import read
from fusionbench.errors import InputError
from fusionbench.methods.film.checkpoints import load_network
from fusionbench.training import resume, train
from fusionbench.training.loop import collate
from fusionbench.training.options import make_options
from fusionbench.training.recipe import Recipe
from fusionbench.training.recipes.film import TRAINING, FilmSettings
from fusionbench.training.recipes.film.loss import fusion_losses
from fusionbench.training.recipes.film.pairs import PairFile
from fusionbench.version import __version__
from fusionbench.weights.files import load_state

from ...scenes import write_noise
from ..runs import rows

pytestmark = pytest.mark.slow

DRAW = np.random.default_rng(0)
SMALL: dict[str, str] = {"grid": "16x16"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five pairs; one of them stands upright, and texts have different lengths."""
    path = tmp_path / "toy.h5"
    with h5py.File(path, "w") as file:
        for i, name in enumerate("abcde"):
            size = (1, 24, 16) if name == "c" else (1, 16, 24)
            file[f"imageA/{name}"], file[f"imageB/{name}"] = DRAW.random((2, *size), dtype=np.float32)
            file[f"text/{name}"] = DRAW.random((1, 2 + i, 768), dtype=np.float32)
    return path


def start(data: Path, out: Path, **given: object) -> Path:
    defaults: dict[str, object] = {"method": "film", "dataset": str(data), "epochs": 2, "validation": 0.2, "out": out,
                                   "device": "cpu", "settings": SMALL, "save_every": 1, "name": "run"}  # fmt: skip
    return train(quiet=True, **{**defaults, **given})


def made(data: Path, settings: dict[str, str] = SMALL, **given: object) -> Recipe:
    """Make the recipe of a run."""
    return TRAINING.make(make_options({"method": "film", "dataset": str(data), "settings": settings, **given}))


def test_as_in_the_paper(data: Path) -> None:
    recipe = made(data)
    assert (recipe.batch_size, recipe.stages[0].epochs) == (2, 150)
    optimiser = recipe.optimiser()
    group = optimiser.param_groups[0]
    assert isinstance(optimiser, torch.optim.Adam)
    assert (group["lr"], group["betas"], group["eps"], group["weight_decay"]) == (1e-5, (0.9, 0.999), 1e-8, 0)
    schedule, rates = recipe.schedule(optimiser, recipe.stages[0]), []
    for _ in range(150):
        rates.append(group["lr"])
        optimiser.step()
        schedule.step()
    np.testing.assert_allclose(rates, [1e-5] * 50 + [6e-6] * 50 + [3.6e-6] * 50)


def test_a_run_leaves_what_it_should(data: Path, tmp_path: Path) -> None:
    folder = start(data, tmp_path / "runs")
    assert json.loads((folder / "options.json").read_text())["settings"]["grid"] == "16x16"
    assert json.loads((folder / "environment.json").read_text())["fusionbench"] == __version__
    log = (folder / "log.txt").read_text().splitlines()
    assert [line.split("  ", 1)[1].split(" ")[0] for line in log] == ["starts:", "epoch", "epoch", "finished"]
    assert __version__ in log[0]
    steps = rows(folder / "losses.csv")
    assert len(steps) == 4
    for row in steps:
        total = float(row["intensity_loss"]) + 20 * float(row["gradient_loss"])
        assert float(row["loss"]) == pytest.approx(total, rel=1e-5)
        assert float(row["ssim_loss"]) > 0
    assert len(list((folder / "checkpoints").glob("epoch*.safetensors"))) == 2
    for epoch in ("epoch001", "epoch002"):
        pictures = list((folder / "pic_fusion" / epoch).glob("*.png"))
        assert len(pictures) == 4  # two batches of two
        for path in pictures:
            assert read(path).shape == ((24, 48) if path.stem == "toy_c" else (16, 72))
    best = folder / "checkpoints" / "best.safetensors"
    assert load_state(best).metadata["grid"] == "16x16"
    assert load_state(best).metadata.items() >= PairFile(data).text_notes().items()
    assert load_network(best).grid == (16, 16)


def test_the_short_recipe_cuts_parts_out_of_pairs(tmp_path: Path) -> None:
    """Both images give the same part, another one in each epoch, and a small pair is enlarged."""
    path = tmp_path / "toy.h5"
    rows, columns = np.mgrid[:40, :60].astype(np.float32)
    with h5py.File(path, "w") as file:
        for name, cut in (("large", np.s_[:, :]), ("low", np.s_[:8, :]), ("narrow", np.s_[:, :8])):
            file[f"imageA/{name}"], file[f"imageB/{name}"] = (x[cut][None] / 60 for x in (rows, columns))
            file[f"text/{name}"] = DRAW.random((1, 3, 768), dtype=np.float32)
    recipe = made(path, {"grid": "16x32"}, recipe="short", validation=0)
    samples = recipe.stages[0].samples
    names = [samples[i]["name"] for i in range(3)]
    assert {samples[i]["a"].shape for i in range(3)} == {(1, 16, 32)}
    large, corners, steps = names.index("toy/large"), set(), set()
    for samples.epoch in range(8):
        a, b = (np.rint(samples[large][key][0] * 60).astype(int) for key in "ab")
        np.testing.assert_array_equal(a - a[0, 0], np.arange(16)[:, None].repeat(32, axis=1))
        step = b[0, 1] - b[0, 0]
        np.testing.assert_array_equal(b - b[0, 0], np.arange(32)[None].repeat(16, axis=0) * step)
        corners.add((a[0, 0], b[0].min()))
        steps.add(step)
    assert len(corners) > 4
    assert steps == {-1, 1}
    assert recipe.lr == 5e-4
    optimiser = recipe.optimiser()
    schedule = recipe.schedule(optimiser, recipe.stages[0])
    optimiser.step()
    for _ in range(10):
        schedule.step()
    assert optimiser.param_groups[0]["lr"] == pytest.approx(2.5e-4)  # half of the 20 epochs


def test_the_short_recipe_lets_the_gradients_in_slowly(data: Path) -> None:
    recipe = made(data, recipe="short")
    samples = recipe.stages[0].samples
    batch = collate([samples[0]])
    for samples.epoch, weight in ((0, 1.0), (1, 20 ** (1 / 3)), (3, 20.0), (9, 20.0)):
        for draw, counts in ((np.random.default_rng(0), weight), (None, 20.0)):  # measured with the full weight
            losses = recipe.losses(batch, recipe.network, draw)
            total = float((losses["intensity_loss"] + counts * losses["gradient_loss"]).detach())
            assert losses["loss"].item() == pytest.approx(total, rel=1e-5)


def test_resume_is_exact(data: Path, tmp_path: Path) -> None:
    whole = start(data, tmp_path / "whole", epochs=3)
    parts = start(data, tmp_path / "parts", epochs=1)
    resume(parts, quiet=True, epochs=(3,))
    one, other = ((folder / "losses.csv").read_text() for folder in (whole, parts))
    assert one == other
    states = [torch.load(folder / "checkpoints" / "last.pt", weights_only=True)["network"] for folder in (whole, parts)]
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


def test_a_batch_of_different_sizes_and_texts(data: Path) -> None:
    """Each pair of the batch counts alike, and the words that fill up a short text do not count."""
    recipe = made(data, validation=0.0)
    samples = recipe.stages[0].samples
    order = sorted(range(5), key=lambda i: samples[i]["name"])
    batch = collate([samples[i] for i in order])
    network = recipe.network.eval()
    with torch.inference_mode():
        together = recipe.losses(batch, network, None)
        alone = []
        for i in range(5):
            a, b, text = (torch.from_numpy(batch[key][i])[None] for key in ("a", "b", "text"))
            alone.append(fusion_losses(network(a, b, text), a, b))
    for name in ("loss", "intensity_loss", "gradient_loss"):
        assert float(together[name]) == pytest.approx(float(torch.stack([x[name] for x in alone]).mean()), rel=1e-5)


def test_settings_reach_the_loss_and_the_network(data: Path) -> None:
    settings = {**SMALL, "loss_grad_weight": "3", "loss_ssim": "0.5", "checkpointing": "yes"}
    recipe = made(data, settings)
    assert recipe.network.checkpointing
    batch = collate([recipe.stages[0].samples[i] for i in range(2)])
    losses = {k: v.item() for k, v in recipe.losses(batch, recipe.network, np.random.default_rng(0)).items()}
    total = losses["intensity_loss"] + 3 * losses["gradient_loss"] + 0.5 * losses["ssim_loss"]
    assert losses["loss"] == pytest.approx(total, rel=1e-5)


def test_mixed_precision(data: Path, tmp_path: Path) -> None:
    folder = start(data, tmp_path / "runs", precision="bf16-mixed", epochs=1)
    assert all(np.isfinite(float(row["loss"])) for row in rows(folder / "losses.csv"))


def test_plain_folders(tmp_path: Path) -> None:
    folder = start(write_noise(tmp_path / "mine", "xy"), tmp_path / "runs", validation=0.0, epochs=1)
    assert load_state(folder / "checkpoints" / "best.safetensors").metadata["text"] == "describe"
    assert {read(path).shape for path in (folder / "pic_fusion" / "epoch001").iterdir()} == {(16, 48)}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"grad_weight": 3}, "did you mean 'loss_grad_weight'"),
        ({"loss_ssim": "-1"}, "at least 0"),
        ({"loss_ssim": "much"}, "is a number, not 'much'"),
        ({"checkpointing": "maybe"}, "true or false"),
    ],
)
def test_bad_settings(given: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        FilmSettings.read(given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"epochs": (1, 2)}, "one number"),
        ({"recipe": "port"}, "recipe of film"),
        ({"settings": {"image_size": "big"}}, "HEIGHTxWIDTH"),
        ({"dataset": "nowhere.h5"}, "no H5 file"),
        ({"settings": {**SMALL, "text": "none", "grid": "17x17"}}, "multiples of 16"),
    ],
)
def test_bad_runs(data: Path, tmp_path: Path, given: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        start(data, tmp_path / "runs", **given)


@pytest.mark.slow
def test_learns_twenty_real_pairs(shared_data: Path, tmp_path: Path) -> None:
    """On 20 pairs of RoadScene that are not in its test split, the loss falls below half of its start."""
    folder = train(
        method="film", dataset="RoadScene", data_root=shared_data, train_num=20, validation=0.0, epochs=6, lr=1e-3,
        settings={"grid": "32x48"}, out=tmp_path, device="cpu", quiet=True,
    )  # fmt: skip
    losses = [float(row["loss"]) for row in rows(folder / "losses.csv")]
    assert np.mean(losses[-10:]) < 0.5 * losses[0]
