"""FILM in Jittor against FILM in PyTorch. All that compiles is in this file, so that it compiles once."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from fusionbench import bench
from fusionbench.datasets.images import write
from fusionbench.errors import RunError
from fusionbench.frameworks.jittor.environment import environment, has_onednn
from fusionbench.frameworks.jittor.messages import Arrays, Config, Pair
from fusionbench.frameworks.jittor.remote import JittorModel
from fusionbench.frameworks.jittor.worker import Worker
from fusionbench.methods import get_method
from fusionbench.methods.film.network import FilmNetwork
from fusionbench.methods.weights.files import save_state
from fusionbench.training import resume, train
from fusionbench.training.recipes.film.loss import fusion_losses

pytestmark = pytest.mark.jittor
GRID = (16, 32)
CONFIG = Config(GRID)


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
    found = []
    for size, words in (((16, 32), 4), ((16, 32), 7), ((24, 20), 2)):
        a, b = draw.random((2, *size), dtype=np.float32)
        a[:8, :12] = 0.0
        b[:8, :12] = a[4:12, 4:12] = 0.5
        found.append((a, b, draw.standard_normal((words, 768), dtype=np.float32)))
    return found


def arrays(network: FilmNetwork) -> Arrays:
    return {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}


def fused_by_torch(network: FilmNetwork, pairs: list[Pair]) -> torch.Tensor:
    a, b = (torch.from_numpy(np.stack([pair[i] for pair in pairs])[:, None]) for i in (0, 1))
    texts = [torch.from_numpy(pair[2]) for pair in pairs]
    shares = pad_sequence([torch.full((len(text),), 1 / len(text)) for text in texts], batch_first=True)
    fused: torch.Tensor = network(a, b, pad_sequence(texts, batch_first=True), shares)
    return fused


def losses_by_torch(network: FilmNetwork, pairs: list[Pair], **weights: float) -> dict[str, torch.Tensor]:
    a, b = (torch.from_numpy(np.stack([pair[i] for pair in pairs])[:, None]) for i in (0, 1))
    return fusion_losses(fused_by_torch(network, pairs), a, b, **weights)


def by_torch(network: FilmNetwork, pairs: list[Pair], **weights: float) -> tuple[dict[str, float], Arrays]:
    """Losses, and the gradient of the first by each parameter."""
    network.zero_grad()
    losses = losses_by_torch(network, pairs, **weights)
    losses["loss"].backward()
    gradients = {name: p.grad.numpy().copy() for name, p in network.named_parameters() if p.grad is not None}
    return {name: loss.item() for name, loss in losses.items()}, gradients


def stages_by_torch(network: FilmNetwork, pair: Pair) -> Arrays:
    """What each part of the network computes, by the names of `JittorModel.stages`."""
    a, b, text = (torch.from_numpy(part)[None] for part in pair)
    found = {"text_process": network.text_process.conv(text.transpose(1, 2)).transpose(1, 2)[0]}
    shares = torch.full(text.shape[:2], 1 / text.shape[1])
    maps = {"A": a[..., None], "B": b[..., None]}
    for name in ("restormerca1", "restormerca2", "restormerca3"):
        for letter in "AB":
            maps[letter] = getattr(network, name).branch(letter, maps[letter], found["text_process"][None], shares)
            found[f"{name}.{letter}"] = maps[letter][0].permute(2, 0, 1)
    x = torch.cat([maps["A"], maps["B"]], dim=-1)
    for name in ("restormer1", "restormer2", "restormer3"):
        x = getattr(network, name)(x.clone())
        found[name] = x[0].permute(2, 0, 1).clone()
        if name == "restormer1":
            x = network.conv1(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).contiguous()
    found["conv2"] = network.conv2(x.permute(0, 3, 1, 2))[0]
    found["fused"] = found["conv2"].sigmoid()
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference, as a part of the largest magnitude."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def test_the_worker_says_what_it_is(worker: Worker) -> None:
    hello = worker.hello
    assert hello.version >= "1.3.11"
    assert (hello.device, hello.threads, hello.sound) == ("cpu", 1, True)
    assert hello.onednn == has_onednn()
    assert hello.took.wall > 0


def test_forward(worker: Worker, network: FilmNetwork, pairs: list[Pair]) -> None:
    model = JittorModel(worker, arrays(network), CONFIG)
    for pair, fused in zip(pairs, model.forward(pairs), strict=True):
        with torch.inference_mode():
            theirs = fused_by_torch(network, [pair])[0, 0].numpy()
        assert theirs.std() > 0.05
        np.testing.assert_allclose(fused, theirs, rtol=0, atol=1e-5)
        with torch.no_grad():
            stages = stages_by_torch(network, pair)
        ours = model.stages(pair)
        assert list(ours) == list(stages)
        for name, maps in stages.items():
            assert difference(ours[name], maps) < 1e-5, name
        np.testing.assert_array_equal(ours["fused"][0], fused)
    assert {name: value.shape for name, value in model.weights().items()} == {
        name: tuple(tensor.shape) for name, tensor in network.state_dict().items()
    }
    model.drop()


def test_gradients(worker: Worker, network: FilmNetwork, pairs: list[Pair]) -> None:
    """Losses to 1e-6 and gradients to 1e-4; for a batch of one size as for one of two, and with the other terms."""
    model = JittorModel(worker, arrays(network), replace(CONFIG, gradient_weight=7.0))
    losses, gradients = model.gradients(pairs[:2])
    expected, theirs = by_torch(network, pairs[:2], gradient_weight=7.0)
    assert losses == pytest.approx(expected, rel=1e-6)
    for name, gradient in theirs.items():
        assert difference(gradients[name], gradient) < 1e-4, name
    mixed, _ = model.losses(pairs, 20.0)
    alone, _ = by_torch(network, pairs[2:])
    together, _ = by_torch(network, pairs[:2])
    assert mixed == pytest.approx({name: (2 * together[name] + alone[name]) / 3 for name in alone}, rel=1e-6)
    other = JittorModel(worker, arrays(network), replace(CONFIG, ssim_weight=0.5, signed=True))
    losses, gradients = other.gradients(pairs[:1])
    expected, theirs = by_torch(network, pairs[:1], ssim_weight=0.5, signed=True)
    assert losses == pytest.approx(expected, rel=1e-6)
    for name, gradient in theirs.items():
        assert difference(gradients[name], gradient) < 1e-4, name


@pytest.mark.parametrize(
    ("zeros", "by", "factor"),
    [
        # |0| of the gradients of a flat image; at 0.5, for elsewhere they are not 0 but what rounding leaves of it
        (["conv2.weight", "conv2.bias"], "conv2.weight", None),
        (["restormerca3.convA3.weight", "restormerca3.convA3.bias"], "restormerca3.convA3.bias", 1 / 0.4 + 1),  # PReLU
    ],
)
def test_gradients_at_ties(
    worker: Worker, network: FilmNetwork, pairs: list[Pair], zeros: list[str], by: str, factor: float | None
) -> None:
    """PyTorch's mathematics equals PyTorch where an operator has no derivative; Jittor's own goes another way."""
    with torch.no_grad():
        for zero in zeros:
            network.get_parameter(zero).zero_()
        network.restormerca3.get_parameter("preluA3.weight").fill_(0.4)
    expected, theirs = by_torch(network, pairs[:2])
    found = {}
    for mathematics in ("torch", "native"):
        model = JittorModel(worker, arrays(network), replace(CONFIG, mathematics=mathematics))
        losses, found[mathematics] = model.gradients(pairs[:2])
        assert losses == pytest.approx(expected, rel=1e-5)
    for name, gradient in theirs.items():
        if np.abs(gradient).max() > 0:
            assert difference(found["torch"][name], gradient) < 1e-4, name
    assert difference(found["native"][by], theirs[by]) > 0.01
    if factor is not None:
        np.testing.assert_allclose(found["native"][by], factor * theirs[by], rtol=1e-3)


OPERATORS = """
import json, sys
import jittor as jt
import numpy as np
from fusionbench.frameworks.jittor.inside import convolutions
from fusionbench.frameworks.jittor.inside.operators import MATHEMATICS

