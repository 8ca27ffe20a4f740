"""The command that prints tables of downstream tasks, of what was stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from ..errors import InputError, unknown
from . import show
from .options import names_of
from .report import DatasetLabel, Runs
from .unused import refuse

if TYPE_CHECKING:
    from ..results import Results
    from ..results.leaderboard.grid import Grid
    from ..results.tasks import TaskRecord


def table(
    runs: Runs = Path("runs"),
    dataset: DatasetLabel = None,
    task: Annotated[
        Literal["detection", "segmentation"] | None,
        typer.Option("--task", help="Only this one.", show_default="both"),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", "-p", help="Only its scores.", show_default="all")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Only what the detector or segmenter of this name found.", show_default="all")
    ] = None,
    content: Annotated[
        str | None,
        typer.Option(
            help="scores; differences: of each row to the best method, with p; classes, groups: a measure of each; "
            "correlations: how fusion metrics go along. Several are separated by commas.",
            show_default="all",
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The row that `differences` compares with.", show_default="the best method")
    ] = None,
    intervals: Annotated[bool, typer.Option("--intervals", help="Scores with their 95 % intervals.")] = False,
    format: Annotated[
        Literal["text", "latex", "markdown", "html", "csv"], typer.Option("--format", "-f", help="Of the tables.")
    ] = "text",
    caption: Annotated[str | None, typer.Option(help="Of the first LaTeX table.")] = None,
    label: Annotated[str | None, typer.Option(help="Of the first LaTeX table.")] = None,
    part: Annotated[
        bool, typer.Option("--part", help="Only the tables, for a paper to include; not a document.")
    ] = False,
    *,
    context: typer.Context,
) -> None:  # fmt: skip
    """Print the tables of tasks that were scored; no image is looked at again."""
    refuse(context, ["caption", "label", "part"], f"is for LaTeX tables, not for {format}", when=format != "latex")
    from ..results import Results
    from ..results.leaderboard.tasks import CONTENTS, Content, task_grids

    results = Results(runs)
    wanted: dict[str, list[str]] = {"dataset": dataset or []}
    wanted |= {"task": [task or ""], "protocol": [protocol or ""], "model": [model or ""]}
    records = _records(results, {name: values for name, values in wanted.items() if any(values)})
    asked = names_of(content) or list(CONTENTS)
    for name in asked:
        if name not in CONTENTS:
            raise unknown("content", name, CONTENTS)
    contents: list[Content] = [name for name in get_args(Content) if name in asked]
    for option, of in (("baseline", "differences"), ("intervals", "scores")):
        refuse(context, [option], f"is for the {of}, which are not among --content", when=of not in contents)
    grids = task_grids(results, records, intervals, baseline=baseline, contents=contents)
    if not grids:
        raise InputError(f"there are no {', '.join(contents)} to show: that takes more rows, or other data")
    if format == "text":
        _print(grids)
        return
    from ..reports.tables import rendered

    typer.echo(rendered(grids, format, caption=caption, label=label, whole=not part).rstrip("\n"))


def show_scores(out: Path, records: Sequence[TaskRecord], intervals: bool) -> None:
    """Print the tables of what was scored, and write all scores beside the leaderboard."""
    from ..files import write_text
    from ..results import Results
    from ..results.leaderboard import write_leaderboard
    from ..results.leaderboard.tasks import task_grids, to_csv

    results = Results(out)
    _print(task_grids(results, records, intervals))
    write_text(out / "tasks.csv", to_csv(results.tasks))
    if results.runs:
        write_leaderboard(results)
    show.console().print(f"scores       {out}/tasks.csv, {out}/leaderboard.csv", highlight=False, soft_wrap=True)


def _print(grids: Sequence[Grid]) -> None:
    from ..reports.terminal import grid_to_tables

    console = show.console()
    for grid in grids:
        for part in grid_to_tables(grid, console.width):
            console.print(part)


def _records(results: Results, wanted: dict[str, list[str]]) -> list[TaskRecord]:
    """Choose the records whose attributes are among the values asked for; `InputError` where one has none."""
    records = results.tasks
    if not records:
        raise InputError(f"no task was scored below {results.folder}: `fusionbench tasks run --out {results.folder}`")
    for name, values in wanted.items():
        known = dict.fromkeys(getattr(record, name) for record in records)
        for value in values:
            if value not in known:
                raise unknown({"dataset": "data set"}.get(name, name), value, known)
        records = [record for record in records if getattr(record, name) in values]
    return records
