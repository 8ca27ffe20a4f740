"""The command that trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import InputError
from .declared import DeclaredCommand, declared
from .options import (
    FolderA,
    FolderB,
    Keep,
    LearnSplit,
    Pairs,
    RangeRules,
    Rgbt,
    Root,
    TaskOption,
    TrainOnError,
    datasets_of,
    pairs_of,
)
from .synonyms import TRAIN

if TYPE_CHECKING:
    from ..methods.flag import Offer


class TrainCommand(DeclaredCommand):
    """`train`, with the options that recipes declare."""

    synonyms = TRAIN

    def offers(self) -> Iterable[Offer]:
        """List the settings of recipes that have an option of their own."""
        from ..training.registry import list_trainings

        return [offer for training in list_trainings() for offer in training.settings.offers(training.method)]

    def words(self) -> Mapping[str, str]:
        """Say what there is to train, and how."""
        from ..methods.backends import BACKENDS
        from ..training.recipes import DEFAULT
        from ..training.registry import list_trainings

        trainings = list_trainings()
        settings = {t.method: t.settings.hints().keys() - {o.name for o in t.settings.offers("")} for t in trainings}
        listed = (f"{', '.join(sorted(names))} for {method}" for method, names in settings.items() if names)
        recipes = (f"{', '.join(training.recipes)} for {training.method}" for training in trainings)
        files = (f"{', '.join(training.files)} for {training.method}" for training in trainings if training.files)
        return {
            "method": f"What to train: {', '.join(settings)}, or a file.py:CLASS. {DEFAULT} by default.",
            "recipe": f"Loss, optimiser and schedule: {'; '.join(recipes)}. The first by default.",
            "data": f"A file that the method reads itself, in place of --dataset: {'; '.join(files)}.",
            "backend": f"What computes: torch, or where the method has it {', '.join(BACKENDS)}.",
            "setting": f"name=value, the method's own: {'; '.join(listed)}.",
        }


def train(
    method: Annotated[str | None, typer.Option("--method", "-m")] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            "-d",
            show_default="RoadScene",
            help="A data set by name, a folder (with --a and --b), or photos:DIR for ordinary photographs.",
        ),
    ] = None,
    pairs: Pairs = None,
    data: Annotated[Path | None, typer.Option()] = None,
    data_root: Root = None,
    split: LearnSplit = None,
    a: FolderA = None,
    b: FolderB = None,
    task: TaskOption = None,
    on_error: TrainOnError = None,
    range: RangeRules = None,
    rgbt: Rgbt = False,
    exclude: Annotated[Path | None, typer.Option(help="A text file of names to leave out.")] = None,
    train_num: Annotated[
        int | None, typer.Option(help="At most so many pairs, or photographs.", show_default="all")
    ] = None,
    recipe: Annotated[str | None, typer.Option()] = None,
    epochs: Annotated[
        str | None, typer.Option(help="One number, or one a task: 3,2,2.", show_default="the recipe's")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pairs in a step.", show_default="the recipe's")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at the start.", show_default="the recipe's")] = None,
    validation: Annotated[float, typer.Option(help="The part of the pairs that is held out.")] = 0.1,
    weights: Annotated[str | None, typer.Option(help="Start from these weights.", show_default="random")] = None,
    backend: Annotated[str, typer.Option()] = "torch",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps, sdaa.")] = "auto",
    devices: Annotated[int, typer.Option(help="How many devices.")] = 1,
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed, 16-mixed.")] = "32-true",
    workers: Annotated[int, typer.Option("--workers", "-j", help="Processes that cut patches.")] = 0,
    seed: Annotated[int, typer.Option(help="Of weights, patches and their order.")] = 0,
    save_every: Annotated[int, typer.Option(help="Steps between two saved states.")] = 100,
    checkpoints: Annotated[
        Literal["every", "best"], typer.Option(help="Which weights are kept: of every epoch, or the best ones.")
    ] = "every",
    format: Annotated[
        Literal["safetensors", "pkl"],
        typer.Option(help="Of the weights; pkl is written beside safetensors, for Jittor: ckpt_EPOCH.pkl."),
    ] = "safetensors",
    keep: Keep = None,
    setting: Annotated[list[str] | None, typer.Option("--set")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of training runs.")] = Path("runs/train"),
    name: Annotated[str | None, typer.Option(help="The run's name.", show_default="the time")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this folder.")] = None,
    *,
    context: typer.Context,
) -> None:
    """Train a method: loss curves, checkpoints and TensorBoard logs in one folder.

    With --resume it goes on where it stopped; only options that you give again are changed.
    """
    from ..training import resume as go_on
    from ..training import train as start

    datasets = datasets_of(dataset, pairs)
    if data is not None and datasets:
        raise InputError("give either data sets with --dataset and --pairs, or an H5 file with --data")
    options = _given(context)
    options.pop("resume", None)
    if options.pop("pairs", None) is not None:
        options["dataset"] = tuple(datasets)
    if data is not None:
        options["dataset"] = (*options.get("dataset", ()), str(options.pop("data")))
    own = declared(context)
    if setting:
        own = pairs_of(options.pop("setting"), "--set") | own
    if own:
        options["settings"] = own
    if "epochs" in options:
        options["epochs"] = _numbers(str(epochs))
    folder = go_on(resume, **options) if resume is not None else start(**options)
    typer.echo(f"losses       {folder / 'losses.csv'}")
    typer.echo(f"curves       {folder / 'loss_curves.png'}")
    typer.echo(f"checkpoints  {folder / 'checkpoints'}")


def _given(context: typer.Context) -> dict[str, Any]:
    """Pick the options that stand on the command line or in the environment; the trainer knows the defaults."""
    default = ("DEFAULT", "DEFAULT_MAP")
    return {
        name: value
        for name, value in context.params.items()
        if value is not None and getattr(context.get_parameter_source(name), "name", "") not in default
    }


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--epochs takes whole numbers, as in 10 or 3,2,2, not {text!r}") from error
