"""What a run says at its start and at its end: the settings in a table; the time, and which weights are the best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..weights.files import metadata_of
from .options import TrainOptions
from .recipe import Recipe
from .state import BEST, FOLDER

_WORKED_OUT = ("method", "dataset", "epochs", "batch_size", "lr", "device", "recipe", "settings", "out", "name")


def show_settings(options: TrainOptions, recipe: Recipe, device: str, folder: Path) -> None:
    """Print a table of the settings of a run on stderr: first what was worked out, then what else has a value."""
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", title=f"training of {options.method}", title_justify="left")
    for name, value in _settings(options, recipe, device, folder):
        table.add_row(name, str(value))
    Console(stderr=True, markup=False, highlight=False).print(table)


def _settings(options: TrainOptions, recipe: Recipe, device: str, folder: Path) -> Iterator[tuple[str, Any]]:
    yield "dataset", ", ".join(options.dataset)
    for stage in recipe.stages:
        what = "samples" if len(recipe.stages) == 1 else f"samples, {stage.name}"
        yield what, f"{len(stage.samples)} to learn from in an epoch, {len(stage.held_out)} held out"
    yield "recipe", recipe.name
    yield "epochs", ", ".join(str(stage.epochs) for stage in recipe.stages)
    yield "batch size", recipe.batch_size
    yield "learning rate", recipe.lr
    yield "device", device if options.backend == "torch" else f"what {options.backend} has"
    rest = {name: value for name, value in asdict(options).items() if name not in _WORKED_OUT}
    readers = {name: type(recipe.settings).recipes(name) for name in options.settings}
    own = {name: value for name, value in options.settings.items() if recipe.name in (readers[name] or (recipe.name,))}
    for name, value in {**rest, **own}.items():
        if value is not None and value is not False:
            yield name.replace("_", " "), ", ".join(value) if isinstance(value, tuple) else value
    yield "folder", folder


def outcome(folder: Path, seconds: float, measured: bool) -> str:
    """Say how long a run took, and which of its weights are the best.

    Parameters
    ----------
    measured : whether pairs are held out, so that the best loss is theirs.

    Examples
    --------
    >>> outcome(Path("nowhere"), 965.4, True)
    'took 16 min 5 s'
    """
    text = f"took {_span(seconds)}"
    best = folder / FOLDER / BEST
    if not best.exists():
        return text
    notes = metadata_of(best)
    kind = "validation loss" if measured else "loss"
    return f"{text}; best {kind} {notes.get('loss')} in epoch {notes.get('epoch')}: {best}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
