"""Commands that fuse and score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import FusionBenchError, InputError
from . import show
from .against import Against
from .data import ensure
from .declared import DeclaredCommand, declared
from .experiment import Experiment, as_written
from .options import (
    AgainstOption,
    BatchOption,
    Dataset,
    Fetch,
    FolderA,
    FolderB,
    Further,
    Keep,
    Limit,
    Metrics,
    OnErrorOption,
    Out,
    PairsOrNames,
    PrecisionOption,
    Protocols,
    RangeRules,
    Rgbt,
    Root,
    ScoreOnOption,
    Sequences,
    SizeOption,
    Split,
    TaskOption,
    Video,
    WeightsRoot,
    Workers,
    batch_size,
    names_of,
    pairs_asked,
    pairs_of,
)
from .synonyms import COMPUTE
from .unused import given, refuse_batch, refuse_data_root, refuse_device, refuse_weights_root

if TYPE_CHECKING:
    from ..methods.flag import Offer


SHARED = (
    "data_root", "split", "a", "b", "task", "limit", "protocol", "metrics", "workers", "on_error", "size_policy",
    "range", "rgbt", "further", "sequences", "video", "score_on",
)  # fmt: skip


class RunCommand(DeclaredCommand):
    """`run`, with the options that methods declare."""

    synonyms = COMPUTE

    def offers(self) -> Iterable[Offer]:
        """List the options of methods that have a name of their own."""
        from ..methods.registry import offers

        return offers()


_SLURM = (
    "NAME=VALUE for the jobs of --executor slurm, as partition=gpu,gpus_per_node=1,jobs=8,time=240 (minutes); may be "
    "given again. cluster=local tries it on this machine."
)


def run(
    experiment: Experiment = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", "-m", show_default="every classical one",
            help="A name, with options as in laplacian\\[levels=5]; path/to/file.py:Class; folder:DIR; "
            "'cmd:python their.py --ir {a} --vi {b} --out {out}', or with {a_dir}, {b_dir}, {out_dir} for a script "
            "that fuses a whole folder in one start. May be given again.",
        ),
    ] = None,
    dataset: Dataset = None,
    pairs: PairsOrNames = None,
    data_root: Root = None,
    fetch: Fetch = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    further: Further = None,
    sequences: Sequences = False,
    video: Video = False,
    task: TaskOption = None,
    limit: Limit = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Of the learned methods: a name, a file, or FILE#KEY of several networks in one.",
            show_default="what ships",
        ),
    ] = None,
    weights_root: WeightsRoot = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="name=value, for every method that has it; may be given again.")
    ] = None,
    protocol: Protocols = None,
    metrics: Metrics = None,
    device: Annotated[str, typer.Option(help="Where learned methods compute: cpu, cuda, cuda:1, mps, sdaa.")] = "cpu",
    precision: PrecisionOption = None,
    batch: BatchOption = "auto",
    score_on: ScoreOnOption = "cpu",
    workers: Workers = None,
    executor: Annotated[str, typer.Option(help="Who works: threads, processes, dask:ADDRESS, or slurm.")] = "threads",
    slurm: Annotated[list[str] | None, typer.Option(help=_SLURM)] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            help="Seconds that a method may take for a pair; processes take the place of threads then.",
            show_default="no end",
        ),
    ] = None,
    on_error: OnErrorOption = "stop",
    size_policy: SizeOption = "error",
    range: RangeRules = None,
    rgbt: Rgbt = False,
    against: AgainstOption = None,
    layout: Annotated[
        Literal["film", "video"] | None,
        typer.Option(
            help="Write the images also as FILM's script does, OUT/test_output/DATASET/Gray, and RGB; or frames as a "
            "video without loss, OUT/DATASET/METHOD/video."
        ),
    ] = None,
    keep: Keep = None,
    out: Out = Path("runs"),
    *,
    context: typer.Context,
) -> None:  # fmt: skip
    """Fuse, score, and write the leaderboard.

    Without --dataset it runs on the built-in sample set.

    The same command again goes on where it stopped: finished pairs are kept.
    """
    labels = _labels(method)
    datasets, chosen = pairs_asked(dataset, pairs)
    datasets = datasets or ["sample"]
    refuse_data_root(context, datasets)
    compared = _against(against, datasets, protocol)
    named = pairs_of(option or [], "--option")
    networks = {"weights": weights, "precision": precision}
    own = declared(context) | {name: value for name, value in networks.items() if value is not None}
    for name in own.keys() & named.keys():
        raise InputError(f"the option {name} is given twice, by --option and of its own: leave one out")
    methods = _with_options(method, named | own, device)
    _refuse_idle(context, methods)
    _ensure(datasets, data_root, fetch, a or b, lambda: _make(methods, device))
    if slurm and executor != "slurm":
        raise InputError(f"--slurm {slurm[0]} is for --executor slurm")
    written = as_written(context, labels, dataset or ([] if pairs else datasets))
    _run(methods, datasets, out, compared, **_shared(context), pairs=chosen, device=device, batch=batch_size(batch),
        executor=":".join([executor, *([",".join(slurm)] if slurm else [])]), timeout=timeout, layout=layout,
        keep=keep, experiment=written)  # fmt: skip


def _labels(methods: list[str] | None) -> list[str]:
    """Name the methods, also where none was named."""
    from ..methods import default_methods

    return [*(methods or default_methods())]


def score(
    fused: Annotated[
        str,
        typer.Option(help="A folder or zip of fused images, named like the pairs; or 'results/fused_{name}_ir.png'."),
    ],
    dataset: Dataset = None,
    pairs: PairsOrNames = None,
    name: Annotated[str | None, typer.Option(help="The method's name.", show_default="the folder's")] = None,
    data_root: Root = None,
    fetch: Fetch = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    further: Further = None,
    sequences: Sequences = False,
    video: Video = False,
    task: TaskOption = None,
    limit: Limit = None,
    protocol: Protocols = None,
    metrics: Metrics = None,
    score_on: ScoreOnOption = "cpu",
    workers: Workers = None,
    on_error: OnErrorOption = "stop",
    size_policy: SizeOption = "error",
    range: RangeRules = None,
    rgbt: Rgbt = False,
    against: AgainstOption = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the images into the results, where they are linked otherwise.")
    ] = False,
    out: Out = Path("runs"),
    *,
    context: typer.Context,
) -> None:
    """Score images that somebody has fused already."""
    datasets, chosen = pairs_asked(dataset, pairs)
    if len(datasets) != 1:
        raise InputError("say with one --dataset, or --pairs, which data set the images were fused from")
    refuse_data_root(context, datasets)
    compared = _against(against, datasets, protocol)
    from ..methods.external.folder import Folder

    method = Folder(Path(fused))
    method.label = name or method.place
    _ensure(datasets, data_root, fetch, a or b)
    _run([method], datasets, out, compared, **_shared(context), pairs=chosen, copy=copy, experiment={})


def _against(text: str | None, datasets: list[str], protocols: list[str] | None) -> Against | None:
    """Find the reference results, before anything is computed."""
    if text is None:
        return None
    from ..metrics import get_protocol

    compared = Against(text)
    compared.require(datasets, {(p := get_protocol(name)).name: p.version for name in protocols or ["film"]})
    return compared


def _shared(context: typer.Context) -> dict[str, Any]:
    """Pick the options that both commands hand on as they are, or nearly so."""
    options = {name: context.params[name] for name in SHARED}
    options["protocol"] = options["protocol"] or ["film"]
    options["metrics"] = names_of(options["metrics"])
    options["range"] = options["range"] or None
    options["further"] = options["further"] or ()
    return options


def _ensure(
    datasets: list[str], root: Path | None, fetch: bool | None, folders: str | None, first: Callable[[], object] = list
) -> None:
    """Get the data sets that are lacking, unless the user has said which folders to take."""
    if fetch and folders:
        raise InputError("--fetch gets data sets as they are published: leave --a and --b out, or --fetch")
    if not folders:
        ensure(datasets, root, fetch, first)


def _make(methods: list[Any] | None, device: str) -> None:
    """Find out about mistakes in the methods' names and options."""
    from ..methods import get_method

    for method in methods or ():
        if isinstance(method, str):
            get_method(method, device=device)


