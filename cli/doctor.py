"""Commands that look whether something that is installed works."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from . import show

if TYPE_CHECKING:
    from ..frameworks.jittor.doctor import Finding

_MARKS = {"good": ("✓", "green"), "poor": ("!", "yellow"), "bad": ("✗", "bold red")}


def jittor(
    fix: Annotated[bool, typer.Option("--fix", help="Set oneDNN up: by pip, or from Debian's package.")] = False,
) -> None:
    """Look whether Jittor works here, and how fast; the first time it compiles, which takes minutes.

    Ends with 0 where Jittor can be used, and with 1 where it cannot.
    """
    from ..frameworks.jittor import doctor, onednn

    if fix:
        typer.echo(f"oneDNN: {onednn.set_up()}")
    findings = list(doctor.examine())
    _print((finding.verdict, finding.what, finding.found, finding.advice) for finding in findings)
    usable = doctor.usable(findings)
    typer.echo(_sentence(findings, usable))
    raise typer.Exit(0 if usable else 1)


def _sentence(findings: list[Finding], usable: bool) -> str:
    if not usable:
        return "Jittor cannot be used here yet."
    slow = any(finding.verdict == "poor" for finding in findings)
    return "Jittor can be used here, but slowly." if slow else "Jittor can be used here."


def compiler() -> None:
    """Look how the formulas of metrics are computed here, and what of that is kept for other processes."""
    from ..metrics.compiler import examine, processor

    here, kept = processor(), examine()
    if here:
        code = ("good", "compiled for", here.name, "")
    else:
        advice = "" if find_spec("llvmlite") else "pip install llvmlite"
        code = ("poor", "compiled for", "nothing: NumPy computes, and takes longer", advice)
    if kept.trouble:
        advice = f"chmod 700 {kept.folder}" if kept.foreign else ""
        found = f"not used: {kept.trouble}" + (f" ({kept.folder})" if kept.folder else "")
        disk = ("poor", "kept on disk", found, advice)
    else:
        disk = ("good", "kept on disk", f"{kept.files} formulas, {kept.size / 1e6:.1f} MB, in {kept.folder}", "")
    _print([code, disk] if here else [code])


def _print(findings: Iterable[tuple[str, str, str, str]]) -> None:
    """Print for each finding its mark, what was looked at, what there is, and what to do."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for verdict, what, found, advice in findings:
        sign, style = _MARKS[verdict]
        told = Text(found)
        if advice:
            told.append(f"\n→ {advice}", style="bold")
        table.add_row(Text(sign, style=style), Text(what), told)
    show.console(120).print(table)
