"""Commands that look whether something that is installed works."""

from __future__ import annotations

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
    _print(findings)
    usable = doctor.usable(findings)
    typer.echo(_sentence(findings, usable))
    raise typer.Exit(0 if usable else 1)


def _sentence(findings: list[Finding], usable: bool) -> str:
    if not usable:
        return "Jittor cannot be used here yet."
    slow = any(finding.verdict == "poor" for finding in findings)
    return "Jittor can be used here, but slowly." if slow else "Jittor can be used here."


def _print(findings: list[Finding]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        sign, style = _MARKS[finding.verdict]
        told = Text(finding.found)
        if finding.advice:
            told.append(f"\n→ {finding.advice}", style="bold")
        table.add_row(Text(sign, style=style), Text(finding.what), told)
    show.console(120).print(table)
