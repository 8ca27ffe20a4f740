"""The command that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..errors import InputError
from .options import LearnFrom, LearnSplit, RangeRules, Rgbt, Root, pairs_of


def train(
    method: Annotated[str, typer.Option("--method", "-m", help="What to train.")] = "u2fusion",
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset", "-d", help="A data set, or photos:DIR for ordinary photographs.", show_default="RoadScene"
        ),
    ] = None,
    data: LearnFrom = None,
    data_root: Root = None,
    split: LearnSplit = None,
    range: RangeRules = None,
    rgbt: Rgbt = False,
    exclude: Annotated[Path | None, typer.Option(help="A text file of names to leave out.")] = None,
    train_num: Annotated[int | None, typer.Option(help="At most so many images.", show_default="all")] = None,
    colour: Annotated[
        Literal["gray", "rgb"], typer.Option(help="Learn from luminance, or from single colour channels.")
    ] = "gray",
    recipe: Annotated[
        str,
        typer.Option(
            help="Loss, optimiser and schedule: official, port, joint for u2fusion; official, short for film."
        ),
    ] = "official",
    epochs: Annotated[
        str | None, typer.Option(help="One number, or one a task: 3,2,2.", show_default="the recipe's")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pairs in a step.", show_default="the recipe's")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at the start.", show_default="the recipe's")] = None,
    patch: Annotated[int, typer.Option(help="Side of the random patches, in pixels.")] = 64,
    patches: Annotated[
        int | None, typer.Option(help="Patches of a pair in an epoch.", show_default="the recipe's")
    ] = None,
    validation: Annotated[float, typer.Option(help="The part of the pairs that is held out.")] = 0.1,
    weights: Annotated[str | None, typer.Option(help="Start from these weights.", show_default="random")] = None,
    ewc_lambda: Annotated[float, typer.Option(help="Strength of elastic weight consolidation.")] = 8e4,
    vgg: Annotated[Path | None, typer.Option(help="VGG-16's weights.", show_default="torchvision's, fetched")] = None,
    backend: Annotated[Literal["torch", "jittor"], typer.Option(help="What computes; Jittor for film.")] = "torch",
    jittor_native: Annotated[
        bool, typer.Option("--jittor-native", help="With --backend jittor: its own mathematics, not PyTorch's.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps, sdaa.")] = "auto",
    devices: Annotated[int, typer.Option(help="How many devices.")] = 1,
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed, 16-mixed.")] = "32-true",
    workers: Annotated[int, typer.Option("--workers", "-j", help="Processes that cut patches.")] = 0,
    seed: Annotated[int, typer.Option(help="Of weights, patches and their order.")] = 0,
    save_every: Annotated[int, typer.Option(help="Steps between two saved states.")] = 100,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value, the method's own: text, grid, image_size, checkpointing … for film."),
    ] = None,
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

    if data is not None and dataset:
        raise InputError("give either data sets with --dataset, or an H5 file with --data")
    given = _given(context)
    given.pop("resume", None)
    if data is not None:
        given["dataset"] = (*given.get("dataset", ()), str(given.pop("data")))
    if given.pop("jittor_native", False):
        given["mathematics"] = "native"
    if setting:
        given["settings"] = pairs_of(given.pop("setting"), "--set")
    if "epochs" in given:
        given["epochs"] = _numbers(str(epochs))
    folder = go_on(resume, **given) if resume is not None else start(**given)
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
