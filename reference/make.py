"""From a run to a reference entry that others can check."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..files import sha256_of
from ..results import Row, Run
from .entries import Entry, References, Sources


def make_entry(run: Run, images: Mapping[str, Path], keys: Mapping[str, Collection[str]], about: Entry) -> list[Row]:
    """Check a run and return its rows as those of an entry.

    Parameters
    ----------
    run : with a row for each pair.
    images : by pair, the file that was scored and that others can have.
    keys : the metrics of each of the entry's protocols.
    about : the entry, whose protocols are those of the run.

    Raises
    ------
    InputError
        A pair was not scored, or not in every metric of its protocols.
    """
    rows = []
    for name in run.manifest.pairs:
        row = run.rows.get(name)
        if row is None or row.status != "ok":
            raise InputError(f"{run.method} on {run.dataset} has no scores of {name}: reference results have all pairs")
        if name not in images:
            raise InputError(f"the image of {name} that was scored is not there any more: score the images again")
        wanted = [key for protocol in about.protocols for key in keys[protocol]]
        if lacking := [key for key in wanted if key not in row.metrics]:
            raise InputError(
                f"{run.method} on {run.dataset} has no {lacking[0]} of {name}: score all metrics of the protocols "
                f"{', '.join(about.protocols)}, without --metrics"
            )
        metrics = {key: row.metrics[key] for key in wanted}
        rows.append(replace(row, metrics=metrics, image=sha256_of(images[name])))
    return rows


def sources_of(run: Run, references: References) -> Sources:
    """Return the pairs of the run's data set, with their hashes: those that are known, or else the run's own.

    Raises
    ------
    InputError
        The run has other pairs than the known ones, or its sources are gone.
    """
    own = {}
    for name in run.manifest.pairs:
        files = run.manifest.source_files(name)
        if not files or not all(file.is_file() for file in files):
            raise InputError(
                f"the sources of {name} of {run.dataset} are not there any more, and their hashes are needed"
            )
        own[name] = [sha256_of(file) for file in files]
    dataset = run.manifest.dataset.name or run.dataset
    known = {name.casefold(): sources for name, sources in references.sources.items()}.get(dataset.casefold())
    if known is None:
        return Sources(dataset=dataset, pairs=own)
    for name, hashes in known.pairs.items():
        if own.get(name) != hashes:
            what = "has other sources in" if name in own else "is not in"
            raise InputError(
                f"the pair {name} {what} this run on {dataset}: reference results are of the {len(known.pairs)} pairs "
                f"of {known.repository} at {known.commit[:7]}"
            )
    if more := own.keys() - known.pairs.keys():
        raise InputError(f"{sorted(more)[0]} is none of the {len(known.pairs)} pairs of {dataset} in reference results")
    return known