def gradients(function, *values):
    given = [jt.array(np.array(value, np.float32)) for value in values]
    result = function(*given)
    weights = jt.array(np.arange(1, result.numel() + 1, dtype=np.float32).reshape(result.shape))
    return [x.numpy().tolist() for x in [result, *jt.grad((result * weights).sum(), given)]]

found = {}
for name in ("torch", "native"):
    ops = MATHEMATICS[name]
    found[name] = {
        "magnitude": gradients(ops.magnitude, [-2, 0, 3]),
        "maximum": gradients(ops.maximum, [1, 2, 3], [2, 2, 2]),
        "at_least": gradients(lambda x: ops.at_least(x, 1.0), [0, 1, 2]),
        "prelu": gradients(ops.prelu, [-1, 0, 2], [0.25]),
    }
draw = np.random.default_rng(0)
a, b, x, w = (draw.standard_normal(shape) for shape in ((3, 4), (4, 5), (2, 4, 6, 5), (8, 2, 3, 3)))
for name in ("quick", "plain"):
    if name == "plain":
        products._onednn = lambda: None
    found[name] = [gradients(lambda x, w: products.convolution(x, w, 1, 2), x, w)]
    for flip_a, first in ((False, a), (True, a.T)):
        for flip_b, second in ((False, b), (True, b.T)):
            found[name].append(gradients(lambda x, y: products.product(x, y, flip_a, flip_b), first, second))
