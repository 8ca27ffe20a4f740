"""Commands that fuse and score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..errors import FusionBenchError, InputError
from . import show
from .options import (
    Dataset,
    FolderA,
    FolderB,
    Limit,
    Metrics,
    OnErrorOption,
    Out,
    Protocols,
    Root,
    SizeOption,
    Split,
    TaskOption,
    Workers,
    names_of,
    pairs_of,
)


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
    weights: Annotated[
        str | None,
        typer.Option(
            help="Of the learned methods: a name, a file, or FILE#KEY of several networks in one.",
            show_default="what ships",
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(help="For film: describe, none, blip2, or precomputed features.", show_default="describe"),
    ] = None,
    backend: Annotated[
        Literal["torch", "jittor"] | None, typer.Option(help="For film: what computes.", show_default="torch")
    ] = None,
    jittor_native: Annotated[
        bool, typer.Option("--jittor-native", help="With --backend jittor: its own mathematics, not PyTorch's.")
    ] = False,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="name=value, for every method that has it; may be given again.")
    ] = None,
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
        _with_options(
            method,
            {
                **pairs_of(option or [], "--option"),
                **_set(weights=weights, text=text, backend=backend, mathematics="native" if jittor_native else None),
            },
            device,
        ),
        dataset or ["sample"],
        out,
        data_root=data_root,
        split=split,
        a=a,
        b=b,
        task=task,
        limit=limit,
        protocol=protocol or ["film"],
        metrics=names_of(metrics),
        workers=workers,
        on_error=on_error,
        size_policy=size_policy,
        device=device,
        executor=executor,
    )


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
    from ..methods import get_method

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
        metrics=names_of(metrics),
        workers=workers,
        on_error=on_error,
        size_policy=size_policy,
    )


def _set(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def _with_options(specs: list[str] | None, options: dict[str, str], device: str) -> list[Any] | None:
    """Give options to the methods that have them; one that none has is a mistake."""
    if not options:
        return specs
    from ..methods import default_methods, get_method

    unused = set(options)
    methods: list[Any] = []
    for spec in specs or default_methods():
        mine = {name: value for name, value in options.items() if name in get_method(spec).options}
        unused -= set(mine)
        methods.append(get_method(spec, device=device, **mine) if mine else spec)
    if unused:
        raise InputError(f"none of the methods has an option {sorted(unused)[0]!r}: leave it out")
    return methods


def _run(methods: Any, datasets: list[str], out: Path, **options: Any) -> None:
    """Run, write the leaderboard, and show the part of it that the command was about."""
    from rich.console import Console

    from ..bench import run as run_benchmark
    from ..reports.leaderboard import read_boards, write_leaderboard
    from ..reports.text import to_tables

    rows = run_benchmark(methods, datasets, out=out, console=Console(stderr=True), **options)
    path = write_leaderboard(out)
    console = show.console()
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
