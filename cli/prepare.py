"""Commands that bring data into the form that a method trains on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import InputError
from .options import FolderA, FolderB, Limit, Pairs, RangeRules, Rgbt, Root, TaskOption, datasets_of
from .unused import refuse, refuse_data_root


def film(
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="A data set by name, or a folder.", show_default=False)
    ] = None,
    pairs: Pairs = None,
    split: Annotated[str, typer.Option(help="Which names: train, test, all.")] = "train",
    size: Annotated[
        Literal["small", "native"], typer.Option(help="288x384 for training, or the size that each pair has.")
    ] = "small",
    text: Annotated[
        str,
        typer.Option(help="auto takes published features beside the images, else describe; none, blip2, or a folder."),
    ] = "auto",
    captions: Annotated[
        Path | None,
        typer.Option(
            help='Paragraphs on the pairs, by any model, for BLIP-2 to embed: JSON lines, {"name": "01", "text": "…"}.'
        ),
    ] = None,
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

    names = datasets_of([dataset] if dataset else None, pairs)
    if len(names) != 1:
        raise InputError("name one data set with --dataset, or a list of pairs with --pairs")
    refuse_data_root(context, names)
    whole = size == "native" or split == "test"
    refuse(context, ["portrait"], "is for images that are brought to 288x384, which these are not", when=whole)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("pairs", total=None)
        path = prepare(
            names[0],
            **{name: value for name, value in context.params.items() if name not in ("dataset", "pairs", "range")},
            range=range or None,
            progress=lambda done, total, name: progress.update(bar, completed=done, total=total, description=name),
        )
    typer.echo(path)
