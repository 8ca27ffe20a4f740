"""The records of a run, before it is done and after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..datasets import FusionDataset
from ..environment import environment
from ..methods.colour import GAMUT
from ..metrics import get_metric, get_protocol
from ..metrics.compiler import PLAIN, processor
from ..results import Manifest, MetricRecord
from ..results.records import now
from .notes import notes_of
from .sizes import size_record
from .timing import timing

if TYPE_CHECKING:
    from .plan import Trial


def describe_run(trial: Trial, state: Literal["running", "finished"]) -> Manifest:
    """Make the manifest of a trial as it stands; what an earlier run into its folder said of metrics is kept."""
    before, level = trial.folder.manifest(), processor()
    pairs = pairs_of(trial, before)
    sources = (_before(before, trial.dataset.root.resolve()) if before else {}) | _sources(trial.dataset)
    started = before.started if before and state == "finished" else ""
    metrics = {
        key: MetricRecord(name=metric.name, better=metric.better, protocol=name)
        for name, keys in trial.keys.items()
        for key in keys
        for metric in [get_metric(key)]
    }
    protocols = {name: get_protocol(name).version for name in trial.keys}
    return Manifest(
        state=state,
        **trial.configuration(),
        tasks=sorted({pair.task for pair in trial.dataset}),
        root=str(trial.dataset.root.resolve()),
        pairs=pairs,
        skipped=dict(trial.dataset.skipped),
        sources={name: files for name, files in sources.items() if name in pairs},
        protocols={**(before.protocols if before else {}), **protocols},
        metrics={**(before.metrics if before else {}), **metrics},
        device=trial.device,
        backend=getattr(trial.method, "backend_record", None) or None,
        started=started or now(),
        finished=now() if state == "finished" else None,
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


def _sources(dataset: FusionDataset) -> dict[str, list[str]]:
    """Where the files of each pair lie, in order, as seen from the data set; pairs that are arrays are left out."""
    root = dataset.root.resolve()
    return {
        pair.name: [str(_seen_from(root, file.resolve())) for file in files]
        for pair in dataset
        if len(files := [source for source in pair.sources if isinstance(source, Path)]) == len(pair.sources)
    }


def _before(manifest: Manifest, root: Path) -> dict[str, list[str]]:
    """Where the files of the pairs of an earlier run lie, as seen from the data set."""
    files = {name: manifest.source_files(name) for name in manifest.sources}
    return {name: [str(_seen_from(root, file)) for file in own] for name, own in files.items() if own}


def _seen_from(root: Path, path: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
