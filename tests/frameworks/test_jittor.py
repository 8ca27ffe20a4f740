"""FILM in Jittor against FILM in PyTorch: values, gradients, steps, training and the bench."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from fusionbench import bench
from fusionbench.frameworks.jittor.environment import has_onednn
from fusionbench.frameworks.jittor.pipe import Arrays, Config, Pair
from fusionbench.frameworks.jittor.proxy import JittorModel
from fusionbench.frameworks.jittor.worker import Worker
from fusionbench.frameworks.study.engine import TorchEngine, batch_of
from fusionbench.methods import get_method
from fusionbench.methods.film.network import FilmNetwork
from fusionbench.training import TrainOptions, resume, train
from fusionbench.training.recipes.film import FilmSettings
from fusionbench.training.recipes.film.recipe import Paper
from fusionbench.weights.files import save_state

from ..scenes import write_noise

pytestmark = pytest.mark.jittor
GRID = (16, 32)
CONFIG = Config(GRID)
Reference = Callable[..., TorchEngine]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(threads=1) as worker:
        yield worker


@pytest.fixture
def network(enliven: Callable[[FilmNetwork], FilmNetwork]) -> FilmNetwork:
    return enliven(FilmNetwork(GRID))


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Three pairs; the last is of another size, texts have different lengths, and all have flat parts."""
    draw = np.random.default_rng(5)
    examples = []
    for size, words in (((16, 32), 4), ((16, 32), 7), ((24, 20), 2)):
        a, b = draw.random((2, *size), dtype=np.float32)
        a[:8, :12] = 0.0
        b[:8, :12] = a[4:12, 4:12] = 0.5
        examples.append((a, b, draw.standard_normal((words, 768), dtype=np.float32)))
    return examples


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]) -> Path:
    path = tmp_path_factory.mktemp("data") / "toy.h5"
    with h5py.File(path, "w") as file:
        for name, (a, b, text) in zip("vwxyz", [*pairs, *pairs[:2]], strict=True):
            file[f"imageA/{name}"], file[f"imageB/{name}"], file[f"text/{name}"] = a[None], b[None], text[None]
    return path


@pytest.fixture(scope="module")
def reference(data: Path) -> Reference:
    """Give the network in PyTorch, with the loss of the arguments, which are called as those of `Config`."""

    def make(
        network: FilmNetwork,
        gradient_weight: float = 20.0,
        ssim_weight: float = 0.0,
        signed: bool = False,
        precision: str = "float32",
    ) -> TorchEngine:
        settings = FilmSettings(grid="16x32", loss_grad_weight=gradient_weight, loss_ssim=ssim_weight)
        recipe = Paper(TrainOptions("film", (str(data),), validation=0), settings)
        recipe.signed = signed
        return TorchEngine(recipe, arrays(network), precision)

    return make


