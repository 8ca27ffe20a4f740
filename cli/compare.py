"""The command that compares the frameworks a method can be computed with."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import InputError
from .options import LearnSplit, Root
from .unused import given, refuse, refuse_data_root


def compare_backends(
    method: Annotated[Literal["film"], typer.Option("--method", "-m", help="The method.")] = "film",
    dataset: Annotated[
        list[str] | None, typer.Option("--dataset", "-d", help="A data set by name, or a folder.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="An H5 file of `fusionbench prepare film`, in place of --dataset.")
    ] = None,
    read: Annotated[
        list[Path] | None,
        typer.Option(
            help="A log of a training that was done elsewhere, in place of data; once for each of two or more."
        ),
    ] = None,
    preset: Annotated[
        Literal["seed"] | None,
        typer.Option(help="seed: 150 pairs, 100 epochs, 288x384, as users compared the two; takes weeks on two cores."),
    ] = None,
    data_root: Root = None,
    split: LearnSplit = None,
    pairs: Annotated[int, typer.Option(help="Only the first pairs.")] = 20,
    steps: Annotated[int, typer.Option(help="Steps of training, in each run.")] = 200,
    batch_size: Annotated[int, typer.Option(help="Pairs in a step.")] = 2,
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 1e-5,
    grid: Annotated[
        str, typer.Option(help="Working grid; FILM's is 288x384, on which a step takes nine times as long.")
    ] = "96x128",
    image_size: Annotated[
        str, typer.Option(help="Of the images; auto: as in an H5 file, and the grid's for a data set.")
    ] = "auto",
    text: Annotated[str, typer.Option(help="A source of the text features, as training takes it.")] = "auto",
    weights: Annotated[str | None, typer.Option(help="Start from this file.", show_default="random")] = None,
    seed: Annotated[int, typer.Option(help="Of random weights, and of the data's order.")] = 0,
    orders: Annotated[int, typer.Option(help="Runs with the data in another order: what chance does.")] = 2,
    slow_steps: Annotated[int, typer.Option(help="Steps without oneDNN; 0 leaves them out.")] = 3,
    threads: Annotated[int | None, typer.Option(help="Of both frameworks.", show_default="all cores")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the study.")] = Path("runs/comparison"),
    *,
    context: typer.Context,
) -> None:
    """Compare PyTorch and Jittor: the same weights, data and order, and what differs in values, losses and time.

    Writes tables and a picture. The same command again goes on where it stopped.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    from ..frameworks.study import PRESETS, StudyOptions, compare_logs, planned_runs, run_study

    if read:
        others = sorted(given(context).keys() - {"read", "out", "method"})
        refuse(context, others, "is for a study of its own, and --read takes what others have done")
        _say(compare_logs(read, out))
        return
    if (data is None) == (dataset is None):
        raise InputError("give either a data set with --dataset, or an H5 file with --data")
    refuse(context, ["split", "data_root"], "is for data sets, and an H5 file says what is in it", when=dataset is None)
    refuse_data_root(context, dataset or [str(data)])
    names = {each.name for each in fields(StudyOptions)}
    chosen = {name: value for name, value in context.params.items() if name in names}
    if preset is not None:
        chosen |= {name: value for name, value in PRESETS[preset].items() if name not in given(context)}
    chosen |= {"dataset": tuple(dataset or [str(data)]), "data_root": data_root and str(data_root)}
    options = StudyOptions(**chosen)
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars = {run.name: progress.add_task(run.name, total=None, start=False) for run in planned_runs(options)}

        def show(name: str, done: int, total: int) -> None:
            if done == 0:
                progress.start_task(bars[name])
            progress.update(bars[name], completed=done, total=total)
            if done == total and not console.is_terminal:
                typer.echo(f"{name}: {total} steps", err=True)

        folder = run_study(options, out, show)
    _say(folder)


def _say(folder: Path) -> None:
    for what, name in (("picture", "loss_comparison.png"), ("tables", "comparison.md"), ("numbers", "comparison.csv")):
        typer.echo(f"{what:8} {folder / name}")