def _with_options(specs: list[str] | None, options: dict[str, str], device: str) -> list[Any] | None:
    """Give options to the methods that have them; one that none has is a mistake."""
    if not options:
        return specs
    from ..methods import default_methods, get_method
    from ..methods.method import option_parameters

    unused = set(options)
    methods: list[Any] = []
    for spec in specs or default_methods():
        known = option_parameters(type(get_method(spec)))
        mine = {name: value for name, value in options.items() if name in known}
        unused -= set(mine)
        methods.append(get_method(spec, device=device, **mine) if mine else spec)
    if unused:
        raise InputError(f"none of the methods has an option {sorted(unused)[0]!r}: leave it out")
    return methods


def _refuse_idle(context: typer.Context, methods: list[Any] | None) -> None:
    """Refuse options for networks where there is none."""
    from ..methods import default_methods, get_method

    if given(context).keys() & {"device", "batch", "weights_root"}:
        made = [get_method(m) if isinstance(m, str) else m for m in methods or default_methods()]
        refuse_device(context, made)
        refuse_batch(context, made)
        refuse_weights_root(context, made)


def _run(
    methods: Any,
    datasets: list[str],
    out: Path,
    compared: Against | None,
    **options: Any,
) -> None:
    """Run, and show the part of the leaderboard that the command was about; reference rows only where they fit."""
    from rich.console import Console

    from ..bench import run_rows
    from ..reports.terminal import to_tables
    from ..results import Results
    from ..results.leaderboard.boards import make_boards

    results = Results(out)
    rows = run_rows(methods, datasets, out=out, console=Console(stderr=True), results=results, **options)
    console = show.console()
    pairs: dict[str, set[str]] = {}
    for row in rows:
        pairs.setdefault(row["dataset"], set()).add(row["pair"])
    shown, labels, sets, misfit = results, {row["method"] for row in rows}, {*pairs}, None
    if compared is not None:
        try:
            shown = compared.beside(results, labels, sets)
            labels |= compared.labels(shown)
        except InputError as error:  # after all that was computed, which is shown all the same
            misfit = error
    for board in make_boards(shown, labels, sets, pairs):
        for table in to_tables(board, console.width):
            console.print(table)
    places = f"leaderboard  {out}/leaderboard.csv\nimages       {out}/DATASET/METHOD/fused and colour"
    console.print(places, highlight=False, soft_wrap=True)
    failed = [row for row in rows if row["status"] == "failed"]
    if failed:
        first = failed[0]
        raise FusionBenchError(
            f"{len(failed)} of {len(rows)} pairs failed, the first of them {first['pair']} with {first['method']} "
            f"({first['reason']}); the rows with status failed in metrics.csv have the rest"
        )
    if misfit:
        raise misfit