def arrays(network: torch.nn.Module) -> Arrays:
    return {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference, as a part of the largest magnitude."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def test_the_worker_says_what_it_is(worker: Worker) -> None:
    hello = worker.hello
    assert hello.version >= "1.3.11"
    assert (hello.device, hello.threads, hello.sound) == ("cpu", 1, True)
    assert hello.onednn == has_onednn()
    assert hello.seconds.wall > 0


def test_forward(worker: Worker, network: FilmNetwork, pairs: list[Pair], reference: Reference) -> None:
    model, torch_model = JittorModel(worker, arrays(network), CONFIG), reference(network)
    for pair, ours, theirs in zip(pairs, model.forward(pairs), torch_model.forward(pairs), strict=True):
        assert theirs.std() > 0.05
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
        stages, expected = model.stages(pair), torch_model.stages(pair)
        assert list(stages) == list(expected)
        for name, maps in expected.items():
            assert difference(stages[name], maps) < 1e-5, name
        np.testing.assert_array_equal(stages["fused"][0], ours)
        np.testing.assert_allclose(expected["fused"][0], theirs, rtol=0, atol=1e-7)
    assert {name: value.shape for name, value in model.weights().items()} == {
        name: tuple(tensor.shape) for name, tensor in network.state_dict().items()
    }


@pytest.mark.parametrize(
    ("chosen", "changes"),
    [(slice(2), {"gradient_weight": 7.0}), (slice(3), {}), (slice(1), {"ssim_weight": 0.5, "signed": True})],
)
def test_gradients(
    worker: Worker,
    network: FilmNetwork,
    pairs: list[Pair],
    chosen: slice,
    changes: dict[str, Any],
    reference: Reference,
) -> None:
    """Losses to 1e-6 and gradients to 1e-4; for a batch of one size as for one of two, and with the other terms.

    Of those in double precision: in the gradient of a PReLU's weight terms cancel, and how they are rounded differs
    between processors in both frameworks.
    """
    model = JittorModel(worker, arrays(network), replace(CONFIG, **changes))
    losses, gradients = model.gradients(pairs[chosen])
    expected, theirs = reference(network, **changes, precision="float64").gradients(pairs[chosen])
    assert losses == pytest.approx(expected, rel=1e-6)
    for name, gradient in theirs.items():
        assert difference(gradients[name], gradient) < 1e-4, name


def test_the_weight_of_the_gradients_can_change(
    worker: Worker, network: FilmNetwork, pairs: list[Pair], reference: Reference
) -> None:
    expected, _ = reference(network, gradient_weight=3.0).gradients(pairs)
    assert JittorModel(worker, arrays(network), CONFIG).losses(pairs, 3.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("zeros", "by", "factor"),
    [
        # |0| of the gradients of a flat image; at 0.5, for elsewhere they are not 0 but what rounding leaves of it
        (["conv2.weight", "conv2.bias"], "conv2.weight", None),
        (["restormerca3.convA3.weight", "restormerca3.convA3.bias"], "restormerca3.convA3.bias", 1 / 0.4 + 1),  # PReLU
    ],
)
def test_gradients_at_ties(
    worker: Worker,
    network: FilmNetwork,
    pairs: list[Pair],
    zeros: list[str],
    by: str,
    factor: float | None,
    reference: Reference,
) -> None:
    """PyTorch's mathematics equals PyTorch where an operator has no derivative; Jittor's own goes another way."""
    with torch.no_grad():
        for zero in zeros:
            network.get_parameter(zero).zero_()
        network.restormerca3.get_parameter("preluA3.weight").fill_(0.4)
    expected, theirs = reference(network).gradients(pairs[:2])
    gradients = {}
    for mathematics in ("torch", "native"):
        model = JittorModel(worker, arrays(network), replace(CONFIG, mathematics=mathematics))
        losses, gradients[mathematics] = model.gradients(pairs[:2])
        assert losses == pytest.approx(expected, rel=1e-5)
    for name, gradient in theirs.items():
        if np.abs(gradient).max() > 0:
            assert difference(gradients["torch"][name], gradient) < 1e-4, name
    assert difference(gradients["native"][by], theirs[by]) > 0.01
    if factor is not None:
        np.testing.assert_allclose(gradients["native"][by], factor * theirs[by], rtol=1e-3)


def test_twenty_steps(worker: Worker, network: FilmNetwork, pairs: list[Pair], reference: Reference) -> None:
    """The losses of the published training, step by step."""
    model, engine = JittorModel(worker, arrays(network), CONFIG), reference(network)
    engine.begin(engine.recipe.stages[0])
    for step in range(20):
        batch = pairs[:2] if step % 2 else pairs[1::-1]
        theirs = engine.step(batch_of(batch), np.random.default_rng(0))
        ours, fused = model.step(batch, 1e-5)
        assert ours == pytest.approx(theirs, rel=1e-5), step
        assert fused[0].shape == (16, 32)
    assert model.memory()["step"] == 20
    assert len(model.seconds["step"]) == 20
    assert model.seconds["step"][-1].compiling == 0


def test_adam(worker: Worker, network: FilmNetwork, pairs: list[Pair], reference: Reference) -> None:
    """One step: PyTorch's Adam to a part of the learning rate; Jittor's own adds more to the root, and moves less."""
    rate, start = 1e-2, arrays(network)
    engine = reference(network)
    _, gradients = engine.gradients(pairs[:2])
    engine.recipe.lr = rate
    engine.begin(engine.recipe.stages[0])
    engine.step(batch_of(pairs[:2]), np.random.default_rng(0))
    expected = arrays(engine.recipe.network)
    apart: dict[str, float] = {}
    for mathematics in ("torch", "native-adam"):
        model = JittorModel(worker, start, replace(CONFIG, mathematics=mathematics))
        model.step(pairs[:2], rate)
        ours = model.weights()
        clear = {name: np.abs(gradients[name]) > 1e-5 for name in start}  # of smaller ones the sign is rounding
        apart[mathematics] = max(
            np.abs(ours[name] - expected[name])[clear[name]].max(initial=0) / rate for name in start
        )
        names = list(start)
        memory = model.memory()
        for name in names:
            np.testing.assert_allclose(memory["m"][name], 0.1 * gradients[name], rtol=1e-3, atol=1e-6)
    assert apart["torch"] < 2e-3
    assert 0.005 < apart["native-adam"] < 0.05


def test_a_loss_that_is_not_finite_spoils_nothing(worker: Worker, network: FilmNetwork, pairs: list[Pair]) -> None:
    """As in PyTorch; Jittor's own operators let NaN vanish, in a maximum for instance, and in a sigmoid."""
    model = JittorModel(worker, arrays(network), CONFIG)
    a, b, text = pairs[0]
    losses, _ = model.step([pairs[1], (a * np.float32("nan"), b, text)], 1e-3)
    assert np.isnan(list(losses.values())).all()
    for name, value in model.weights().items():
        np.testing.assert_array_equal(value, network.state_dict()[name].numpy())
    model.load({**arrays(network), "conv2.bias": np.array([np.nan], np.float32)})
    assert np.isnan(model.losses(pairs[:1])["loss"])


def test_training_and_resuming(data: Path, tmp_path: Path) -> None:
    """The same record as PyTorch's, and a run that goes on is the run that was never stopped, to the bit."""
    options = {"method": "film", "dataset": str(data), "validation": 0.2, "lr": 1e-4, "epochs": 2,
               "settings": {"grid": "16x32"}, "device": "cpu", "out": tmp_path, "quiet": True}  # fmt: skip
    whole = train(**options, backend="jittor", name="whole")
    other = train(**options, name="torch")
    parts = train(**options | {"epochs": 1}, backend="jittor", name="parts")
    resume(parts, quiet=True, epochs=(2,))
    assert json.loads((whole / "options.json").read_text())["backend"] == "jittor"
    for name in ("losses.csv", "losses_by_epoch.csv"):
        assert (whole / name).read_text() == (parts / name).read_text()
        ours, theirs = (np.genfromtxt(run / name, delimiter=",", names=True) for run in (whole, other))
        for column in set(ours.dtype.names or ()) - {"stage"}:
            np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-4)
    states = [torch.load(run / "checkpoints" / "last.pt", weights_only=True) for run in (whole, parts)]
    for name, tensor in states[0]["network"].items():
        assert torch.equal(tensor, states[1]["network"][name]), name
        assert torch.equal(states[0]["optimiser"]["v"][name], states[1]["optimiser"]["v"][name]), name
    files = [sorted(str(p.relative_to(run)) for p in run.rglob("*.png")) for run in (whole, other)]
    assert files[0] == files[1]
    fused = get_method(f"film[weights={whole / 'checkpoints' / 'best.safetensors'},text=none]")
    assert np.isfinite(fused.fuse(*np.ones((2, 1, 1, 9, 9), np.float32))).all()


