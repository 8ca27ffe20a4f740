"""The command that lends networks to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import WeightsRoot, pairs_of


def export(
    method: Annotated[str, typer.Option("--method", "-m", help="A learned method, as `run` takes it.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="METHOD.onnx")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="A name, a file, or FILE#KEY.", show_default="what ships")] = None,
    weights_root: WeightsRoot = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="name=value; may be given again.")] = None,
    task: Annotated[
        Literal["IVF", "MIF", "MEF", "MFF"] | None,
        typer.Option(
            help="For weights, or an order of sources, by task.", show_default="the first that the method was made for"
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="HEIGHTxWIDTH, if the graph is to take no other.", show_default="any; 480x640 for film"),
    ] = None,
) -> None:
    """Write a learned method's network as an ONNX file, checked against PyTorch with onnxruntime.

    Its inputs are the sources a and b in [0, 1], and FILM's text; colour and 8 bit are left to the program that uses
    it. The file's metadata says what goes in, what is left outside, and whose weights these are.
    """
    from ..export import export as write
    from ..methods import get_method
    from ..sizes import parse_size

    options = pairs_of(option or [], "--option") | ({} if weights is None else {"weights": weights})
    chosen = get_method(method, **options)
    path = out or Path(f"{chosen.name}.onnx")
    done = write(chosen, path, task=task, size=parse_size(size, "--size") if size else None)
    for name, value in done.metadata.items():
        typer.echo(f"{name:<10} {value}")
    typer.echo(f"{'file':<10} {path}")
