"""Images from images, without scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import WeightsRoot
from .options import pairs_of as options_of
from .unused import refuse_weights_root


def fuse(
    a: Annotated[Path, typer.Option("--a", help="Source a (infrared, MRI …): a file, or a folder of images.")],
    b: Annotated[Path, typer.Option("--b", help="Source b (visible, CT …): a file, or a folder of images.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to; of two files also the file.")],
    method: Annotated[str, typer.Option("--method", "-m", help="As `run` takes it.")] = "film",
    weights: Annotated[str | None, typer.Option(help="A name, a file, or FILE#KEY.", show_default="what ships")] = None,
    weights_root: WeightsRoot = None,
    task: Annotated[Literal["IVF", "MIF", "MEF", "MFF"], typer.Option(help="What the sources are.")] = "IVF",
    gray: Annotated[bool, typer.Option("--gray/--rgb", help="Write the luminance alone.")] = False,
    option: Annotated[list[str] | None, typer.Option("--option", help="name=value; may be given again.")] = None,
    device: Annotated[str, typer.Option(help="Where learned methods compute: cpu, cuda, cuda:1, mps, sdaa.")] = "cpu",
    *,
    context: typer.Context,
) -> None:
    """Fuse two images, or two folders of them, without scoring: --out gets an image for each pair."""
    from rich.console import Console

    from ..bench.fuse import fuse_to, pairs_of
    from ..methods import get_method

    options = options_of(option or [], "--option") | ({} if weights is None else {"weights": weights})
    chosen = get_method(method, device=device, **options)
    refuse_weights_root(context, [chosen])
    files = fuse_to(chosen, pairs_of(a, b, task), out, gray=gray, console=Console(stderr=True))
    where = files[0] if len(files) == 1 else f"{len(files)} images in {files[0].parent}"
    typer.echo(f"{chosen.label}: {where}")
