"""The command that measures what methods cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from . import show
from .options import Out, WeightsRoot
from .unused import given, refuse, refuse_device, refuse_weights_root


def profile(
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", "-m", show_default="every classical one",
            help="As for `run`: a name, with options as in film\\[weights=IVF.pth]; may be given again.",
        ),
    ] = None,
    size: Annotated[str, typer.Option(help="HEIGHTxWIDTH of the images.")] = "480x640",
    device: Annotated[str, typer.Option(help="Where learned methods compute: cpu, cuda, cuda:1, mps, sdaa.")] = "cpu",
    runs: Annotated[int, typer.Option(min=1, help="How many pairs are timed.")] = 20,
    warmup: Annotated[int, typer.Option(min=0, help="How many pairs are fused before, untimed.")] = 3,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of the libraries.", show_default="OMP_NUM_THREADS, or all processors")
    ] = None,
    task: Annotated[
        Literal["IVF", "MIF", "MEF", "MFF"], typer.Option(help="For methods with weights for each task.")
    ] = "IVF",
    weights_root: WeightsRoot = None,
    again: Annotated[bool, typer.Option("--again", help="Measure also what is stored.")] = False,
    out: Out = Path("runs"),
    *,
    context: typer.Context,
) -> None:  # fmt: skip
    """Measure what methods cost: parameters, FLOPs, time for a pair, and peak memory.

    Each method fuses a synthetic pair in a process of its own; without a network it has no parameters and no FLOPs.

    FLOPs are those of matrix products and convolutions; a multiplication and an addition count as two.

    The same command again keeps what is stored, unless the method, the machine or a version changed.
    """
    from rich.console import Console

    from ..bench.profile import profile as measure
    from ..devices.names import check_device
    from ..methods import default_methods, get_method
    from ..reports.terminal import grid_to_tables
    from ..results import Results
    from ..results.leaderboard import write_leaderboard
    from ..results.leaderboard.efficiency import efficiency_grids

    check_device(device)
    if given(context).keys() & {"device", "task", "weights_root"}:
        methods = [get_method(spec) for spec in method or default_methods()]
        refuse_device(context, methods)
        refuse_weights_root(context, methods)
        blind = all(type(each).__module__.partition(".classical.")[1] for each in methods)
        refuse(context, ["task"], "is for methods with weights for each task, and none has any", when=blind)
    progress = Console(stderr=True)
    profiles = measure(
        method or default_methods(),
        size,
        device=device,
        runs=runs,
        warmup=warmup,
        threads=threads,
        task=task,
        out=out,
        again=again,
        advance=lambda label: progress.print(f"measuring {label}", markup=False, highlight=False),
    )
    results, console = Results(out), show.console()
    labels = {profile.method.label for profile in profiles}
    same = [p for p in results.profiles if p.method.label in labels and f"{p.size[0]}x{p.size[1]}" == size.strip()]
    for grid in efficiency_grids(same):
        for part in grid_to_tables(grid, console.width):
            console.print(part)
    console.print(f"profiles     {out}/profile", highlight=False, soft_wrap=True)
    if results.runs:
        console.print(f"leaderboard  {write_leaderboard(results)}", highlight=False, soft_wrap=True)
