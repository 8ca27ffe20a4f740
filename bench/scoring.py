"""What a fused image is compared with, and its row's metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..datasets import Pair, SizePolicy, read_truth
from ..metrics import Sources, get_metric, get_protocol, prepare, score
from ..results import Row

if TYPE_CHECKING:
    from ..methods import Fused

WHITE = 255  # of every image here: all are uint8, however dark
Ideal = Sources | str  # the ideal image, as both sources; or why there is none
Keys = dict[str, tuple[str, ...]]  # metric keys by protocol


def read_ideal(pair: Pair, size_policy: SizePolicy, sources: Sources, asked: Iterable[Keys]) -> Ideal:
    """Read the ideal image, where a metric that was asked for compares with it, at the size of the sources."""
    wanted = any(get_metric(key).ideal for each in asked for keys in each.values() for key in keys)
    truth = read_truth(pair, sources.a, size_policy) if wanted else None
    if truth is None:
        return "there is no ideal image"
    if truth.shape[:2] != sources.a.shape[:2]:
        return "the ideal image has another size than the sources"
    return prepare(truth, truth, data_range=WHITE)


def partners(keys: Keys, sources: Sources, ideal: Ideal) -> Iterator[tuple[str, Ideal, list[str]]]:
    """List protocols, with what an image is compared with, and by which of their metrics."""
    for protocol, own in keys.items():
        for partner in (sources, ideal):
            chosen = [key for key in own if get_metric(key).ideal == (partner is ideal)]
            if chosen:
                yield protocol, partner, chosen


def score_row(row: Row, fused: Fused, sources: Sources, ideal: Ideal, keys: Keys, known: Mapping[str, float]) -> None:
    """Add the metrics of each protocol to a row; those that are known are not computed again."""
    sources = sources_of(fused, sources)
    if not isinstance(ideal, str):
        ideal = sources_of(fused, ideal)
    reasons = [row.reason] if row.reason else []
    metrics = dict(row.metrics)
    for protocol, partner, own in partners(keys, sources, ideal):
        metrics.update((key, known.get(key, math.nan)) for key in own)  # in their order
        if isinstance(partner, str):
            reasons += [f"{key}: {partner}" for key in own]
        elif left := [key for key in own if key not in known]:
            image = fused.scored(get_protocol(protocol).colour)
            scores = score(image, partner, None, left, protocol, data_range=WHITE)
            metrics.update((key, float(value)) for key, value in scores.items())
            reasons += [f"{key}: {why}" for key, why in scores.reasons.items()]
    row.reason, row.metrics = "; ".join(reasons), metrics


def sources_of(fused: Fused, sources: Sources) -> Sources:
    """Crop the sources to what a fused image shows that was cropped; other methods keep the whole ones."""
    from ..methods.fit import crop_to

    size = fused.image.shape[:2]
    if size == sources.a.shape[:2]:
        return sources
    a, b, *further = (crop_to(image, size) for image in (sources.a, sources.b, *sources.further))
    return prepare(a, b, *further, data_range=WHITE)
