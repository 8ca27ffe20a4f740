"""The mathematics: arrays in, numbers out. Knows no file, no method, no data set."""

from __future__ import annotations

from . import (
    edge_transfer,
    entropy_transfer,
    gradient,
    han,
    information,
    intensity,
    liu,
    perception,
    phase,
    similarity,
    structure,
)
from .catalog import METRICS, Metric, get_metric, metric
from .evaluate import Scores, Sources, evaluate, prepare, select
from .extensions import list_metrics
from .protocols import CARD, PROTOCOLS, Protocol, get_protocol
from .triple import Image, Triple, feature

__all__ = [
    "CARD",
    "METRICS",
    "PROTOCOLS",
    "Image",
    "Metric",
    "Protocol",
    "Scores",
    "Sources",
    "Triple",
    "edge_transfer",
    "entropy_transfer",
    "evaluate",
    "feature",
    "get_metric",
    "get_protocol",
    "gradient",
    "han",
    "information",
    "intensity",
    "liu",
    "list_metrics",
    "metric",
    "perception",
    "phase",
    "prepare",
    "select",
    "similarity",
    "structure",
]
