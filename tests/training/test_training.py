"""The trainer: what it writes, that it repeats itself, that it survives, and what it says when it cannot go on."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from fusionbench import files
from fusionbench.errors import InputError, RunError
from fusionbench.methods.u2fusion.checkpoints import load_generator
from fusionbench.methods.u2fusion.network import Generator
from fusionbench.methods.weights import load_state, save_state
from fusionbench.training import TrainOptions, resume, train
from fusionbench.training.devices import choose, make_fabric
from fusionbench.training.loop import Loop, collate
from fusionbench.training.options import make_options
from fusionbench.training.patches import Patches, TrainingPair, mirrored
from fusionbench.training.recipe import Batch, Recipe, Stage
from fusionbench.training.recipes.u2fusion.vgg import VGG16
from fusionbench.training.sources import hold_out, training_pairs
from fusionbench.training.state import load_run

pytestmark = pytest.mark.slow

FOLDERS = {"IVF": ("ir", "vi"), "MEF": ("over", "under"), "MFF": ("near", "far")}


@pytest.fixture(scope="session")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of VGG-16 weights of the usual size, at random."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg16-random.safetensors"
    tensors = {}
    for name, tensor in VGG16().state_dict().items():
        deviation = 0.1 if tensor.ndim == 1 else (2 / tensor[0].numel()) ** 0.5
        tensors[name.replace("features_", "features.")] = (torch.randn(tensor.shape) * deviation).half()
    save_state(path, tensors)
    return path


def make_pairs(root: Path, count: int = 8, task: str = "IVF", size: tuple[int, int] = (40, 52)) -> Path:
    """Write pairs of smooth noise; each source lacks what the other shows on one side."""
    draw = np.random.default_rng(3)
    for i in range(count):
        scene = cv2.GaussianBlur(draw.random(size), (0, 0), 1.5)
        scene = (scene - scene.min()) / (scene.max() - scene.min())
        ramp = np.linspace(0, 1, size[1])
        for folder, part in zip(FOLDERS[task], (scene * ramp, scene * (1 - ramp)), strict=True):
            (root / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / folder / f"{i:02}.png"), (part * 255).astype(np.uint8))
    return root


@pytest.fixture
def small(tmp_path: Path, vgg: Path) -> dict[str, Any]:
    """Options of a run of a few seconds: 6 pairs to learn from, 2 held out, 3 batches in an epoch."""
    return {
        "dataset": str(make_pairs(tmp_path / "pairs")), "recipe": "port", "batch_size": 2, "patch": 16, "epochs": 3,
        "validation": 0.25, "vgg": str(vgg), "device": "cpu", "out": str(tmp_path / "runs"), "quiet": True,
        "save_every": 2,
    }  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_everything_behind(small: dict[str, Any]) -> None:
    folder = train(**small, name="one")
    assert folder.name == "one"
    assert folder.parent.name == "u2fusion"
    steps, epochs = rows(folder / "losses.csv"), rows(folder / "losses_by_epoch.csv")
    assert [row["step"] for row in steps] == [str(i) for i in range(1, 10)]
    assert [row["epoch"] for row in steps] == list("111222333")
    assert list(steps[0]) == ["step", "epoch", "stage", "loss", "pixel_loss", "ssim_loss", "learning_rate"]
    for row in steps:
        assert float(row["loss"]) == pytest.approx(100 * float(row["ssim_loss"]) + float(row["pixel_loss"]), rel=1e-5)
    rates = [float(row["learning_rate"]) for row in epochs]
    np.testing.assert_allclose(rates, [1e-4, 0.9e-4, 0.81e-4], rtol=1e-9)
    for i, row in enumerate(epochs):
        mean = np.mean([float(step["loss"]) for step in steps[3 * i : 3 * i + 3]])
        assert float(row["loss"]) == pytest.approx(mean, rel=1e-6)
        assert np.isfinite(float(row["validation_loss"]))
    curves = cv2.imread(str(folder / "loss_curves.png"))
    assert curves is not None
    assert len(np.unique(curves)) > 50
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    losses = [float(row["validation_loss"]) for row in epochs]
    assert names == sorted(
        [
            "best.safetensors",
            "last.pt",
            *(f"epoch{i + 1:03}-loss{loss:.4f}.safetensors" for i, loss in enumerate(losses)),
        ]
    )
    best = load_state(folder / "checkpoints/best.safetensors")
    assert best.metadata["epoch"] == str(1 + int(np.argmin(losses)))
    assert sum(p.numel() for p in load_generator(folder / "checkpoints/best.safetensors").parameters()) == 659_217
    assert json.loads((folder / "options.json").read_text())["batch_size"] == 2


def test_tensorboard_has_scalars_and_pictures(small: dict[str, Any]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train(**small | {"epochs": 1}, name="board")
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert {"step/loss", "step/pixel_loss", "step/learning_rate", "train/loss", "validation/loss"} <= set(
        tags["scalars"]
    )
    assert set(tags["images"]) == {"a", "b", "fused"}
    written = [float(row["loss"]) for row in rows(folder / "losses.csv")]
    np.testing.assert_allclose([event.value for event in events.Scalars("step/loss")], written, rtol=1e-6)
    picture = cv2.imdecode(np.frombuffer(events.Images("fused")[0].encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (16, 32, 3)  # two held-out patches side by side


def test_the_same_run_twice_has_the_same_losses(small: dict[str, Any]) -> None:
    first, second = (train(**small | {"epochs": 2}, name=f"{n}", workers=n) for n in (0, 1))
    assert (first / "losses.csv").read_bytes() == (second / "losses.csv").read_bytes()
    assert (first / "losses_by_epoch.csv").read_bytes() == (second / "losses_by_epoch.csv").read_bytes()
    other = train(**small | {"seed": 1, "epochs": 1}, name="other")
    assert (first / "losses.csv").read_bytes() != (other / "losses.csv").read_bytes()


RUN = "import sys, json; from fusionbench.methods.training import train; train(**json.loads(sys.argv[1]))"


def test_a_killed_run_goes_on_as_if_nothing_had_been(small: dict[str, Any]) -> None:
    options = small | {"epochs": 5}
    whole = train(**options, name="whole")
    process = subprocess.Popen([sys.executable, "-c", RUN, json.dumps({**options, "name": "killed"})])
    folder = whole.with_name("killed")
    limit = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < limit:
        if (folder / "losses.csv").exists() and len((folder / "losses.csv").read_text().splitlines()) > 5:
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "the run ended before it could be killed"
    assert 5 <= len(rows(folder / "losses.csv")) < 15
    assert resume(folder, quiet=True) == folder
    for name in ("losses.csv", "losses_by_epoch.csv", "checkpoints/best.safetensors"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    names = [sorted(path.name for path in (run / "checkpoints").iterdir()) for run in (folder, whole)]
    assert names[0] == names[1]


def test_a_finished_run_goes_on_only_for_more_epochs(small: dict[str, Any]) -> None:
    whole = train(**small | {"epochs": 2}, name="whole")
    folder = train(**small | {"epochs": 1}, name="one")
    before = (folder / "losses.csv").read_bytes()
    resume(folder, quiet=True)
    assert (folder / "losses.csv").read_bytes() == before
    resume(folder, quiet=True, epochs=2)
    assert (folder / "losses.csv").read_bytes() == (whole / "losses.csv").read_bytes()
    resume(folder, quiet=True, epochs=3, lr=1e-6)
    rates = [float(row["learning_rate"]) for row in rows(folder / "losses_by_epoch.csv")]
    np.testing.assert_allclose(rates, [1e-4, 0.9e-4, 0.81e-6], rtol=1e-9)
    with pytest.raises(InputError, match="batch_size of a run cannot be changed when it goes on"):
        resume(folder, batch_size=3)
    resume(folder, quiet=True, method="u2fusion", batch_size=2)  # said again, not changed


def test_learning_lowers_the_loss(small: dict[str, Any]) -> None:
    folder = train(**small | {"epochs": 6, "lr": 2e-3}, name="long")
    losses = [float(row["loss"]) for row in rows(folder / "losses.csv")]
    assert np.mean(losses[-6:]) < 0.8 * np.mean(losses[:3])


def test_training_goes_on_from_given_weights(small: dict[str, Any], tmp_path: Path) -> None:
    torch.manual_seed(7)
    start = Generator()
    save_state(tmp_path / "start.safetensors", start.state_dict())
    folder = train(**small | {"epochs": 1, "lr": 1e-12}, weights=str(tmp_path / "start.safetensors"), name="tuned")
    end = load_generator(folder / "checkpoints/best.safetensors")
    for a, b in zip(start.parameters(), end.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


def test_the_official_sequence(small: dict[str, Any], tmp_path: Path) -> None:
    """Three tasks, each with an optimiser of its own; from the second on, the earlier ones hold on."""
    folders = [str(make_pairs(tmp_path / task, count=3, task=task)) for task in FOLDERS]
    options = small | {"dataset": folders, "recipe": "official", "patches": 1, "epochs": (2, 1, 1), "validation": 0}
    folder = train(**options, name="sequence", ewc_lambda=1e9)
    steps = rows(folder / "losses.csv")
    assert [row["stage"] for row in steps] == ["infrared-visible"] * 2 + ["multi-exposure", "multi-focus"]
    # at the first step of a task nothing has moved yet, so nothing is forgotten
    assert [row["ewc_loss"] for row in steps] == ["", "", "0.0", "0.0"]
    for row in steps:
        assert float(row["loss"]) == pytest.approx(20 * float(row["pixel_loss"]) + float(row["ssim_loss"]), rel=1e-5)
    saved = load_run(folder)
    assert saved is not None
    assert saved["memory"]["fisher"]["decoder.conv2_4.bias"] > 0


def test_two_processes_learn_what_one_does(small: dict[str, Any]) -> None:
    """Gradients are averaged over two CPU processes (gloo): the curve is that of one, up to rounding.

    Adam divides by the size of a gradient, so that rounding decides the sign of a step where the gradient is next to
    nothing: the smaller the steps, the less of that reaches the losses.
    """
    options = small | {"epochs": 2, "recipe": "joint", "patches": 1, "lr": 1e-4}
    one, two = train(**options, name="one"), train(**options, name="two", devices=2)
    losses = [[float(row["loss"]) for row in rows(run / "losses.csv")] for run in (one, two)]
    assert len(losses[0]) == 6
    np.testing.assert_allclose(losses[1], losses[0], rtol=5e-5)


def test_an_error_in_a_process_arrives_as_one_sentence(small: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a batch of 3 cannot be dealt out to 2 devices evenly"):
        train(**small | {"batch_size": 3}, name="odd", devices=2)


@pytest.mark.slow
def test_torchrun_starts_the_processes(small: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text(RUN)
    options = json.dumps({**small, "epochs": 1, "name": "torchrun"})
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*command, str(tmp_path / "start.py"), options], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert len(rows(Path(small["out"]) / "u2fusion/torchrun/losses.csv")) == 3


def test_photographs_are_enough(small: dict[str, Any], tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for i in range(3):
        (tmp_path / "photos/deep").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / f"photos/deep/{i}.jpg"), draw.integers(0, 256, (40, 50, 3)).astype(np.uint8))
    options = make_options({"dataset": f"photos:{tmp_path / 'photos'}", "patch": 32, "colour": "rgb"})
    pairs = training_pairs(options)
    assert [pair.task for pair in pairs] == ["MFF", "MEF"] * 3
    for pair in pairs:
        a, b = pair.read(np.random.default_rng(1))
        assert a.shape == b.shape == (40, 50, 3)
        again = pair.read(np.random.default_rng(1))
        assert np.array_equal(a, again[0])
        assert not np.array_equal(a, b)
    assert pairs[1].read(np.random.default_rng(1))[0].mean() > pairs[1].read(np.random.default_rng(1))[1].mean()
    folder = train(**small | {"dataset": options.dataset, "epochs": 1, "validation": 0}, name="photos")
    assert len(rows(folder / "losses.csv")) == 3


def test_multi_focus_pairs_are_sharp_in_turn() -> None:
    from fusionbench.training.photographs import foci

    photo = np.random.default_rng(0).integers(0, 256, (120, 120)).astype(np.uint8)
    a, b = foci(photo, np.random.default_rng(4))
    exact = np.maximum(a == photo, b == photo)
    assert (a == photo).mean() > 0.25
    assert (b == photo).mean() > 0.25
    assert exact.mean() > 0.75  # all but the seam between the planes


def test_patches_are_a_function_of_seed_and_place() -> None:
    image = np.arange(60 * 70, dtype=np.uint32).astype(np.uint8).reshape(60, 70)

    def patches(**options: Any) -> Patches:
        pair = TrainingPair("a", "IVF", lambda rng: (image, image), number=5)
        return Patches([pair], size=16, count=3, **{"seed": 0, **options})

    fresh = patches()
    first = [fresh[i]["first"] for i in range(3)]
    assert not torch.equal(first[0], first[1])
    assert torch.equal(first[2], patches()[2]["first"])
    fresh.epoch = 1
    assert not torch.equal(first[0], fresh[0]["first"])
    assert not torch.equal(first[0], patches(seed=1)[0]["first"])
    fixed = patches(fixed=True)
    before = fixed[0]["first"]
    fixed.epoch = 7
    assert torch.equal(before, fixed[0]["first"])


def test_the_eight_orientations_differ() -> None:
    plane = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert len({mirrored(plane, turn).tobytes() for turn in range(8)}) == 8
    assert np.array_equal(mirrored(plane, 0), plane)


def test_test_pairs_are_not_learnt_from(tmp_path: Path, shared_data: Path) -> None:
    pairs = training_pairs(make_options({"dataset": "RoadScene", "data_root": shared_data}))
    tested = {Path(line).stem for line in (shared_data / "RoadScene/test.txt").read_text().split()}
    assert len(pairs) == 171
    assert not {pair.name.rpartition("/")[2] for pair in pairs} & tested
    few = training_pairs(make_options({"dataset": "RoadScene", "data_root": shared_data, "train_num": 7}))
    assert len(few) == 7
    (tmp_path / "names.txt").write_text("\n".join(pair.name.rpartition("/")[2] for pair in few))
    exclude = {"dataset": "RoadScene", "data_root": shared_data, "exclude": tmp_path / "names.txt"}
    assert len(training_pairs(make_options(exclude))) == 164


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 7}, "only 6 samples to learn all tasks from, fewer than a batch of 7"),
        ({"patch": 41}, r"is 52x40, smaller than a patch of 41x41: choose a smaller patch"),
        ({"recipe": "oficial"}, "unknown recipe of u2fusion 'oficial': did you mean 'official'"),
        ({"method": "u2fusoin"}, "unknown method that can be trained 'u2fusoin': did you mean 'u2fusion'"),
        ({"dataset": "Roadscen"}, "unknown data set 'Roadscen': did you mean 'RoadScene'"),
        ({"dataset": "photos:/nowhere"}, "there are no photographs in /nowhere"),
        ({"epochs": (1, 2)}, "--epochs takes one number, or 1, for all tasks; there are 2"),
        ({"epochs": 0}, "--epochs must be at least 1"),
        ({"lr": -1.0}, "--lr must be a positive number"),
        ({"batch_size": 0}, "--batch-size must be at least 1"),
        ({"validation": 1.0}, "--validation is the part of the pairs to hold out"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"precision": "8-bit"}, "cannot compute on 1 x cpu"),
        ({"vgg": "/nowhere/vgg.pth"}, "there is no weights file /nowhere/vgg.pth"),
        ({"weights": "/nowhere/w.pth"}, "there is no weights file /nowhere/w.pth"),
        ({"speed": 3}, "unknown training option 'speed'"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(small: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train(**small | changes)
    assert not Path(small["out"]).exists()


def test_a_run_is_not_overwritten(small: dict[str, Any], tmp_path: Path) -> None:
    train(**small | {"epochs": 1}, name="one")
    with pytest.raises(InputError, match=r"there is a run .*one already: go on with it by --resume"):
        train(**small, name="one")
    with pytest.raises(InputError, match=r"is no training run that can go on"):
        resume(tmp_path)


def test_absent_devices_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="there is no cuda device here; say --device cpu"):
            choose("cuda")
    with pytest.raises(InputError, match="install torch_sdaa"):
        choose("sdaa")


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(
    small: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    small["epochs"] = 2
    whole = train(**small, name="whole")
    calls = 0

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(RunError, match="the disk is full; make room"):
            train(**small, name="full")
    folder = whole.with_name("full")
    assert load_run(folder) is not None
    assert not [path for path in folder.rglob("*") if path.suffix == ".tmp"]
    resume(folder, quiet=True)
    assert (folder / "losses.csv").read_bytes() == (whole / "losses.csv").read_bytes()


def test_a_loss_that_is_lost_stops_the_run(small: dict[str, Any]) -> None:
    with pytest.raises(RunError, match=r"the loss is nan at step [2-9], with the pairs pairs/0\d, pairs/0\d"):
        train(**small | {"lr": 1e30, "save_every": 1}, name="wild")
    saved = load_run(Path(small["out"]) / "u2fusion/wild")
    assert saved is not None
    assert all(bool(tensor.isfinite().all()) for tensor in saved["network"].values())


class Numbers:
    """Samples that are numbers."""

    epoch = 0

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Batch:
        return {"name": f"number {index}", "value": torch.tensor([self.values[index]])}


class Line(Recipe):
    """Another method's recipe: the trainer knows nothing of images."""

    name = "line"
    batch_size = 2
    lr = 0.01
    columns = ("loss",)

    def __init__(self, values: list[float]) -> None:
        self.network = nn.Linear(1, 1)
        self.stages = [Stage("numbers", Numbers(values), Numbers([]), 2)]

    def optimiser(self) -> Optimizer:
        return SGD(self.network.parameters(), lr=self.lr)

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> Mapping[str, Tensor]:  # type: ignore[override]
        return {"loss": (network(batch["value"]) - batch["value"]).square().mean()}


