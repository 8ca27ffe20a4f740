"""The records of a run, before it is done and after."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..datasets import FusionDataset
from ..environment import environment
from ..methods.colour import GAMUT
from ..metrics import get_metric, get_protocol
from ..metrics.compiler import PLAIN, processor
from ..metrics.temporal import MEASURES, PROTOCOL, VERSION
from ..results import Manifest, MetricRecord
from ..results.records import now
from .notes import notes_of
from .sizes import size_record
from .timing import timing

if TYPE_CHECKING:
    from .plan import Trial


def describe_run(trial: Trial, state: Literal["running", "finished"], worked: bool = True) -> Manifest:
    """Make the manifest of a trial as it stands; what an earlier run into its folder said of metrics is kept.

    A run that had nothing to do, that has not `worked`, did not finish it.
    """
    before, level = trial.folder.manifest(), processor()
    pairs = pairs_of(trial, before)
    sources, known = _sources(trial.dataset, before.sources if before else {}), set(pairs)
    if before and (others := _before(before, trial.dataset.root.resolve(), sources)):
        sources = others | sources
    started = before.started if before and state == "finished" else ""
    metrics = {
        key: MetricRecord(name=metric.name, better=metric.better, protocol=name)
        for name, keys in trial.keys.items()
        for key in keys
        for metric in [get_metric(key)]
    }
    protocols = {name: get_protocol(name).version for name in trial.keys}
    if trial.dataset.video:
        protocols[PROTOCOL] = VERSION
        metrics |= {
            key: MetricRecord(name=measure.name, better=measure.better, protocol=PROTOCOL)
            for key, measure in MEASURES.items()
        }
    return Manifest(
        state=state,
        **trial.configuration(),
        tasks=sorted({pair.task for pair in trial.dataset}),
        root=str(trial.dataset.root.resolve()),
        pairs=pairs,
        skipped=dict(trial.dataset.skipped),
        sources=sources if sources.keys() <= known else {n: files for n, files in sources.items() if n in known},
        protocols={**(before.protocols if before else {}), **protocols},
        metrics={**(before.metrics if before else {}), **metrics},
        device=trial.device,
        backend=getattr(trial.method, "backend_record", None) or None,
        started=started or now(),
        finished=((not worked and before and before.finished) or now()) if state == "finished" else None,
        seconds=timing(trial, before.seconds if before else None),
        notes=notes_of(trial),
        sizes=size_record(trial) or None,
        chroma=before.chroma if before else GAMUT,
        environment={**environment(), "formulas": level.name if level else PLAIN},
        unknown=before.unknown if before else {},
    )


def pairs_of(trial: Trial, before: Manifest | None) -> list[str]:
    """List the pairs of the folder: those of the data set, and those that an earlier run over more of it left there."""
    now = [pair.name for pair in trial.dataset]
    known = set(now)
    others = [name for name in (before.pairs if before else ()) if name in trial.rows and name not in known]
    if before and known.issubset(before.pairs):  # in their order there
        return [name for name in before.pairs if name in known or name in trial.rows]
    return [*now, *others]


_LAST: list[tuple[FusionDataset, dict[str, list[str]]]] = []  # all methods of a data set are described in a row


def _sources(dataset: FusionDataset, known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Where the files of each pair lie, in order, as seen from the data set; pairs that are arrays are left out.

    What is `known` and still so is given back itself: there may be many.
    """
    if _LAST and _LAST[0][0] is dataset:
        return _LAST[0][1]
    root, seen_from_root = dataset.root.resolve(), lru_cache(maxsize=None)(_seen_from_real)

    def seen(file: Path) -> str:  # `resolve` looks at every folder above, for every file
        folder, name = file.parent, file.name
        return str(_seen_from(root, file.resolve())) if file.is_symlink() else seen_from_root(root, folder) + name

    places = {}
    for pair in dataset:
        sources = pair.sources
        files = [seen(source) for source in sources if isinstance(source, Path)]
        if len(files) == len(sources):
            before = known.get(pair.name)
            places[pair.name] = before if before is not None and before == files else files
    _LAST[:] = [(dataset, places)]
    return places


def forget_sources() -> None:
    """Let go of where the files of the last data set lie: there may be many."""
    _LAST.clear()


def _seen_from_real(root: Path, folder: Path) -> str:
    """Say what stands before the names of the files in a folder."""
    return str(_seen_from(root, folder.resolve()) / "_").removesuffix("_")


def _before(manifest: Manifest, root: Path, now: Container[str]) -> dict[str, list[str]]:
    """Where the files of the pairs of an earlier run lie, as seen from the data set; but for those that are known."""
    files = {name: manifest.source_files(name) for name in manifest.sources if name not in now}
    return {name: [str(_seen_from(root, file)) for file in own] for name, own in files.items() if own}


def _seen_from(root: Path, path: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
