"""Commands that bring data into the form that a method trains on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import FolderA, FolderB, Limit, RangeRules, Rgbt, Root, TaskOption
from .unused import refuse, refuse_data_root


def film(
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="A data set by name, or a folder.")],
    split: Annotated[str, typer.Option(help="Which names: train, test, all.")] = "train",
    size: Annotated[
        Literal["small", "native"], typer.Option(help="288x384 for training, or the size that each pair has.")
    ] = "small",
    text: Annotated[
        str,
        typer.Option(help="auto takes published features beside the images, else describe; none, blip2, or a folder."),
    ] = "auto",
    data_root: Root = None,
    a: FolderA = None,
    b: FolderB = None,
    task: TaskOption = None,
    portrait: Annotated[
        Literal["upright", "transposed"], typer.Option(help="Portrait images; the published script transposes them.")
    ] = "upright",
    limit: Limit = None,
    range: RangeRules = None,
    rgbt: Rgbt = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the H5 file.")] = Path("VLFDataset_h5"),
    *,
    context: typer.Context,
) -> None:
    """Write pairs and their text into an H5 file, for `fusionbench train --method film --data`.

    The same command again goes on where it stopped.
    """
    from rich.console import Console
    from rich.progress import Progress

    from ..training.recipes.film.prepare import prepare

    refuse_data_root(context, [dataset])
    whole = size == "native" or split == "test"
    refuse(context, ["portrait"], "is for images that are brought to 288x384, which these are not", when=whole)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("pairs", total=None)
        path = prepare(
            **{**context.params, "range": range or None},
            progress=lambda done, total, name: progress.update(bar, completed=done, total=total, description=name),
        )
    typer.echo(path)
