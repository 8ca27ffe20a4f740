"""Everything that a user can say about a training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from ..datasets.load import OnError
from ..datasets.pair import Task
from ..datasets.ranges import parse_ranges
from ..errors import InputError, unknown
from ..methods.backends import BACKENDS
from ..results.training import OPTIONS, write_object
from ..results.values import fitted, read_object
from .recipes import DEFAULT

Checkpoints = Literal["every", "best"]
Format = Literal["safetensors", "pkl"]


@dataclass(frozen=True)
class TrainOptions:
    """The options of a training run; None leaves the choice to the recipe.

    Attributes
    ----------
    method : what to train: a name, or a file as `training.registry` takes it.
    dataset : names of data sets or folders; `pairs:FILE` is a list of pairs; `photos:DIR` is a folder of ordinary
        photographs, from which multi-focus and multi-exposure pairs are made.
    data_root : where the data sets lie.
    split : a split or a list of names; by default "train" where there is one, else all that is not in the test split.
    a, b, task : where the sources lie in a folder, and its task; see `load_dataset`.
    on_error : "stop" at a pair or photograph that cannot be used, or "skip" it; by default photographs are skipped.
    range : how values deeper than 8 bits become 0..255; see `load_dataset`.
    rgbt : take each image of four channels for a pair; see `load_dataset`.
    exclude : a list of names to leave out, in any form that `datasets.finding.read_list` understands.
    train_num : use so many pairs at most; of photographs, from each of which two pairs are made, so many photographs.
    recipe : of the method: loss, optimiser, schedule, tasks.
    epochs : one number, or one for each task of the recipe's sequence.
    batch_size : pairs in a step, over all devices together.
    lr : learning rate at the start.
    validation : part of the pairs that is held out; after each epoch their loss is measured.
    weights : start from these instead of random ones.
    backend : "torch"; or another framework that the method has, in a process of its own, on one device.
    device : "auto", "cpu", "cuda", "mps", or "sdaa" where torch_sdaa is installed.
    devices : how many of them.
    precision : as Lightning Fabric names it: "32-true", "bf16-mixed", "16-mixed".
    workers : processes that cut patches, on each device; 0 does it in the training process.
    seed : of the weights, the patches and their order.
    settings : what the method's recipes declare, by name.
    save_every : steps between two saved states; also after each epoch.
    checkpoints : weights of "every" epoch are kept, or only the "best" ones.
    format : of the weights: "safetensors"; "pkl" writes each also for Jittor, `ckpt_EPOCH.pkl`.
    keep : "code" copies the sources that ran into the run's folder `code`.
    out : folder of training runs; a run lies in out/METHOD/NAME.
    name : of the run; by default the time at which it started.
    """

    method: str = DEFAULT
    dataset: tuple[str, ...] = ("RoadScene",)
    data_root: str | None = None
    split: str | None = None
    a: str | None = None
    b: str | None = None
    task: Task | None = None
    on_error: OnError | None = None
    range: tuple[str, ...] | None = None
    rgbt: bool = False
    exclude: str | None = None
    train_num: int | None = None
    recipe: str | None = None
    epochs: tuple[int, ...] | None = None
    batch_size: int | None = None
    lr: float | None = None
    validation: float = 0.1
    weights: str | None = None
    backend: str = "torch"
    device: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    workers: int = 0
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    save_every: int = 100
    checkpoints: Checkpoints = "every"
    format: Format = "safetensors"
    keep: Literal["code"] | None = None
    out: str = "runs/train"
    name: str | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without data."""
        least = {"batch_size": 1, "devices": 1, "workers": 0, "save_every": 1, "train_num": 1, "seed": 0}
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
        for name, known in (("checkpoints", get_args(Checkpoints)), ("format", get_args(Format)), ("keep", ("code",))):
            if (value := getattr(self, name)) is not None and value not in known:
                raise unknown(f"--{name}", value, known)
        if self.backend not in ("torch", *BACKENDS):
            raise unknown("backend", self.backend, ("torch", *BACKENDS))
        if self.backend != "torch" and (self.devices > 1 or self.precision != "32-true"):
            raise InputError(
                f"--backend {self.backend} computes on one device in 32-true: leave --devices and --precision out"
            )
        parse_ranges(self.range)
        if not self.dataset:
            raise InputError("there is no data set to learn from: name one with --dataset")

    def save(self, folder: Path) -> None:
        """Write the options into a run's folder."""
        write_object(folder / OPTIONS, asdict(self))


def make_options(values: Mapping[str, Any]) -> TrainOptions:
    """Build options from names and values; one data set or number of epochs need not be in a tuple.

    Whatever is no option of every run is taken for one of the `settings`, which the method's recipe checks.

    Raises
    ------
    InputError
        A value cannot be.
    """
    names = {field.name for field in fields(TrainOptions)}
    content = {name: value for name, value in values.items() if name in names}
    own = {name: value for name, value in values.items() if name not in names}
    settings = {**content.get("settings", {}), **own}
    content["settings"] = {name: _plain(value) for name, value in settings.items()}
    for name in ("dataset", "range", "epochs"):
        if (value := content.get(name)) is not None:
            content[name] = tuple(map(_plain, [value] if isinstance(value, str | Path | int) else value))
    content = {name: _plain(value) for name, value in content.items()}
    return TrainOptions(**content)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def load_options(folder: Path) -> TrainOptions:
    """Read the options of a run that is to go on.

    Raises
    ------
    InputError
        The folder is no training run, or its options are damaged.
    """
    path, way_out = folder / OPTIONS, "mend it, or start a new run"
    stored = read_object(path, way_out)
    if not stored:
        raise InputError(f"{folder} is no training run that can go on: it has no readable {OPTIONS}")
    try:
        kinds = get_type_hints(TrainOptions)
        return make_options({name: fitted(value, kinds.get(name, Any), name) for name, value in stored.items()})
    except (ValueError, InputError) as error:
        raise InputError(f"{path} cannot be read ({error}): {way_out}") from error


def change_options(options: TrainOptions, changes: Mapping[str, Any]) -> TrainOptions:
    """Return options of which some are changed, those within `settings` by their names; None leaves one as it was."""
    content = {**asdict(options), **{name: value for name, value in changes.items() if value is not None}}
    return make_options({**content, "settings": {**options.settings, **changes.get("settings", {})}})
