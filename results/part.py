"""Results of some of their pairs only: those that are asked for, or those that every method has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError, unknown
from .reader import Results
from .runs import Run


def part_of(run: Run, pairs: Collection[str], notes: Sequence[str] = ()) -> Run:
    """Return a run as if it had been of some of its pairs alone, with further notes on its numbers."""
    kept = set(pairs)
    manifest = replace(
        run.manifest,
        pairs=[name for name in run.manifest.pairs if name in kept],
        skipped={name: why for name, why in run.manifest.skipped.items() if name in kept},
        sources={name: files for name, files in run.manifest.sources.items() if name in kept},
        notes=[*run.manifest.notes, *notes],
    )
    rows = {name: row for name, row in run.rows.items() if name in kept}
    part = replace(run, manifest=manifest, damage=run.damage)
    part.rows = rows
    return part


def names_in(path: Path) -> list[str]:
    """Read a list of names, one a line; empty lines, and those that begin with "#", count for nothing.

    Raises
    ------
    InputError
        It cannot be read, or lists nothing.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except OSError as error:
        raise InputError(
            f"the list of pairs {path} cannot be read: {(error.strerror or str(error)).lower()}"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"the list of pairs {path} cannot be read as text in UTF-8") from error
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise InputError(f"{path} lists no pairs: write their names, one a line")
    return names


def only_pairs(results: Results, names: Sequence[str], datasets: Collection[str] | None = None) -> Results:
    """Return the results of some pairs, by name in any case.

    Parameters
    ----------
    datasets : the labels of the data sets that are looked at; runs of others are left out.

    Raises
    ------
    InputError
        None of the data sets has a pair of one of the names.
    """
    runs = results.of(datasets=datasets)
    there = {name.casefold(): name for run in runs for name in _pairs(run)}
    for name in names:
        if name.casefold() not in there:
            raise unknown("pair", name, there.values())
    wanted = {name.casefold() for name in names}
    parts = [part_of(run, [name for name in _pairs(run) if name.casefold() in wanted]) for run in runs]
    return results.with_runs([run for run in parts if run.manifest.pairs or run.rows])


def only_list(results: Results, dataset: str, names: Collection[str], cited: str) -> Results:
    """Return the results of the pairs of a list that ships; of which not all need to be there.

    Parameters
    ----------
    dataset : the name of the data set, of whatever split; runs of others are left out.
    names : of the list, in lower case.
    cited : the list, as captions cite it.

    Raises
    ------
    InputError
        None of its pairs is there.
    """
    runs = [run for run in results.runs if run.manifest.dataset.name == dataset]
    parts = []
    for run in runs:
        mine = [name for name in _pairs(run) if name.casefold() in names]
        note = f"Of the {len(names)} pairs of {cited} {len(mine)} are there."
        part = part_of(run, mine, [note] if len(mine) < len(names) else [])
        part.manifest.dataset = replace(run.manifest.dataset, pairs=cited)
        parts.append(part)
    parts = [run for run in parts if run.manifest.pairs or run.rows]
    if not parts:
        raise InputError(f"no pair of {cited} was scored here: run its methods with -d {cited.partition(' ')[0]}")
    return results.with_runs(parts)


def common_pairs(
    results: Results, methods: Collection[str] | None = None, datasets: Collection[str] | None = None
) -> Results:
    """Return the results of the pairs that every method has scored, data set by data set.

    Parameters
    ----------
    methods, datasets : labels of those that are compared; runs of others are left out.

    Raises
    ------
    InputError
        The methods on a data set have no pair in common.
    """
    runs = results.of(methods, datasets)
    parts: list[Run] = []
    for dataset in dict.fromkeys(run.dataset for run in runs):
        mine = [run for run in runs if run.dataset == dataset]
        everything = dict.fromkeys(name for run in mine for name in _pairs(run))
        common = [name for name in everything if all(_scored(run, name) for run in mine)]
        if not common:
            raise InputError(f"the methods on {dataset} have no pair in common: leave some out, or --common")
        part = f"Compared on the {len(common)} of {len(everything)} pairs that all of these methods have."
        parts += [part_of(run, common, [part] if len(common) < len(everything) else []) for run in mine]
    return results.with_runs(parts)


def _pairs(run: Run) -> list[str]:
    return list(dict.fromkeys([*run.manifest.pairs, *run.manifest.skipped, *run.rows]))


def _scored(run: Run, pair: str) -> bool:
    row = run.rows.get(pair)
    return row is not None and row.status == "ok"
