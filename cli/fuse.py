"""Images from images, without scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import InputError
from .options import Pairs, PrecisionOption, WeightsRoot, datasets_of
from .options import pairs_of as options_of
from .unused import refuse_weights_root


def fuse(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="The folder to write to; of two files also the file; or a video, as in fused.mkv."
        ),
    ],
    a: Annotated[
        Path | None, typer.Option("--a", help="Source a (infrared, MRI …): an image, a video, or a folder of images.")
    ] = None,
    b: Annotated[
        Path | None, typer.Option("--b", help="Source b (visible, CT …): an image, a video, or a folder of images.")
    ] = None,
    further: Annotated[
        list[Path] | None,
        typer.Option("--further", help="A further source after a and b; once for each.", show_default=False),
    ] = None,
    pairs: Pairs = None,
    data: Annotated[Path | None, typer.Option(help="An H5 file of FILM, in place of --a and --b.")] = None,
    method: Annotated[str, typer.Option("--method", "-m", help="As `run` takes it.")] = "film",
    weights: Annotated[str | None, typer.Option(help="A name, a file, or FILE#KEY.", show_default="what ships")] = None,
    weights_root: WeightsRoot = None,
    task: Annotated[
        Literal["IVF", "MIF", "MEF", "MFF"] | None,
        typer.Option(help="What the sources are.", show_default="IVF, or what the table or H5 file says"),
    ] = None,
    gray: Annotated[bool, typer.Option("--gray/--rgb", help="Write the luminance alone.")] = False,
    option: Annotated[list[str] | None, typer.Option("--option", help="name=value; may be given again.")] = None,
    device: Annotated[str, typer.Option(help="Where learned methods compute: cpu, cuda, cuda:1, mps, sdaa.")] = "cpu",
    precision: PrecisionOption = None,
    *,
    context: typer.Context,
) -> None:
    """Fuse two images or videos, two folders, a table of pairs, an H5 file: --out gets an image of each, unscored."""
    from rich.console import Console

    from ..bench.fuse import fuse_to, pairs_of
    from ..datasets import load_dataset
    from ..methods import get_method

    named = {"weights": weights, "precision": precision}
    options = options_of(option or [], "--option") | {key: value for key, value in named.items() if value is not None}
    chosen = get_method(method, device=device, **options)
    refuse_weights_root(context, [chosen])
    if (a is None) != (b is None) or sum(place is not None for place in (a, pairs, data)) != 1:
        raise InputError("say what to fuse: --a and --b, or --pairs, or --data")
    if further and a is None:
        raise InputError("--further adds a source to two others: give --a and --b, too")
    if a is not None and b is not None:
        sources = pairs_of(a, b, task or "IVF", further or ())
    else:
        (dataset,) = datasets_of([str(data)] if data is not None else None, pairs)
        sources = list(load_dataset(dataset, task=task))
    files = fuse_to(chosen, sources, out, gray=gray, console=Console(stderr=True))
    where = files[0] if len(files) == 1 else f"{len(files)} images in {files[0].parent}"
    typer.echo(f"{chosen.label}: {where}")