found["product"] = (a @ b).tolist()
json.dump(found, open(sys.argv[1], "w"))
"""


def test_operators(tmp_path: Path) -> None:
    """Each operator at its ties against PyTorch; products named outright against Jittor's own way to them."""
    run = [sys.executable, "-c", OPERATORS, str(tmp_path / "found.json")]
    subprocess.run(run, env=environment(threads=1), check=True, stdout=subprocess.DEVNULL)
    found = json.loads((tmp_path / "found.json").read_text())
    operators = {
        "magnitude": (torch.abs, [-2, 0, 3]),
        "maximum": (torch.maximum, [1, 2, 3], [2, 2, 2]),
        "at_least": (lambda x: x.clamp_min(1.0), [0, 1, 2]),
        "prelu": (torch.nn.functional.prelu, [-1, 0, 2], [0.25]),
    }
    for name, (function, *values) in operators.items():
        given = [torch.tensor(value, dtype=torch.float32, requires_grad=True) for value in values]
        result = function(*given)
        (result * torch.arange(1.0, 4.0)).sum().backward()
        assert found["torch"][name] == [x.tolist() for x in [result, *(x.grad for x in given)]], name
        assert found["native"][name][0] == result.tolist()
        assert found["native"][name] != found["torch"][name]
    for quick, plain in zip(found["quick"], found["plain"], strict=True):
        for ours, theirs in zip(quick, plain, strict=True):
            assert difference(np.array(ours), np.array(theirs)) < 1e-6
    for result, *_ in found["quick"][1:]:
        np.testing.assert_allclose(result, found["product"], rtol=1e-5, atol=1e-5)


KERNELS = """
import json, sys
import jittor as jt
import numpy as np
from fusionbench.frameworks.jittor.inside.operators import MATHEMATICS

given = json.load(open(sys.argv[1]))
ops, found = MATHEMATICS["torch"], {}
functions = {
    "sigmoid": ops.sigmoid, "gelu": ops.gelu, "softmax": lambda x: jt.nn.softmax(x.reshape(-1, 8), dim=1),
    "exp": jt.exp, "sqrt": jt.sqrt, "inverse": lambda x: 1.0 / x, "inverse root": lambda x: 1.0 / jt.sqrt(x),
    "as it is": lambda x: x * 1.0,
}
own = jt.flags.cc_flags
for level, march in given["levels"].items():
    jt.flags.cc_flags = own.replace("-march=native", march)
    with ops.compiled(), jt.flag_scope(compile_options={"as_written": 1, level: 1}):
        for name, function in functions.items():
            x = jt.array(np.array(given["numbers"][name], np.float32))
            y = function(x)
            slope = jt.grad(y.sum() if name != "softmax" else (y * jt.array(np.arange(8.0))).sum(), x)
            found[f"{level} {name}"] = [z.numpy().ravel().astype(float).tolist() for z in (y, slope)]
    jt.clean()
assert not jt.zeros(1).compile_options
json.dump(found, open(sys.argv[2], "w"))
"""
TINY, LARGE = 1e-40, 3e38  # the first is less than what a processor may flush to zero
SIGNED = [0.0, TINY, 1e-30, 1e-7, 0.3, 1.0, 2.5, 5.0, 20.0, 31.0, 60.0, 87.0, 104.0, 1e10, LARGE, float("inf")]
BESIDE_ONE = {"sigmoid": 2.5e-7, "gelu": 1e-6, "softmax": 2e-6}  # the slopes of softmax are sums of terms up to 7
POSITIVE = [x for x in SIGNED if x > TINY]


