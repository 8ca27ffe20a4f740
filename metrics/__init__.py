"""The mathematics: arrays in, numbers out. Knows no file, no method, no data set."""

from __future__ import annotations

from . import formulas  # noqa: F401  (it registers the metrics)
from .arrays.triple import Image, Triple, feature
from .bridges import borrowed  # noqa: F401  (it knows how to get those of pyiqa)
from .catalog import METRICS, Metric, get_metric, list_metrics, metric
from .evaluation import Scores, Sources, evaluate, prepare, score, select
from .inputs.ranges import RangeWarning
from .protocols import CARD, PROTOCOLS, Protocol, get_protocol

__all__ = [
    "CARD",
    "METRICS",
    "PROTOCOLS",
    "Image",
    "Metric",
    "Protocol",
    "RangeWarning",
    "Scores",
    "Sources",
    "Triple",
    "evaluate",
    "feature",
    "get_metric",
    "get_protocol",
    "list_metrics",
    "metric",
    "prepare",
    "score",
    "select",
]
