"""Reference rows beside the rows of a run: on the same pairs, in the same metrics, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError, unknown
from ..files import is_file, sha256_once
from ..results import DatasetRecord, Manifest, MethodRecord, MetricRecord, Results, Row, Run, RunFolder
from ..results.part import part_of
from ..results.paths import folder_name
from ..results.records import read_record
from .entries import Entry, References, Sources

WORD = "reference"
KEPT = "sources.json"  # beside runs that were kept without their data: a record `Sources` of the data set


@dataclass(frozen=True)
class Choice:
    """Which reference results are asked for: `methods` by name, all where it is empty."""

    methods: tuple[str, ...] = ()

    def of(self, references: References, dataset: str) -> list[Entry]:
        """List the entries of a data set that are asked for."""
        names = {name.casefold() for name in self.methods}
        return [entry for entry in references.of(dataset) if not names or entry.method.casefold() in names]


def parse_choice(text: str, references: References) -> Choice:
    """Read "reference" or "reference:METHOD,...".

    Raises
    ------
    InputError
        It is neither, or there is no such method on any data set.
    """
    word, colon, rest = text.partition(":")
    methods = tuple(name.strip() for name in rest.split(",") if name.strip())
    if word.strip().casefold() != WORD or bool(colon) != bool(methods):
        raise InputError(f"--against takes reference, or reference:METHOD,METHOD, not {text!r}")
    known = {entry.method for entry in references.entries}
    for name in methods:
        if name.casefold() not in {method.casefold() for method in known}:
            raise unknown("reference method", name, known)
    return Choice(methods)


def require(choice: Choice, references: References, datasets: Iterable[str], protocols: Mapping[str, str]) -> None:
    """Make sure, before anything is computed, that there is something to compare with.

    Parameters
    ----------
    datasets : their names.
    protocols : the versions by name that will be scored.

    Raises
    ------
    InputError
        None of the data sets has such reference results, or none of them in a protocol of the same version.
    """
    names = list(datasets)
    entries = [entry for name in names for entry in choice.of(references, name)]
    if not entries:
        raise _nothing(choice, references, names)
    if not any(entry.protocols.get(name) == version for entry in entries for name, version in protocols.items()):
        raise _other_protocols(entries, protocols)


def beside(
    results: Results,
    choice: Choice,
    references: References,
    methods: Collection[str] | None = None,
    datasets: Collection[str] | None = None,
) -> Results:
    """Put reference rows beside the results of runs.

    On a data set that has reference results, rows of both are reduced to the common pairs: those of the same name whose
    two sources are the same files, byte by byte. Runs that name no place of their data were kept without it; what their
    sources were is read from `KEPT` in the folder of the data set's results. Reference rows have the metrics that the
    runs have, where the version of the protocol is the same.

    Parameters
    ----------
    methods, datasets : only runs of these labels.

    Raises
    ------
    InputError
        There is nothing to compare with: no such results, no common pair, or no common protocol.
    """
    chosen = results.of(methods, datasets)
    runs: list[Run] = []
    for label in dict.fromkeys(run.dataset for run in chosen):
        own = [run for run in chosen if run.dataset == label]
        entries = choice.of(references, own[0].manifest.dataset.name)
        runs += _together(own, entries, references) if entries else own
    if chosen and len(runs) == len(chosen):
        raise _nothing(choice, references, dict.fromkeys(run.dataset for run in chosen))
    return results.with_runs(runs)


def _together(own: list[Run], entries: list[Entry], references: References) -> list[Run]:
    pairs = list(dict.fromkeys(name for run in own for name in [*run.manifest.pairs, *run.manifest.skipped]))
    common = _common(own, pairs, references.sources[entries[0].dataset])
    part = f"Compared on the {len(common)} of {len(pairs)} pairs that the reference results have, too."
    notes = [part] if len(common) < len(pairs) else []
    theirs = [run for entry in entries if (run := _run(entry, own, common, notes, references))]
    if not theirs:
        raise _other_protocols(entries, {k: v for run in own for k, v in run.manifest.protocols.items()})
    return [part_of(run, common, notes) for run in own] + theirs


def _common(own: list[Run], pairs: list[str], sources: Sources) -> list[str]:
    """List the pairs whose sources are those of the reference, in every run that has them."""
    named = [name for name in pairs if name in sources.pairs]
    kept = read_record(own[0].folder.path.parent / KEPT, Sources)
    there = {name: [hashes for run in own if (hashes := _hashes(run, name, kept))] for name in named}
    common = [name for name in named if there[name] and all(each == sources.pairs[name] for each in there[name])]
    if common:
        return common
    label = own[0].dataset
    if named and not any(there.values()):
        root = own[0].manifest.root
        where = f"are not at {root} any more" if root else f"are not known, as there is no {KEPT} beside the runs"
        raise InputError(
            f"the sources of {label} {where}: they are needed to know which reference results belong to them"
        )
    reason = "the files of those of the same name differ" if named else "none has the name of one"
    raise InputError(
        f"none of the {len(pairs)} pairs of {label} is one that reference results of {sources.dataset} were made from "
        f"({reason}); those come from {sources.repository} at {sources.commit[:7]}"
    )


def _hashes(run: Run, name: str, kept: Sources | None) -> list[str] | None:
    """Hash both sources of a pair, or look the hashes up where the run names no place; None where they are gone."""
    if name not in run.manifest.sources:
        return None
    if not run.manifest.root:
        return kept.pairs.get(name) if kept else None
    files = run.manifest.source_files(name)
    return [sha256_once(file) for file in files] if files and all(map(is_file, files)) else None


def _run(entry: Entry, own: list[Run], common: list[str], notes: list[str], references: References) -> Run | None:
    """Make a run of an entry; None where no protocol is the same."""
    versions = {(name, version) for run in own for name, version in run.manifest.protocols.items()}
    other = sorted((n, v) for n, v in versions if n in entry.protocols and entry.protocols[n] != v)
    same = {n for n, v in versions if entry.protocols.get(n) == v} - {n for n, _ in other}
    stored = references.rows(entry)
    scored = {key for row in stored.values() for key in row.metrics}
    metrics = {key: m for run in own for key, m in run.manifest.metrics.items() if m.protocol in same and key in scored}
    if not metrics:
        return None
    lacks = ", ".join(f"{name}/{version}" for name, version in other)
    without = [f"It has no values of {lacks}: it was scored with another version."] if other else []
    rows = {name: stored[name] for name in common if name in stored}
    run = run_of(entry, rows, metrics, own[0].manifest.dataset, own[0].folder.path.parent)
    run.manifest.tasks = own[0].manifest.tasks
    run.manifest.notes += [*without, *notes]
    return run


def run_of(
    entry: Entry, rows: Mapping[str, Row], metrics: Mapping[str, MetricRecord], dataset: DatasetRecord, folder: Path
) -> Run:
    """Make a run of an entry, as if it lay in the folder of its data set's results; it has no images.

    Parameters
    ----------
    rows : its rows by pair.
    metrics : those to show, by metric@convention.
    """
    published = ", ".join(filter(None, [entry.paper, f"https://doi.org/{entry.doi}" if entry.doi else ""]))
    shown = {metric.protocol for metric in metrics.values()}
    manifest = Manifest(
        method=MethodRecord(
            label=entry.label,
            name=WORD,
            options={"method": entry.method},
            reference=published,
            year=entry.year,
            venue=entry.venue,
        ),
        dataset=dataset,
        pairs=list(rows),
        protocols={name: version for name, version in entry.protocols.items() if name in shown},
        metrics=dict(metrics),
        notes=[entry.origin, *entry.notes],
    )
    run = Run(RunFolder(folder / folder_name(entry.label)), manifest)
    run.rows = {
        name: replace(row, metrics={key: row.metrics[key] for key in metrics if key in row.metrics})
        for name, row in rows.items()
    }
    return run


def _nothing(choice: Choice, references: References, datasets: Iterable[str]) -> InputError:
    have = sorted({entry.dataset for entry in references.entries if choice.of(references, entry.dataset)})
    of = f" of {', '.join(choice.methods)}" if choice.methods else ""
    return InputError(
        f"there are reference results{of} on {' and '.join(have)}, not on {', '.join(datasets)}: leave --against out"
    )


def _other_protocols(entries: list[Entry], protocols: Mapping[str, str]) -> InputError:
    stored = sorted({f"{name}/{version}" for entry in entries for name, version in entry.protocols.items()})
    mine = ", ".join(f"{name}/{version}" for name, version in protocols.items())
    sets = " and ".join(sorted({entry.dataset for entry in entries}))
    return InputError(
        f"the reference results on {sets} are in {', '.join(stored)}, these are in {mine}, which cannot be compared: "
        "take one of those with --protocol"
    )
