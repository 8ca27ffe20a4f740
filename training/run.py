"""Starting a run, and going on with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environment import environment
from ..errors import FusionBenchError, InputError, RunError, unknown
from ..files import check_writable
from ..results.training import ENVIRONMENT, OPTIONS, write_object
from .journal import log, telling_full_disk
from .options import TrainOptions, changed, load_options, make_options
from .unread import require_read

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from .recipe import Recipe

# A method's `make_recipe(options)` builds what is learnt.
RECIPES = {"film": "recipes.film.recipe", "u2fusion": "recipes.u2fusion.recipe"}
BACKENDS = {"torch": RECIPES, "jittor": ("film",)}  # which methods each computes
CHANGEABLE = ("device", "devices", "workers", "precision", "lr", "epochs", "save_every", "data_root", "vgg")
_ERROR = ".error.json"


def train(options: TrainOptions | None = None, quiet: bool = False, **given: Any) -> Path:
    """Train a method.

    Parameters
    ----------
    options : or their names and values as keyword arguments; see `TrainOptions`.
    quiet : show no progress bar.

    Returns
    -------
    The folder of the run: `options.json`, `environment.json` (the versions, of the code first), `log.txt`,
    `losses.csv`, `losses_by_epoch.csv`, `loss_curves.png`, `tensorboard/`, and `checkpoints/` with the weights of each
    epoch, `best.safetensors`, and `last.pt`, from which it can go on.

    Raises
    ------
    InputError
        An option or the data are wrong.
    RunError
        Training failed: the loss is not finite, or the disk is full. `resume` goes on from the last state.

    Examples
    --------
    >>> train(method="u2fusion", dataset="RoadScene", epochs=10, batch_size=4)  # doctest: +SKIP
    """
    chosen = options or make_options(given)
    if options is not None and given:
        raise InputError("give the options of a training run either as one object or by name")
    if chosen.method not in RECIPES:
        raise unknown("method that can be trained", chosen.method, RECIPES)
    require_read(chosen, given if options is None else changed(chosen))
    folder = _new_folder(chosen)
    check_writable(folder)
    _launch(chosen, folder, quiet)
    return folder


def resume(folder: str | Path, quiet: bool = False, **changes: Any) -> Path:
    """Go on with a run that was stopped, from its last saved state.

    Parameters
    ----------
    folder : of the run.
    changes : options that shall differ from now on, of those in `CHANGEABLE`. More epochs let a finished run go on;
        another learning rate counts from the last saved state.

    Raises
    ------
    InputError
        The folder is no run, or an option cannot be changed.
    RunError
        As `train`.
    """
    folder = Path(folder)
    start, options = load_options(folder), load_options(folder, **changes)
    for name in changes:
        if name not in CHANGEABLE and getattr(start, name) != getattr(options, name):
            raise InputError(f"{name} of a run cannot be changed when it goes on; these can: {', '.join(CHANGEABLE)}")
    require_read(options, changes)
    _launch(options, folder, quiet)
    return folder


def _new_folder(options: TrainOptions) -> Path:
    """Choose the folder of a new run; it is made when the run has found its data."""
    name = options.name or datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = Path(options.out) / options.method / name
    if (folder / OPTIONS).exists() and options.name:
        raise InputError(f"there is a run {folder} already: go on with it by --resume {folder}, or choose another name")
    number = 1
    while folder.exists() and not options.name:
        number += 1
        folder = folder.with_name(f"{name}-{number}")
    return folder


def _launch(options: TrainOptions, folder: Path, quiet: bool) -> None:
    """Start the processes, and bring an error of theirs here."""
    from torch.multiprocessing.spawn import ProcessRaisedException

    from .devices import make_fabric

    if options.method not in BACKENDS[options.backend]:
        raise InputError(f"{options.method} is trained with torch only: leave --backend {options.backend} out")
    # What is not PyTorch has a device of its own; what is left for Fabric is done on the CPU.
    device = options.device if options.backend == "torch" else "cpu"
    fabric = make_fabric(device, options.devices, options.precision)
    try:
        fabric.launch(_work, json.dumps(asdict(options)), str(folder), quiet)  # type: ignore[arg-type]  # Fabric passes them on
    except ProcessRaisedException as error:
        told = folder / _ERROR
        if not told.exists():
            raise
        kind, sentence = json.loads(told.read_text())
        told.unlink()
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
    from .loop import Loop

    fabric.seed_everything(options.seed, verbose=False)
    make_recipe: Callable[[TrainOptions], Recipe]
    make_recipe = import_module(f".{RECIPES[options.method]}", __package__).make_recipe
    recipe = make_recipe(options)
    engine = recipe.engine(fabric, options)
    loop = Loop(fabric, options, recipe, folder, engine)
    with telling_full_disk(folder), closing(engine):
        if fabric.is_global_zero:
            options.save(folder)
            _note_start(folder, str(fabric.device))
        fabric.barrier()
        try:
            loop.run(quiet)
        except FusionBenchError as error:
            log(folder, f"stopped: {error}")
            raise
        if fabric.is_global_zero:
            log(folder, "finished")


def _note_start(folder: Path, device: str) -> None:
    """Write down with which code and on what the run starts, or goes on."""
    found = environment()
    write_object(folder / ENVIRONMENT, found)
    code = f"{found['fusionbench']}" + (f" ({found['revision']})" if found["revision"] else "")
    log(folder, f"starts: fusionbench {code}, torch {found['torch']}, {device}")
