"""The command that compares metrics with people."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, fields
from pathlib import Path
from typing import Annotated

import typer

from . import show
from .options import names_of


def agree(
    ratings: Annotated[
        Path, typer.Argument(help="A CSV of ratings with the columns pair, method and score, the higher the better.")
    ],
    runs: Annotated[Path, typer.Argument(help="The folder of the results.")] = Path("runs"),
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="A data set's label.", show_default="the only one")
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="Names or keys, separated by commas.", show_default="all")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A CSV to write, in full precision.")] = None,
) -> None:
    """Correlate metrics with human ratings of fused images, over all of them and within each pair."""
    from ..errors import InputError
    from ..files import write_text
    from ..reports.agreement import Agreement, agreement, read_ratings
    from ..results import Results
    from ..results.leaderboard.boards import make_boards

    rated = read_ratings(ratings)
    boards = make_boards(Results(runs), None, [dataset] if dataset else None, metrics=names_of(metrics))
    if len(boards) > 1:
        labels = ", ".join(board.dataset for board in boards)
        raise InputError(f"say with --dataset which of {labels} was rated")
    results = agreement(boards[0], rated)
    show.table(
        ("metric", "images", "pairs", "Spearman", "Kendall", "Pearson", "Spearman within pairs"),
        ((r.key, str(r.images), str(r.pairs), *(f"{v:.3f}" for v in (r.spearman, r.kendall, r.pearson, r.within)))
         for r in results),
    )  # fmt: skip
    typer.echo("1 is full agreement, whichever end of a metric is better; Pearson's is of the values as they are.")
    if out is not None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([each.name for each in fields(Agreement)])
        writer.writerows(astuple(result) for result in results)
        write_text(out, text.getvalue())
        typer.echo(out)
