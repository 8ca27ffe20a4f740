"""Commands that only look: at what there is, and at what it means."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from . import show
from .options import FolderA, FolderB, Further, RangeRules, Rgbt, Root, Sequences, SizeOption, TaskOption, WeightsRoot
from .unused import refuse, refuse_data_root


def list_(
    what: Annotated[Literal["methods", "datasets", "metrics", "protocols"], typer.Argument(help="What to list.")],
    weights_root: WeightsRoot = None,
    *,
    context: typer.Context,
) -> None:
    """List methods, data sets, metrics or protocols."""
    refuse(context, ["weights_root"], "is for list methods", when=what != "methods")
    if what == "methods":
        _list_methods()
    elif what == "datasets":
        from ..datasets import list_datasets

        show.table(
            ("data set", "task", "what it shows", "pairs", "fetch", "licence"),
            ((d.name, d.task, d.title, d.pairs, "yes" if d.pin else "no", d.licence) for d in list_datasets()),
        )
    elif what == "metrics":
        from ..metrics import list_metrics

        show.table(
            ("metric", "best", "range", "formula"),
            ((m.key, m.arrow, f"{m.range[0]:g} … {m.range[1]:g}", m.summary) for m in list_metrics()),
        )
    else:
        from ..metrics import PROTOCOLS

        show.table(
            ("protocol", "version", "metrics", "whose numbers"),
            (
                (p.name, p.version, " ".join(key.partition("@")[0] for key in p.metrics), p.reference)
                for p in PROTOCOLS.values()
            ),
        )


def _list_methods() -> None:
    """Print the methods: on a narrow terminal without their papers, which a wide one has room for."""
    from ..methods import list_methods
    from ..weights.fetch import availability

    wide = show.console().width >= 140
    heads = ("method", "year", "task", "weights", "verified", "what it does", "reference")
    rows = (
        (
            m.name,
            str(m.year or "–"),
            "all" if len(m.tasks) == 4 else " ".join(m.tasks),
            availability(m.name),
            str(m.verified or "–"),
            m.summary,
            m.reference,
        )
        for m in list_methods()
    )
    shown = len(heads) if wide else len(heads) - 1
    show.table(heads[:shown], (row[:shown] for row in rows), keep=5)


def explain(
    metric: Annotated[str, typer.Argument(help="A metric by any of its names: psnr, Qabf, mutinf, VIFF@film.")],
) -> None:
    """Explain a metric: its formula in each convention, with the values they give for one image, and the traps."""
    from rich.markdown import Markdown

    from ..metrics.guide.explain import explain as explanation

    show.console(120).print(Markdown(str(explanation(metric))))


def check(
    name: Annotated[str, typer.Argument(help="A data set by name, or a folder.")],
    data_root: Root = None,
    a: FolderA = None,
    b: FolderB = None,
    further: Further = None,
    sequences: Sequences = False,
    task: TaskOption = None,
    size_policy: SizeOption = "error",
    range: RangeRules = None,
    rgbt: Rgbt = False,
    *,
    context: typer.Context,
) -> None:
    """Say what was found where, what is wrong with it, and what is worth knowing: how much of its range is used."""
    refuse_data_root(context, [name])
    from ..datasets import check as check_dataset

    report = check_dataset(
        name, data_root, a=a, b=b, task=task, size_policy=size_policy, range=range or None, rgbt=rgbt,
        further=further or (), sequences=sequences,
    )  # fmt: skip
    typer.echo("\n".join(report.lines()))
    if report.problems or report.unreadable:
        raise typer.Exit(2)
