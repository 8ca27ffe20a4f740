"""Commands that turn stored results into what people read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import InputError
from .against import Against
from .options import AgainstOption, Common, PairNames, names_listed, names_of, pairs_of, shipped_list
from .sources import sources_of
from .tabular import decimals_of, extras, groups
from .unused import check_renamed, refuse

if TYPE_CHECKING:
    from ..results import Results
    from ..results.leaderboard.boards import Board

Runs = Annotated[Path, typer.Argument(help="The folder of the results.")]
DatasetLabel = Annotated[
    list[str] | None, typer.Option("--dataset", "-d", help="A data set's label; may be given again.")
]
MethodLabels = Annotated[
    str | None, typer.Option("--methods", "-m", help="Labels, separated by commas.", show_default="all")
]
MetricNames = Annotated[str | None, typer.Option(help="Names or keys, separated by commas.", show_default="all")]
ProtocolName = Annotated[str | None, typer.Option("--protocol", "-p", help="Only its metrics.", show_default="all")]
Incomplete = Annotated[bool, typer.Option("--incomplete", help="Rank methods that lack pairs, too; never as best.")]
Serif = Annotated[bool, typer.Option("--serif", help="Letter in Times, as papers are.")]
Rename = Annotated[list[str] | None, typer.Option(help="label=what to print for it; may be given again.")]


def report(
    runs: Runs = Path("runs"),
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the report.")] = Path("report"),
    workers: Annotated[int | None, typer.Option("--workers", "-j", min=1, show_default="all cores")] = None,
    embed: Annotated[
        bool, typer.Option("--embed", help="Take the large images in, so that the folder can be moved and sent.")
    ] = False,
    against: AgainstOption = None,
    pairs: PairNames = None,
    common: Common = False,
) -> None:
    """Write the HTML report: one folder that opens from disk, with no network. Large images stay where they are."""
    from rich.console import Console
    from rich.progress import Progress

    from ..metrics import METRICS
    from ..metrics.guide.explain import explain
    from ..reports.html import write_report
    from ..results import Results

    results = Results(runs)
    if against is not None:
        results = Against(against).beside(results)
    results = _part(results, pairs, common)
    keys = dict.fromkeys(key for run in results.runs for key in run.manifest.metrics)
    explanations = {key: explain(key).markdown() for key in keys if key in METRICS}
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("pictures", total=None)
        index = write_report(
            results,
            out,
            explanations=explanations,
            embed=embed,
            workers=workers,
            advance=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    typer.echo(f"report  {index}")


def table(
    runs: Runs = Path("runs"),
    dataset: DatasetLabel = None,
    protocol: ProtocolName = None,
    methods: MethodLabels = None,
    metrics: MetricNames = None,
    format: Annotated[
        Literal["latex", "markdown", "html", "csv"], typer.Option("--format", "-f", help="Of the table.")
    ] = "latex",
    content: Annotated[
        Literal["means", "standings", "significance", "efficiency"],
        typer.Option(help="Means; mean rank and Borda count; paired tests between all methods; or what was profiled."),
    ] = "means",
    against: AgainstOption = None,
    pairs: PairNames = None,
    common: Common = False,
    combined: Annotated[bool, typer.Option("--combined", help="All data sets side by side.")] = False,
    intervals: Annotated[bool, typer.Option("--intervals", help="With 95 % bootstrap intervals.")] = False,
    split: Annotated[
        Literal["protocol", "family"] | None,
        typer.Option(help="A table for each protocol, or for each family of metrics.", show_default="none"),
    ] = None,
    columns: Annotated[
        str, typer.Option(help="Beside the metrics: n (pairs scored), venue (and year), rank (mean rank); or none.")
    ] = "n,rank",
    order: Annotated[
        Literal["name", "year", "rank"], typer.Option(help="Of the rows; --methods has its own order.")
    ] = "name",
    last: Annotated[str | None, typer.Option(help="Labels of the methods to come last, as one's own.")] = None,
    decimals: Annotated[
        str | None, typer.Option(help="Of the means: 3, or EN=2,Qabf=4, or both.", show_default="as many as tell")
    ] = None,
    incomplete: Incomplete = False,
    rename: Rename = None,
    caption: Annotated[str | None, typer.Option(help="Of a LaTeX table.")] = None,
    label: Annotated[str | None, typer.Option(help="Of a LaTeX table.")] = None,
    part: Annotated[
        bool, typer.Option("--part", help="Only the table, for a paper to include; not a document.")
    ] = False,
    *,
    context: typer.Context,
) -> None:
    """Print the table of a paper to standard output."""
    refuse(context, ["caption", "label", "part"], f"is for a LaTeX table, not for {format}", when=format != "latex")
    means = ["combined", "intervals", "decimals", "split", "columns"]
    refuse(context, means, f"is for a table of means, not of {content}", when=content != "means")
    scores = ["protocol", "metrics", "incomplete", "against", "pairs", "common"]
    refuse(context, scores, "is for tables of metrics, not of efficiency", when=content == "efficiency")
    refuse(context, ["order"], "is for rows that --methods has not ordered", when=methods is not None)
    from ..reports.tables import table as render

    boards, labels = _boards(runs, methods, dataset, protocol, metrics, against, pairs, common)
    text = render(
        boards,
        format,
        content=content,
        combined=combined,
        split=groups(split, boards) if split else None,
        names=_renamed(rename, boards),
        methods=labels,
        order=order,
        last=names_of(last) or (),
        extras=extras(columns),
        decimals=decimals_of(decimals, boards),
        intervals=intervals,
        incomplete=incomplete,
        caption=caption,
        label=label,
        whole=not part,
    )
    typer.echo(text.rstrip("\n"))


def figure(
    runs: Runs = Path("runs"),
    pair: Annotated[list[str] | None, typer.Option(help="A pair's name; several get a row each.")] = None,
    pairs: PairNames = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", "-d", help="A data set's label.", show_default="the only one")
    ] = None,
    methods: MethodLabels = None,
    box: Annotated[
        list[str] | None,
        typer.Option(
            help="left,top,width,height in pixels of what to magnify, or auto: where the methods differ most; "
            "PAIR:BOX for one pair. May be given again."
        ),
    ] = None,
    gray: Annotated[bool, typer.Option("--gray", help="Show what was scored, not the coloured image.")] = False,
    columns: Annotated[int | None, typer.Option(min=1, help="Images in a row.")] = None,
    width: Annotated[float, typer.Option(help="Of the figure, in inches.")] = 7.16,
    serif: Serif = False,
    rename: Rename = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .pdf or .png file.")] = Path("figure.pdf"),
    *,
    context: typer.Context,
) -> None:
    """Draw sources and fused images side by side, with magnified details."""
    from ..reports.figure import figure as draw
    from ..reports.figure import parse_boxes
    from ..results import Results
    from ..results.leaderboard.boards import make_boards

    results = Results(runs)
    if pairs and shipped_list(pairs):
        results = _part(results, pairs, common=False)
        listed = list(dict.fromkeys(name for run in results.runs for name in run.manifest.pairs))
    else:
        listed = names_listed(pairs) or []
    pair = [*(pair or ()), *listed]
    if not pair:
        raise InputError("say with --pair which pair to show")
    refuse(context, ["columns"], "is for one pair; of several, each has a row", when=len(pair) > 1)
    boxes, own = parse_boxes(box or (), pair)
    names = _renamed(rename, make_boards(results, datasets={dataset} if dataset else None)) if rename else {}
    draw(
        results, out, dataset=dataset, pair=pair, methods=names_of(methods), boxes=boxes, own=own,
        sources=sources_of(results), gray=gray, columns=columns, width=width, names=names, serif=serif,
        found=lambda name, place: typer.echo(f"box     {name}:{','.join(map(str, place))}"),
    )  # fmt: skip
    typer.echo(out)


def plot(
    kind: Annotated[
        Literal["curves", "boxes", "radar", "latency", "parameters", "flops", "memory", "ranks", "losses"],
        typer.Argument(
            help="Sorted values of each image; boxes; radar; quality against time, parameters, FLOPs or memory; "
            "critical differences; losses."
        ),
    ],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="The folder of the results; for losses, folders of training runs.", show_default="runs"),
    ] = None,
    dataset: DatasetLabel = None,
    protocol: ProtocolName = None,
    methods: MethodLabels = None,
    metrics: MetricNames = None,
    against: AgainstOption = None,
    pairs: PairNames = None,
    common: Common = False,
    incomplete: Incomplete = False,
    rename: Rename = None,
    serif: Serif = False,
    smooth: Annotated[int | None, typer.Option(min=1, help="For losses: steps to average over.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .pdf or .png file.", show_default="KIND.png")
    ] = None,
    *,
    context: typer.Context,
) -> None:
    """Draw stored results, or the losses of one or several training runs."""
    scored = [
        "dataset", "protocol", "methods", "metrics", "incomplete", "rename", "against", "pairs", "common", "serif",
    ]  # fmt: skip
    refuse(context, scored, "is for plots of results, not of losses", when=kind == "losses")
    refuse(context, ["smooth"], f"is for plot losses, not for {kind}", when=kind != "losses")
    target = out or Path(f"{kind}.png")
    if kind == "losses":
        from ..drawing.losses import plot_losses
        from ..results.training import read_named

        trainings = read_named(runs or _trainings())
        for sentence in (sentence for training in trainings for sentence in training.damage):
            typer.echo(f"note: {sentence}", err=True)
        plot_losses(trainings, target, smooth=smooth)
    else:
        from ..reports.plots import COSTS
        from ..reports.plots import plot as draw

        if runs and len(runs) > 1:
            raise InputError("give one folder of results; several are for plot losses")
        if kind in COSTS:
            refuse(context, ["against"], "is for plots of metrics alone: what published methods cost was not measured")
        place = runs[0] if runs else Path("runs")
        boards, labels = _boards(place, methods, dataset, protocol, None, against, pairs, common)
        if kind in COSTS and len(boards) > 1 and len(names_of(metrics) or ()) > 1:
            raise InputError(f"plot {kind} of several data sets shows one metric: give one with --metrics")
        draw(
            kind,
            boards,
            target,
            metrics=names_of(metrics),
            methods=labels,
            names=_renamed(rename, boards),
            incomplete=incomplete,
            groups=groups("family", boards) if kind == "radar" else None,
            serif=serif,
        )
    typer.echo(target)


def _boards(
    runs: Path,
    methods: str | None,
    datasets: list[str] | None,
    protocol: str | None,
    metrics: str | None,
    against: str | None,
    pairs: str | None,
    common: bool,
) -> tuple[list[Board], list[str] | None]:
    """Read the results that a command asks for, and the labels of their methods, None for all."""
    from ..results import Results
    from ..results.leaderboard.boards import make_boards

    results, labels = Results(runs), names_of(methods)
    if against is not None:
        compared = Against(against)
        results = compared.beside(results, labels, datasets)
        labels = labels and [*labels, *sorted(compared.labels(results))]
    results = _part(results, pairs, common, labels, datasets)
    protocols = [protocol] if protocol else None
    return make_boards(results, labels, datasets, protocols=protocols, metrics=names_of(metrics)), labels


def _part(
    results: Results,
    pairs: str | None,
    common: bool,
    methods: list[str] | None = None,
    datasets: list[str] | None = None,
) -> Results:
    """Choose the pairs that --pairs names, or that all methods have."""
    from ..datasets.finding.splits import citation
    from ..datasets.finding.splits import names_of as names_of_split
    from ..results.part import common_pairs, only_list, only_pairs

    if shipped := pairs and shipped_list(pairs):
        spec, split = shipped
        results = only_list(results, spec.name, names_of_split(split), citation(spec, split))
    elif (names := names_listed(pairs)) is not None:
        results = only_pairs(results, names, datasets)
    return common_pairs(results, methods, datasets) if common else results


def _renamed(rename: list[str] | None, boards: Sequence[Board]) -> dict[str, str]:
    """Read what to print for labels; an InputError names one that no method has."""
    names = pairs_of(rename or [], "--rename")
    check_renamed(names, (entry.method for board in boards for entry in board.entries))
    return names


def _trainings() -> list[Path]:
    folders = sorted(path.parent for path in Path("runs/train").glob("*/*/losses.csv"))
    if not folders:
        raise InputError("there are no training runs below runs/train: name their folders")
    return folders
