"""Commands about weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .options import WeightsRoot

if TYPE_CHECKING:
    from ..weights import Report

MethodOption = Annotated[str, typer.Option(help="Whose network it is, if the file leaves a doubt.", show_default=False)]


def list_(weights_root: WeightsRoot = None) -> None:
    """List the weights that are known by name."""
    from ..weights import known_weights
    from ..weights.fetch import locate

    show.table(
        ("weights", "method", "here", "origin", "licence", "how obtained"),
        (
            (w.name, w.method, "yes" if locate(w.name) else "no", w.origin, w.licence, w.obtained)
            for w in known_weights().values()
        ),
    )


def fetch(name: Annotated[str, typer.Argument(help="A name that `fusionbench weights list` shows.")]) -> None:
    """Download published weights, and verify them by their hash; an interrupted download is gone on with."""
    from rich.console import Console

    from ..weights import fetch as fetch_weights

    with show.bytes_bar(Console(stderr=True)) as progress:
        path = fetch_weights(name, progress)
    typer.echo(path)


def convert(
    source: Annotated[
        Path, typer.Argument(help="An official checkpoint, a port's .pth, or Jittor's .pkl; or FILE#KEY.")
    ],
    target: Annotated[Path, typer.Argument(help="The safetensors file to write, or a .pkl for Jittor.")],
    half: Annotated[bool, typer.Option("--half", help="Store 16-bit numbers.")] = False,
    method: MethodOption = "",
) -> None:
    """Convert weights of any known form to safetensors, or to what Jittor loads."""
    from ..weights import convert as convert_weights

    _print(convert_weights(source, target, half=half, method=method), tensors=False)


def info(
    path: Annotated[Path, typer.Argument(help="A weights file; FILE#KEY is what lies below a key in it.")],
) -> None:
    """Say what is in a weights file; none of its code is run."""
    from ..weights import describe

    _print(describe(path), tensors=True)


def _print(report: Report, tensors: bool) -> None:
    facts = {
        "file": str(report.path),
        "format": report.format,
        "method": report.method or "unknown",
        "parameters": f"{report.parameters:,}",
        "sha256": report.sha256 or "–",
    }
    facts |= {name: value for name, value in report.metadata.items() if name not in facts}  # their format is "pt"
    show.table(("", ""), facts.items())
    if tensors:
        rows = ((name, "x".join(map(str, shape)) or "1", kind) for name, (shape, kind) in report.tensors.items())
        show.table(("tensor", "shape", "type"), rows)