def test_the_pair_that_spoils_the_loss_is_named(tmp_path: Path) -> None:
    recipe = Line([1.0, 2.0, 3.0, float("nan")])
    fabric = make_fabric("cpu", 1, "32-true")
    fabric.launch()
    with pytest.raises(RunError, match=r"the loss is nan at step \d, with pair number 3: the run stops"):
        Loop(fabric, TrainOptions(), recipe, tmp_path).run(quiet=True)
    assert load_run(tmp_path) is not None


def test_any_recipe_can_be_trained(tmp_path: Path) -> None:
    fabric = make_fabric("cpu", 1, "32-true")
    fabric.launch()
    Loop(fabric, TrainOptions(), Line([1.0, 2.0, 3.0, 4.0]), tmp_path).run(quiet=True)
    assert len(rows(tmp_path / "losses.csv")) == 4
    assert rows(tmp_path / "losses_by_epoch.csv")[1]["validation_loss"] == ""


def test_collate_stacks_tensors_and_lists_the_rest() -> None:
    batch = collate([{"x": torch.zeros(2), "name": "a"}, {"x": torch.ones(2), "name": "b"}])
    assert batch["x"].shape == (2, 2)
    assert batch["name"] == ["a", "b"]


def test_holding_out_depends_on_the_seed_alone() -> None:
    pairs = [TrainingPair(str(i), "IVF", lambda rng: (np.zeros((2, 2), np.uint8),) * 2) for i in range(20)]
    learn, held_out = hold_out(pairs, 0.1, seed=0)
    assert len(held_out) == 2
    assert sorted(learn + held_out, key=pairs.index) == pairs
    assert hold_out(pairs, 0.1, seed=0)[1] == held_out
    assert hold_out(pairs[:3], 0.1, seed=0)[1]  # a few pairs still hold one out
    assert hold_out(pairs, 0, seed=0)[1] == []
