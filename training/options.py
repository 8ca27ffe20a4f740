"""Everything that a user can say about a training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ..datasets.ranges import parse_ranges
from ..errors import InputError, unknown
from ..results.training import OPTIONS, read_object, write_object

Colour = Literal["gray", "rgb"]
Backend = Literal["torch", "jittor"]
Mathematics = Literal["torch", "native"]


@dataclass(frozen=True)
class TrainOptions:
    """The options of a training run; None leaves the choice to the recipe.

    Attributes
    ----------
    method : what to train.
    dataset : names of data sets or folders; `photos:DIR` is a folder of ordinary photographs, from which multi-focus
        and multi-exposure pairs are made.
    data_root : where the data sets lie.
    split : a split or a list of names; by default "train" where there is one, else all that is not in the test split.
    range : how values deeper than 8 bits become 0..255; see `load_dataset`.
    rgbt : take each image of four channels for a pair; see `load_dataset`.
    exclude : a list of names to leave out, in any form that `datasets.lists.read_list` understands.
    train_num : use so many images at most.
    colour : "gray" learns from luminance, "rgb" from single channels drawn at random.
    recipe : of the method: loss, optimiser, schedule, tasks.
    epochs : one number, or one for each task of the recipe's sequence.
    batch_size : pairs in a step, over all devices together.
    lr : learning rate at the start.
    patch : side of the random patches in pixels.
    patches : patches of each pair in an epoch.
    validation : part of the pairs that is held out; after each epoch their loss is measured.
    weights : start from these instead of random ones.
    ewc_lambda : strength of elastic weight consolidation, for recipes of several tasks.
    vgg : file of VGG-16's weights; by default torchvision's, fetched at first use.
    backend : "torch"; or "jittor", for film, in a process of its own, on one device.
    mathematics : of Jittor, where it differs from PyTorch's: "torch", or "native" for its own.
    device : "auto", "cpu", "cuda", "mps", or "sdaa" where torch_sdaa is installed.
    devices : how many of them.
    precision : as Lightning Fabric names it: "32-true", "bf16-mixed", "16-mixed".
    workers : processes that cut patches, on each device; 0 does it in the training process.
    seed : of the weights, the patches and their order.
    settings : options of the method's own, by name.
    save_every : steps between two saved states; also after each epoch.
    out : folder of training runs; a run lies in out/METHOD/NAME.
    name : of the run; by default the time at which it started.
    """

    method: str = "u2fusion"
    dataset: tuple[str, ...] = ("RoadScene",)
    data_root: str | None = None
    split: str | None = None
    range: tuple[str, ...] | None = None
    rgbt: bool = False
    exclude: str | None = None
    train_num: int | None = None
    colour: Colour = "gray"
    recipe: str = "official"
    epochs: tuple[int, ...] | None = None
    batch_size: int | None = None
    lr: float | None = None
    patch: int = 64
    patches: int | None = None
    validation: float = 0.1
    weights: str | None = None
    ewc_lambda: float = 8e4
    vgg: str | None = None
    backend: Backend = "torch"
    mathematics: Mathematics = "torch"
    device: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    workers: int = 0
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    save_every: int = 100
    out: str = "runs/train"
    name: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without data."""
        least = {"batch_size": 1, "patch": 16, "patches": 1, "devices": 1, "workers": 0, "save_every": 1,
                 "train_num": 1, "seed": 0}  # fmt: skip
        for name, minimum in least.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise InputError(f"--{name.replace('_', '-')} must be at least {minimum}, not {value}")
        if self.lr is not None and not 0 < self.lr < float("inf"):
            raise InputError(f"--lr must be a positive number, not {self.lr}")
        if not 0 <= self.validation < 1:
            raise InputError(f"--validation is the part of the pairs to hold out, in [0, 1), not {self.validation}")
        if self.epochs is not None and (not self.epochs or min(self.epochs) < 0 or max(self.epochs) < 1):
            raise InputError(f"--epochs must be at least 1, not {','.join(map(str, self.epochs))}")
        if self.colour not in ("gray", "rgb"):
            raise InputError(f"--colour is gray or rgb, not {self.colour!r}")
        for name, value, known in (("backend", self.backend, Backend), ("mathematics", self.mathematics, Mathematics)):
            if value not in get_args(known):
                raise unknown(name, value, get_args(known))
        if self.backend == "torch" and self.mathematics != "torch":
            raise InputError("--jittor-native needs --backend jittor")
        if self.backend == "jittor" and (self.devices > 1 or self.precision != "32-true"):
            raise InputError("--backend jittor computes on one device in 32-true: leave --devices and --precision out")
        parse_ranges(self.range)
        if not self.dataset:
            raise InputError("there is no data set to learn from: name one with --dataset")

    def save(self, folder: Path) -> None:
        """Write the options into a run's folder."""
        write_object(folder / OPTIONS, asdict(self))


def make_options(given: Mapping[str, Any]) -> TrainOptions:
    """Build options from names and values; one data set or number of epochs need not be in a tuple.

    Raises
    ------
    InputError
        There is no such option, or its value cannot be.
    """
    known = {field.name for field in fields(TrainOptions)}
    for name in given:
        if name not in known:
            raise unknown("training option", name, known)
    values = dict(given)
    for name, kind in (("dataset", (str, Path)), ("range", str), ("epochs", int)):
        value = values.get(name)
        if isinstance(value, kind):
            values[name] = (value,)
    if values.get("dataset") is not None:
        values["dataset"] = tuple(str(value) for value in values["dataset"])
    for name in ("epochs", "range"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    for name in ("data_root", "split", "exclude", "weights", "vgg", "out", "name"):
        if values.get(name) is not None:
            values[name] = str(values[name])
    return TrainOptions(**values)


def changed(options: TrainOptions) -> list[str]:
    """Name the options that differ from their defaults."""
    default = TrainOptions()
    return [field.name for field in fields(options) if getattr(options, field.name) != getattr(default, field.name)]


def load_options(folder: Path, **changes: Any) -> TrainOptions:
    """Read the options of a run that is to go on.

    Parameters
    ----------
    changes : options that may differ from those of the start; None leaves one as it was.

    Raises
    ------
    InputError
        The folder is no training run.
    """
    try:
        stored = read_object(folder / OPTIONS)
        if not stored:
            raise ValueError("there are none")
        start = make_options(stored)
    except (ValueError, TypeError) as error:
        raise InputError(f"{folder} is no training run that can go on: it has no readable {OPTIONS}") from error
    return make_options({**asdict(start), **{name: value for name, value in changes.items() if value is not None}})
