"""Starting a run, and going on with one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ..datasets.problems import listing
from ..environment import environment
from ..errors import FusionBenchError, InputError, RunError
from ..files import check_writable
from ..foreign.code import copy_code, files_of_code
from ..methods.backends import find_backend
from ..methods.userfile import split_file
from ..results.training import ENVIRONMENT, OPTIONS, write_object
from .declaration import Training
from .options import TrainOptions, change_options, load_options, make_options
from .registry import find_training

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from .engine import Engine
    from .recipe import Recipe

CHANGEABLE = (
    "device", "devices", "workers", "precision", "lr", "epochs", "save_every", "data_root", "checkpoints", "format",
    "keep",
)  # fmt: skip
SKIPPED = "skipped.json"
_ERROR = ".error.json"


def train(options: TrainOptions | None = None, quiet: bool = False, **given: Any) -> Path:
    """Train a method.

    Parameters
    ----------
    options : or their names and values as keyword arguments, those of `settings` among them; see `TrainOptions`.
    quiet : show no progress bar.

    Returns
    -------
    The folder of the run: `options.json`, `environment.json` (the versions, of the code first), `log.txt`,
    `skipped.json` where something is left out, `losses.csv`, `losses_by_epoch.csv`, `loss_curves.png`, `tensorboard/`,
    and `checkpoints/` with the weights of each epoch, `best.safetensors`, and `last.pt`, from which it can go on.

    Raises
    ------
    InputError
        An option or the data are wrong.
    RunError
        Training failed: the loss is not finite, or the disk is full. `resume` goes on from the last state.

    Examples
    --------
    >>> train(dataset="RoadScene", epochs=10, batch_size=4)  # doctest: +SKIP
    """
    if options is not None and given:
        raise InputError("give the options of a training run either as one object or by name")
    chosen = options or make_options(given)
    training = find_training(chosen.method)
    default = TrainOptions()
    changed = {name: value for name, value in asdict(chosen).items() if value != getattr(default, name)}
    chosen = _complete(training, chosen, given or changed)
    folder = _new_folder(training, chosen)
    check_writable(folder)
    _launch(training, chosen, folder, quiet)
    return folder


def resume(folder: str | Path, quiet: bool = False, **changes: Any) -> Path:
    """Go on with a run that was stopped, from its last saved state.

    Parameters
    ----------
    folder : of the run.
    changes : options that shall differ from now on, of those in `CHANGEABLE` and those that the method says may
        change. More epochs let a finished run go on; another learning rate counts from the last saved state.

    Raises
    ------
    InputError
        The folder is no run, or an option cannot be changed.
    RunError
        As `train`.
    """
    from .unread import require_known

    folder = Path(folder)
    start = load_options(folder)
    training = find_training(start.method)
    require_known(training, start.settings, str(folder / OPTIONS))
    # fusionbench 0.1 wrote the settings of all methods into each run
    own = {name: value for name, value in start.settings.items() if name in training.settings.hints()}
    start = _complete(training, replace(start, settings=own), {})
    options = _complete(training, change_options(start, changes), changes)
    before, after = ({**asdict(each), **each.settings, "settings": None} for each in (start, options))
    changeable = (*CHANGEABLE, *training.settings.changeable())
    for name in after:
        if name not in changeable and before[name] != after[name]:
            raise InputError(f"{name} of a run cannot be changed when it goes on; these can: {', '.join(changeable)}")
    _launch(training, options, folder, quiet)
    return folder


def _complete(training: Training, options: TrainOptions, given: Mapping[str, Any]) -> TrainOptions:
    """Write recipe and settings out in full, and refuse what is given and not read."""
    from .unread import require_read

    require_read(training, options, {*given, *given.get("settings", {})} - {"settings"})
    settings = training.settings.read(options.settings)
    return replace(options, recipe=training.recipe(options.recipe), settings=asdict(settings))


def _new_folder(training: Training, options: TrainOptions) -> Path:
    """Choose the folder of a new run; it is made when the run has found its data."""
    name = options.name or datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = Path(options.out) / training.method / name
    if (folder / OPTIONS).exists() and options.name:
        raise InputError(f"there is a run {folder} already: go on with it by --resume {folder}, or choose another name")
    number = 1
    while folder.exists() and not options.name:
        number += 1
        folder = folder.with_name(f"{name}-{number}")
    return folder


def _launch(training: Training, options: TrainOptions, folder: Path, quiet: bool) -> None:
    """Start the processes, and bring an error of theirs here."""
    from torch.multiprocessing.spawn import ProcessRaisedException

    from .devices import make_fabric

    if options.backend != "torch" and training.method not in find_backend(options.backend).METHODS:
        raise InputError(f"{training.method} is trained with torch only: leave --backend {options.backend} out")
    # What is not PyTorch has a device of its own; what is left for Fabric is done on the CPU.
    device = options.device if options.backend == "torch" else "cpu"
    fabric = make_fabric(device, options.devices, options.precision)
    try:
        fabric.launch(_work, json.dumps(asdict(options)), str(folder), quiet)  # type: ignore[arg-type]  # Fabric passes them on
    except ProcessRaisedException as error:
        report = folder / _ERROR
        if not report.exists():
            raise
        kind, sentence = json.loads(report.read_text())
        report.unlink()
        raise (InputError if kind == "InputError" else RunError)(sentence) from error


def _work(fabric: Fabric, options_text: str, folder_text: str, quiet: bool) -> None:
    """What each process does; options and folder travel to it as texts."""
    options, folder = make_options(json.loads(options_text)), Path(fabric.broadcast(folder_text))
    try:
        _train(fabric, options, folder, quiet)
    except FusionBenchError as error:
        if options.devices > 1:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _ERROR).write_text(json.dumps([type(error).__name__, str(error)]))
        raise


def _train(fabric: Fabric, options: TrainOptions, folder: Path, quiet: bool) -> None:
    from .journal import log, telling_full_disk
    from .loop import Loop
    from .summary import outcome, show_settings

    fabric.seed_everything(options.seed, verbose=False)
    recipe = find_training(options.method).make(options)
    engine = make_engine(fabric, options, recipe)
    loop = Loop(fabric, options, recipe, folder, engine)
    with ExitStack() as stack:
        stack.enter_context(telling_full_disk(folder))
        stack.enter_context(closing(engine))
        if fabric.is_global_zero:
            stack.enter_context(_locked(folder))
            options.save(folder)
            _note_start(folder, str(fabric.device))
            _note_skipped(folder, recipe.skipped)
            if options.keep:
                copy_code(folder / "code", type(recipe), files_of_code(type(recipe), _file_of(options.method)))
            if not quiet:
                show_settings(options, recipe, str(fabric.device), folder)
        fabric.barrier()
        start = time.monotonic()
        try:
            loop.run(quiet)
        except FusionBenchError as error:
            log(folder, f"stopped: {error}")
            raise
        if fabric.is_global_zero:
            told = outcome(folder, time.monotonic() - start, any(len(stage.held_out) for stage in recipe.stages))
            log(folder, f"finished ({told})")
            if not quiet:
                print(told, file=sys.stderr)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep another process from going on with the run, whose record and states both would write."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", blocking=False):
            yield
    except Timeout as error:
        raise InputError(f"another process trains in {folder}: wait for it to end, or end it") from error


def _file_of(method: str) -> Path | None:
    """Name the user's file that a recipe was loaded from; None where it was none."""
    file = split_file(method)
    return file[0].resolve() if file else None


def make_engine(fabric: Fabric, options: TrainOptions, recipe: Recipe) -> Engine:
    """Make what computes: PyTorch, or what the backend has."""
    from .engine import FabricEngine

    if options.backend == "torch":
        return FabricEngine(fabric, recipe)
    engine: Engine = find_backend(options.backend).make_engine(recipe, options)
    return engine


def _note_start(folder: Path, device: str) -> None:
    """Write down with which code and on what the run starts, or goes on."""
    from .journal import log

    found = environment()
    write_object(folder / ENVIRONMENT, found)
    code = f"{found['fusionbench']}" + (f" ({found['revision']})" if found["revision"] else "")
    log(folder, f"starts: fusionbench {code}, torch {found['torch']}, {device}")


def _note_skipped(folder: Path, skipped: Mapping[str, str]) -> None:
    """Say how much is left out, and list it."""
    from .journal import log

    if not skipped:
        return
    write_object(folder / SKIPPED, dict(skipped))
    sentence = f"left out {len(skipped)}, listed in {folder / SKIPPED}: {listing(dict(skipped))}"
    log(folder, sentence)
    print(sentence, file=sys.stderr)
