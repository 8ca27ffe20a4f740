"""Measures of fused videos, once their frames are there: each follows from two stored images in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from rich.console import Console

from ..datasets import FusionDataset, Pair, read
from ..datasets.videos import sequence_of
from ..errors import FusionBenchError
from ..metrics.temporal import MEASURES, temporal
from .looks import Levels, levels
from .task import PairTask, to_fuse

if TYPE_CHECKING:
    from .plan import Trial


def forget_measures(trials: Sequence[Trial], tasks: Sequence[PairTask]) -> None:
    """Take the measures from frames whose predecessor will be fused anew, before it is: none stays that is wrong."""
    videos = [trial for trial in trials if trial.dataset.video]
    left = to_fuse(tasks) if videos else {}
    for trial in videos:
        anew = {task.pair.name for task in left.get(trial.folder.path, ())}
        for before, pair in _steps(trial.dataset):
            row = trial.rows.get(pair.name)
            if before.name in anew and row is not None and MEASURES.keys() & row.metrics.keys():
                _record(trial, pair, {key: row.metrics[key] for key in row.metrics if key not in MEASURES})


def measure_videos(trials: Sequence[Trial], console: Console) -> None:
    """Measure the frames that lack it and whose predecessor is there; two frames are held at a time.

    A frame of the sources is read once for all methods.
    """
    for dataset in {id(trial.dataset): trial.dataset for trial in trials if trial.dataset.video}.values():
        looks = [(trial, lru_cache(2)(partial(_fused, trial))) for trial in trials if trial.dataset is dataset]
        sources = lru_cache(2)(partial(_sources, dataset))
        steps = [step for step in _steps(dataset) if any(_lacks(trial, *step) for trial, _ in looks)]
        if steps:
            console.print(f"{dataset.label}: {len(steps)} frames against those before", highlight=False, soft_wrap=True)
        for before, pair in steps:
            for trial, fused in looks:
                if not _lacks(trial, before, pair):
                    continue
                try:
                    now, then = ((fused(each), sources(each)) for each in (pair, before))
                except FusionBenchError:
                    continue  # gone in the meantime: the next run says so
                values = temporal(now[0], _cut(now), then[0], _cut(then))
                _record(trial, pair, {**trial.rows[pair.name].metrics, **values})


def _steps(dataset: FusionDataset) -> Iterator[tuple[Pair, Pair]]:
    """Give each frame with the one before it in its video."""
    return (
        (before, pair)
        for before, pair in zip(dataset.pairs, dataset.pairs[1:], strict=False)
        if sequence_of(before) == sequence_of(pair)
    )


def _lacks(trial: Trial, before: Pair, pair: Pair) -> bool:
    earlier, row = trial.rows.get(before.name), trial.rows.get(pair.name)
    if earlier is None or row is None or earlier.status != "ok" or row.status != "ok":
        return False
    return not MEASURES.keys() <= row.metrics.keys()


def _fused(trial: Trial, pair: Pair) -> Levels:
    return levels(read(trial.folder.image(pair.name)))


def _sources(dataset: FusionDataset, pair: Pair) -> list[Levels]:
    return [levels(source) for source in dataset.read(pair)]


def _cut(frame: tuple[Levels, list[Levels]]) -> list[Levels]:
    """Cut the sources of a frame as its fused one was."""
    from ..methods.fit import crop_to

    fused, sources = frame
    return [crop_to(source, fused.shape) for source in sources]


def _record(trial: Trial, pair: Pair, metrics: dict[str, float]) -> None:
    row = replace(trial.rows[pair.name], metrics=metrics)
    trial.folder.append(row)
    trial.rows[pair.name] = row
