"""Commands about reference results: what ships, how more come in, and whether they are true."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import FusionBenchError, InputError, unknown
from ..files import sha256_of
from . import show
from .options import Root

if TYPE_CHECKING:
    from ..reference import Entry, References
    from ..results import Row, Run

Datasets = Annotated[
    list[str] | None, typer.Option("--dataset", "-d", help="A data set; may be given again.", show_default="all")
]
Methods = Annotated[
    list[str] | None, typer.Option("--method", "-m", help="A method; may be given again.", show_default="all")
]


def list_(dataset: Datasets = None, method: Methods = None) -> None:
    """List the published methods that --against compares with."""
    from ..reference import References

    references = References()
    show.table(
        ("data set", "method", "year", "venue", "pairs", "protocols", "images"),
        (
            (
                e.dataset,
                e.method,
                str(e.year or "–"),
                e.venue or "–",
                str(len(references.rows(e))),
                " ".join(f"{name}/{version}" for name, version in e.protocols.items()),
                f"{e.repository}@{e.commit[:7]} {e.files}",
            )
            for e in _chosen(references, dataset, method)
        ),
        keep=3,
    )


def add(
    run: Annotated[Path, typer.Argument(help="The folder of a run, with its run.json: runs/TNO/MyNet.")],
    repository: Annotated[str, typer.Option(help="Where the fused images are published: OWNER/NAME, or an address.")],
    commit: Annotated[str, typer.Option(help="Of that repository: all 40 digits.")],
    files: Annotated[str, typer.Option(help="Where the images lie in it, {name} for the pair: 'out/{name}.png'.")],
    paper: Annotated[str, typer.Option(help="Authors: Title, Venue Volume, Pages; without the year.")],
    venue: Annotated[str, typer.Option(help="The journal or conference.")],
    year: Annotated[int, typer.Option(min=1950, max=2100, help="Of publication.")],
    doi: Annotated[str, typer.Option(help="Of the paper, without https://doi.org/.")] = "",
    name: Annotated[str | None, typer.Option(help="The method's name.", show_default="the run's label")] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where entries lie: the folder of a checkout of fusionbench.")
    ] = Path("reference/data"),
) -> None:
    """Turn a run into a reference entry: two files, to be sent as a pull request."""
    from ..metrics import get_protocol
    from ..metrics.evaluation import select
    from ..reference import Entry, References
    from ..reference.entries import table_path, write_entry
    from ..reference.make import make_entry, sources_of
    from ..results import Run, RunFolder
    from ..results.records import write_record

    if "{name}" not in files:
        raise InputError("--files needs {name}, which stands for the pair, as in 'out/{name}.png'")
    if len(commit) != 40 or not all(digit in "0123456789abcdef" for digit in commit):
        raise InputError("--commit takes the 40 digits of a commit, as `git rev-parse HEAD` prints them")
    if venue not in paper:
        raise InputError(f"--paper has to name the venue {venue!r}")
    folder = RunFolder(run)
    manifest = folder.manifest()
    if manifest is None:
        raise InputError(f"{run} is no folder of a run: it has no run.json")
    stored = Run(folder, manifest)
    for protocol, version in manifest.protocols.items():
        if get_protocol(protocol).version != version:
            raise InputError(f"{run} was scored with {protocol}/{version}, which is no longer current: score it again")
    shipped = References()
    sources = sources_of(stored, shipped)
    entry = Entry(
        dataset=sources.dataset,
        method=name or stored.method,
        program=str(manifest.environment.get("fusionbench", "")),
        protocols=manifest.protocols,
        repository=repository,
        commit=commit,
        files=files,
        paper=f"{paper}, {year}",
        doi=doi,
        year=year,
        venue=venue,
    )
    keys = {protocol: [metric.key for metric in select(protocol).values()] for protocol in manifest.protocols}
    rows = make_entry(stored, _images(stored), keys, entry)
    if (table := table_path(out, entry)).exists():
        raise InputError(f"{table} is there already: give another name with --name, or delete it")
    place = table.with_name("sources.json")
    if not place.exists():
        write_record(place, sources)
        typer.echo(place)
    for path in write_entry(out, entry, {row.pair: row for row in rows}):
        typer.echo(path)


def verify(
    fused: Annotated[Path, typer.Option(help="A downloaded repository of fused images.")],
    dataset: Datasets = None,
    method: Methods = None,
    data_root: Root = None,
) -> None:
    """Score the images of a downloaded repository again, and compare files and values with the stored ones."""
    from ..metrics import get_protocol
    from ..reference import References
    from ..reference.compare import compare

    references, lines, wrong = References(), [], 0
    for entry in _chosen(references, dataset, method):
        if not any((fused / entry.files.format(name=pair)).is_file() for pair in references.rows(entry)):
            continue
        for protocol, version in entry.protocols.items():
            if get_protocol(protocol).version != version:
                raise InputError(
                    f"{entry.method} on {entry.dataset} was scored with {protocol}/{version}, now it is "
                    f"{protocol}/{get_protocol(protocol).version}: its values are stale"
                )
        rows = references.rows(entry)
        files = {pair: fused / entry.files.format(name=pair) for pair in rows}
        same = sum(file.is_file() and sha256_of(file) == rows[pair].image for pair, file in files.items())
        values = compare(rows, _score(entry, fused, data_root))
        wrong += same < len(rows) or values.equal < values.all
        cells = f"{same}/{len(rows)}", f"{values.equal}/{values.all}", f"{values.largest:.1e}"
        lines.append((entry.dataset, entry.method, *cells))
    if not lines:
        raise InputError(f"{fused} has no images of these reference results: give the top folder of the repository")
    show.table(("data set", "method", "same files", "same values", "largest relative difference"), lines, keep=2)
    if wrong:
        raise FusionBenchError(f"{wrong} of {len(lines)} reference results are not what their images give")


def _chosen(references: References, datasets: list[str] | None, methods: list[str] | None) -> list[Entry]:
    """List the entries that ship, of some data sets and methods; an InputError names one that is not there."""
    for kind, names, known in (
        ("data set", datasets, {entry.dataset for entry in references.entries}),
        ("reference method", methods, {entry.method for entry in references.entries}),
    ):
        for name in names or ():
            if name.casefold() not in {each.casefold() for each in known}:
                raise unknown(kind, name, known)
    wanted = [None if names is None else {name.casefold() for name in names} for names in (datasets, methods)]
    return [
        entry
        for entry in references.entries
        if (wanted[0] is None or entry.dataset.casefold() in wanted[0])
        and (wanted[1] is None or entry.method.casefold() in wanted[1])
    ]


def _images(run: Run) -> dict[str, Path]:
    """Find the files that were scored: those that somebody fused, or what the run itself wrote."""
    from ..datasets import Pair
    from ..methods.external.folder import Folder

    manifest = run.manifest
    if manifest.method.name != "folder":
        if any(run.has("colour", pair) for pair in manifest.pairs):
            raise InputError(
                f"{run.method} fused luminance, and its colour images are what others have: score those first, with "
                f"`fusionbench score --fused {run.folder.path / 'colour'}`"
            )
        return {pair: run.folder.image(pair) for pair in manifest.pairs if run.has("fused", pair)}
    method = Folder(Path(manifest.method.options["directory"]))
    files = {name: manifest.source_files(name) for name in manifest.pairs}
    task = manifest.tasks[0] if manifest.tasks else "IVF"
    pairs = [
        Pair(name, own[0], own[1], task, further=own[2:])  # type: ignore[arg-type]
        for name, own in files.items()
        if own
    ]
    method.label = run.method
    method.assign(pairs, dict.fromkeys((manifest.dataset.name, manifest.dataset.label)))
    return {pair.name: found[0] for pair in pairs if (found := method.files(pair))}


def _score(entry: Entry, fused: Path, data_root: Path | None) -> dict[str, Row]:
    """Score the images of an entry again, in a folder of its own."""
    from ..bench import run
    from ..methods.external.folder import Folder
    from ..results import Results

    with TemporaryDirectory(prefix="fusionbench-") as out:
        method, protocols = Folder(fused / entry.files), list(entry.protocols)
        run([method], entry.dataset, out=out, data_root=data_root, protocol=protocols, on_error="skip")
        (stored,) = Results(Path(out)).runs
        return stored.rows
