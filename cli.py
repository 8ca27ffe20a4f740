"""The front door: the `fusionbench` command."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .errors import FusionBenchError, InputError
from .version import __version__

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="fusionbench",
    help="Image-fusion benchmark: from a data set and a method to a leaderboard of defined numbers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
datasets_app = typer.Typer(help="Look at data sets.", no_args_is_help=True)
app.add_typer(datasets_app, name="datasets")


Dataset = Annotated[
    list[str] | None, typer.Option("--dataset", "-d", help="A data set by name, or a folder (with --a and --b).")
]
Root = Annotated[
    Path | None,
    typer.Option("--data-root", help="Where the data sets lie.", envvar="FUSIONBENCH_DATA", show_default="./data"),
]
Split = Annotated[str | None, typer.Option(help="Which names: test, train, all.", show_default="test if there is one")]
FolderA = Annotated[str | None, typer.Option("--a", help="For a folder: the sub-folder of source a (infrared, MRI …).")]
FolderB = Annotated[str | None, typer.Option("--b", help="For a folder: the sub-folder of source b (visible, CT …).")]
TaskOption = Annotated[
    Literal["IVF", "MIF", "MEF", "MFF"] | None, typer.Option("--task", help="For a folder: its task.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first pairs.")]
Protocols = Annotated[
    list[str] | None,
    typer.Option("--protocol", "-p", help="Whose conventions to follow; may be given again.", show_default="film"),
]
Metrics = Annotated[str | None, typer.Option(help="Only these metrics, separated by commas.", show_default="all")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder of the results.")]
Workers = Annotated[int, typer.Option("--workers", "-j", min=1, help="How many pairs to work on at once.")]


OnErrorOption = Annotated[
    Literal["stop", "skip"], typer.Option(help="A pair that cannot be read: stop at once, or skip it.")
]
SizeOption = Annotated[
    Literal["error", "crop", "resize"],
    typer.Option(help="Sources of different size: an error, crop, or resize b to a."),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fusionbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options before the command; `main` reads --debug itself."""


@app.command()
def run(
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", "-m", show_default="every classical one",
            help="A name, with options as in laplacian\\[levels=5]; path/to/file.py:Class; folder:DIR; "
            "'cmd:python their.py --ir {a} --vi {b} --out {out}'. May be given again.",
        ),
    ] = None,
    dataset: Dataset = None,
    data_root: Root = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    task: TaskOption = None,
    limit: Limit = None,
    protocol: Protocols = None,
    metrics: Metrics = None,
    device: Annotated[str, typer.Option(help="Where learned methods compute: cpu, cuda, cuda:1, mps.")] = "cpu",
    workers: Workers = 1,
    executor: Annotated[str, typer.Option(help="Who works: threads, processes, or dask:ADDRESS.")] = "threads",
    on_error: OnErrorOption = "stop",
    size_policy: SizeOption = "error",
    out: Out = Path("runs"),
) -> None:  # fmt: skip
    """Fuse, score, and write the leaderboard.

    Without --dataset it runs on the built-in sample set.

    The same command again goes on where it stopped: finished pairs are kept.
    """
    _run(
        method,
        dataset or ["sample"],
        out,
        data_root=data_root,
        split=split,
        a=a,
        b=b,
        task=task,
        limit=limit,
        protocol=protocol or ["film"],
        metrics=_names(metrics),
        workers=workers,
        on_error=on_error,
        size_policy=size_policy,
        device=device,
        executor=executor,
    )


@app.command()
def score(
    fused: Annotated[Path, typer.Option(help="The folder of fused images, named like the pairs.")],
    dataset: Dataset = None,
    name: Annotated[str | None, typer.Option(help="The method's name.", show_default="the folder's")] = None,
    data_root: Root = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    task: TaskOption = None,
    limit: Limit = None,
    protocol: Protocols = None,
    metrics: Metrics = None,
    workers: Workers = 1,
    on_error: OnErrorOption = "stop",
    size_policy: SizeOption = "error",
    out: Out = Path("runs"),
) -> None:
    """Score images that somebody has fused already."""
    if not fused.is_dir():
        raise InputError(f"there is no folder {fused}: give the folder of the fused images with --fused")
    if not dataset or len(dataset) != 1:
        raise InputError("say with one --dataset which data set the images were fused from")
    from .methods import get_method

    method = get_method(f"folder:{fused}")
    method.label = name or fused.resolve().name
    _run(
        [method],
        dataset,
        out,
        data_root=data_root,
        split=split,
        a=a,
        b=b,
        task=task,
        limit=limit,
        protocol=protocol or ["film"],
        metrics=_names(metrics),
        workers=workers,
        on_error=on_error,
        size_policy=size_policy,
    )


