"""The mathematics: arrays in, numbers out. Knows no file, no method, no data set."""

from __future__ import annotations

from .arrays.triple import Image, Triple, feature
from .catalog import METRICS, Metric, get_metric, metric
from .evaluation import Scores, Sources, evaluate, prepare, select
from .extensions import list_metrics
from .formulas import (
    artefact,
    contrast_sensitivity,
    edge_transfer,
    entropy_transfer,
    exposure,
    extra,
    fmi,
    gradient,
    han,
    information,
    intensity,
    liu,
    perception,
    phase,
    saturating,
    similarity,
    structure,
    tang,
    vifb,
)
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
    "artefact",
    "contrast_sensitivity",
    "edge_transfer",
    "entropy_transfer",
    "evaluate",
    "exposure",
    "extra",
    "feature",
    "fmi",
    "get_metric",
    "get_protocol",
    "gradient",
    "han",
    "information",
    "intensity",
    "list_metrics",
    "liu",
    "metric",
    "perception",
    "phase",
    "prepare",
    "saturating",
    "select",
    "similarity",
    "structure",
    "tang",
    "vifb",
]