def test_run(network: FilmNetwork, tmp_path: Path) -> None:
    """A run of both backends: images that differ by rounding at most, two lines, and a manifest that says which."""
    data = write_noise(tmp_path / "data", ("one", "two"), (21, 35))
    weights = tmp_path / "weights.safetensors"
    save_state(weights, network.state_dict(), {"format": "pt", "method": "film", "grid": "16x32"})
    specs = [f"film[weights={weights},text=none]", f"film[weights={weights},text=none,backend=jittor]"]
    rows = bench.run(specs, str(data), out=tmp_path / "out", a="ir", b="vi", task="IVF", metrics=["EN"])
    assert list(rows["status"]) == ["ok"] * 4
    assert len(set(rows["method"])) == 2
    manifests = [json.loads(path.read_text()) for path in (tmp_path / "out").rglob("run.json")]
    records = {manifest["method"]["options"]["backend"]: manifest.get("backend") for manifest in manifests}
    expected = {"name": "jittor", "version": version("jittor"), "onednn": has_onednn(), "device": "cpu",
                "mathematics": "torch"}  # fmt: skip
    assert records == {"torch": None, "jittor": expected}
    methods = [get_method(spec) for spec in specs]
    a, b = np.random.default_rng(2).random((2, 1, 1, 21, 35), dtype=np.float32)
    ours, theirs = (method.fuse(a, b) for method in methods)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    for method in methods:
        method.close()