def numbers(name: str) -> list[float]:
    """Arguments of a function: those at the ends of its range, and a thousand between."""
    draw = np.random.default_rng(3).standard_normal(1000)
    if name in ("sqrt", "inverse", "inverse root"):
        found = [*POSITIVE, *np.exp(4 * draw)]
    elif name == "softmax":
        found = [0.0] * 8 + [50.0, *[-50.0] * 7] + [5.0, float("-inf")] + [1.0] * 6 + (10 * draw).tolist()
    else:
        found = [*SIGNED, *(-x for x in SIGNED), *(4 * draw)]
    return [float(x) for x in np.float32(found)]


def by_pytorch(name: str, given: list[float]) -> tuple[np.ndarray, np.ndarray]:
    x = torch.tensor(given, requires_grad=True)
    functions: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "sigmoid": torch.sigmoid, "gelu": torch.nn.functional.gelu, "softmax": lambda x: x.reshape(-1, 8).softmax(1),
        "exp": torch.exp, "sqrt": torch.sqrt, "inverse": torch.reciprocal, "inverse root": lambda x: 1 / torch.sqrt(x),
        "as it is": lambda x: x * 1.0,
    }  # fmt: skip
    y = functions[name](x)
    (y.sum() if name != "softmax" else (y * torch.arange(8.0)).sum()).backward()
    assert x.grad is not None
    return y.detach().numpy().ravel(), x.grad.numpy()


@pytest.mark.slow
@pytest.mark.parametrize("level", ["x86-64-v2", "x86-64-v3", "native"])
def test_functions_on_processors(level: str, tmp_path: Path) -> None:
    """What Jittor would approximate, compiled for other processors too: PyTorch's numbers and slopes, to the ends."""
    if level != "native":
        from llvmlite import binding

        from fusionbench.metrics.compiler import levels

        wanted = next(each for each in levels.X86 if each.name == level)
        if platform.machine() != "x86_64" or levels.missing(wanted, levels.X86, dict(binding.get_host_cpu_features())):
            pytest.skip(f"this processor is no {level}")
    names = ["sigmoid", "gelu", "softmax", "exp", "sqrt", "inverse", "inverse root", "as it is"]
    task = {"levels": {level: f"-march={level}"}, "numbers": {name: numbers(name) for name in names}}
    (tmp_path / "task.json").write_text(json.dumps(task))
    run = [sys.executable, "-c", KERNELS, str(tmp_path / "task.json"), str(tmp_path / "found.json")]
    subprocess.run(run, env=environment(threads=1), check=True, stdout=subprocess.DEVNULL)
    found = json.loads((tmp_path / "found.json").read_text())
    for name in names:
        values, slopes = zip(found[f"{level} {name}"], by_pytorch(name, task["numbers"][name]), strict=True)
        # 1 - y, 1 + erf(x) and the like keep what rounding has left of numbers around 1
        np.testing.assert_allclose(*values, rtol=5e-7, atol=1e-6 if name == "gelu" else 1e-37, err_msg=name)
        np.testing.assert_allclose(*slopes, rtol=5e-7, atol=BESIDE_ONE.get(name, 1e-37), err_msg=f"slope of {name}")
    assert found[f"{level} sigmoid"][0][0] == 0.5
    assert found[f"{level} as it is"][0][1] > 0


def test_twenty_steps(worker: Worker, network: FilmNetwork, pairs: list[Pair]) -> None:
    """The losses of the published training, step by step."""
    model = JittorModel(worker, arrays(network), CONFIG)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-5)
    for step in range(20):
        batch = pairs[:2] if step % 2 else pairs[1::-1]
        theirs, _ = by_torch(network, batch)
        optimiser.step()
        ours, fused = model.step(batch, 1e-5)
        assert ours == pytest.approx(theirs, rel=1e-5), step
        assert fused[0].shape == (16, 32)
    assert model.memory()["step"] == 20
    assert len(model.took["step"]) == 20
    assert model.took["step"][-1].compiling == 0