def _run(methods: Any, datasets: list[str], out: Path, **options: Any) -> None:
    """Run, write the leaderboard, and show the part of it that the command was about."""
    from rich.console import Console

    from .bench import run as run_benchmark
    from .reports.leaderboard import read_boards, write_leaderboard
    from .reports.text import to_tables

    rows = run_benchmark(methods, datasets, out=out, console=Console(stderr=True), **options)
    path = write_leaderboard(out)
    console = _console()
    pairs = {str(dataset): set(group["pair"]) for dataset, group in rows.groupby("dataset")}
    for board in read_boards(out, set(rows["method"]), set(rows["dataset"]), pairs):
        for table in to_tables(board, console.width):
            console.print(table)
    places = f"leaderboard  {path}\nimages       {out}/DATASET/METHOD/fused and colour"
    console.print(places, highlight=False, soft_wrap=True)
    failed = rows[rows["status"] == "failed"]
    if len(failed):
        first = failed.iloc[0]
        raise FusionBenchError(
            f"{len(failed)} of {len(rows)} pairs failed, the first of them {first['pair']} with {first['method']} "
            f"({first['reason']}); the rows with status failed in metrics.csv have the rest"
        )


@app.command("list")
def list_(
    what: Annotated[Literal["methods", "datasets", "metrics", "protocols"], typer.Argument(help="What to list.")],
) -> None:
    """List methods, data sets, metrics or protocols."""
    if what == "methods":
        from .methods import list_methods

        _table(
            ("method", "tasks", "what it does", "reference"),
            ((m.name, " ".join(m.tasks), m.summary, m.reference) for m in list_methods()),
        )
    elif what == "datasets":
        from .datasets import list_datasets

        _table(
            ("data set", "task", "what it shows", "pairs", "licence"),
            ((d.name, d.task, d.title, d.pairs, d.licence) for d in list_datasets()),
        )
    elif what == "metrics":
        from .metrics import list_metrics

        _table(
            ("metric", "best", "range", "formula"),
            ((m.key, m.arrow, f"{m.range[0]:g} … {m.range[1]:g}", m.summary) for m in list_metrics()),
        )
    else:
        from .metrics import PROTOCOLS

        _table(
            ("protocol", "version", "metrics", "whose numbers"),
            (
                (p.name, p.version, " ".join(key.partition("@")[0] for key in p.metrics), p.reference)
                for p in PROTOCOLS.values()
            ),
        )


@app.command()
def explain(
    metric: Annotated[str, typer.Argument(help="A metric by any of its names: psnr, Qabf, mutinf, VIFF@film.")],
) -> None:
    """Explain a metric: its formula in each convention, with the values they give for one image, and the traps."""
    from rich.markdown import Markdown

    from .metrics.explain import explain as explanation

    _console(120).print(Markdown(str(explanation(metric))))


@datasets_app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="A data set by name, or a folder.")],
    data_root: Root = None,
    a: FolderA = None,
    b: FolderB = None,
    task: TaskOption = None,
) -> None:
    """Say what was found where, and what is wrong with it."""
    from .datasets import check as check_dataset

    report = check_dataset(name, data_root, a=a, b=b, task=task)
    typer.echo("\n".join(report.lines()))
    if report.problems:
        raise typer.Exit(2)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name for name in (part.strip() for part in text.split(",")) if name]


def _console(width: int = 200) -> Console:
    """Standard output; a file or a pipe gets lines of `width`, not those of a narrow terminal."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=width)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table)


def main() -> None:
    """Run the command line; errors made on purpose are one sentence and an exit code."""
    debug = "--debug" in sys.argv[1:]
    try:
        app()
    except FusionBenchError as error:
        if debug:
            raise
        typer.echo(f"fusionbench: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("fusionbench: interrupted; the same command goes on where it stopped", err=True)
        sys.exit(130)