def test_adam(worker: Worker, network: FilmNetwork, pairs: list[Pair]) -> None:
    """One step: PyTorch's Adam to a part of the learning rate; Jittor's own adds more to the root, and moves less."""
    rate, start = 1e-2, arrays(network)
    _, gradients = by_torch(network, pairs[:2])
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    optimiser.step()
    expected = arrays(network)
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
    assert np.isnan(model.losses(pairs[:1])[0]["loss"])


@pytest.fixture
def data(tmp_path: Path, pairs: list[Pair]) -> Path:
    path = tmp_path / "toy.h5"
    with h5py.File(path, "w") as file:
        for name, (a, b, text) in zip("vwxyz", [*pairs, *pairs[:2]], strict=True):
            file[f"imageA/{name}"], file[f"imageB/{name}"], file[f"text/{name}"] = a[None], b[None], text[None]
    return path


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
    draw = np.random.default_rng(2)
    for folder in ("ir", "vi"):
        for name in ("one", "two"):
            write(tmp_path / "data" / folder / f"{name}.png", draw.integers(0, 256, (21, 35), dtype=np.uint8))
    weights = tmp_path / "weights.safetensors"
    save_state(weights, network.state_dict(), {"format": "pt", "method": "film", "grid": "16x32"})
    specs = [f"film[weights={weights},text=none]", f"film[weights={weights},text=none,backend=jittor]"]
    rows = bench.run(specs, str(tmp_path / "data"), out=tmp_path / "out", a="ir", b="vi", task="IVF", metrics=["EN"])
    assert list(rows["status"]) == ["ok"] * 4
    assert len(set(rows["method"])) == 2
    manifests = [json.loads(path.read_text()) for path in (tmp_path / "out").rglob("run.json")]
    said = {manifest["method"]["options"]["backend"]: manifest.get("backend") for manifest in manifests}
    expected = {"name": "jittor", "version": version("jittor"), "onednn": has_onednn(), "device": "cpu",
                "mathematics": "torch"}  # fmt: skip
    assert said == {"torch": None, "jittor": expected}
    methods = [get_method(spec) for spec in specs]
    a, b = draw.random((2, 1, 1, 21, 35), dtype=np.float32)
    ours, theirs = (method.fuse(a, b) for method in methods)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    for method in methods:
        method.close()


def test_a_worker_that_dies(network: FilmNetwork, pairs: list[Pair]) -> None:
    """Its death is told with the log; the next model gets a new process."""
    with Worker(threads=1) as worker:
        model = JittorModel(worker, arrays(network), CONFIG)
        assert worker._process is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        with pytest.raises(RunError, match=r"ended by SIGKILL .*; its log is .*\.log"):
            model.forward(pairs[:1])
        with pytest.raises(RunError, match="failed at 'forward'"):  # the new process does not know the old one's
            model.forward(pairs[:1])
        assert JittorModel(worker, arrays(network), CONFIG).forward(pairs[:1])[0].shape == (16, 32)


INTERRUPTED = """
import os, signal, sys, time
from fusionbench.frameworks.jittor.worker import Worker
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell has put the tests into the background
with Worker(threads=1) as worker:
    worker.hello
    print(worker._process.pid, flush=True)
    if len(sys.argv) > 1:
        os.kill(worker._process.pid, signal.SIGSTOP)
    time.sleep(60)
"""


@pytest.mark.parametrize(("kind", "state"), [(signal.SIGINT, []), (signal.SIGTERM, []), (signal.SIGKILL, ["stopped"])])
def test_no_orphan(kind: signal.Signals, state: list[str]) -> None:
    """However the process ends that had started it, the worker ends as well, even if it cannot notice that itself."""
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            process.send_signal(kind)
            process.wait(60)
        finally:
            process.kill()  # else, after a failure, the test of somebody else would be told of it
    limit = time.monotonic() + 30
    while (alive := Path(f"/proc/{pid}/stat").exists()) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not alive
