"""Data sets: where pairs of sources come from, and how images are read and written."""

from __future__ import annotations

from .catalog import get_spec, list_datasets
from .checks import CheckReport, check
from .dataset import FusionDataset, SizePolicy, load_source, read_pair, require_effect
from .finding.layouts import Layout
from .images import Header, UnreadableImageError, is_image_name, probe, read, to_gray, write
from .load import OnError, load_dataset
from .pair import Colour, Pair, Source, Task
from .ranges import FULL, RangeOption, Ranges, Rule, parse_ranges
from .spec import TASKS, DatasetSpec

__all__ = [
    "FULL",
    "TASKS",
    "CheckReport",
    "Colour",
    "DatasetSpec",
    "FusionDataset",
    "Header",
    "Layout",
    "OnError",
    "Pair",
    "RangeOption",
    "Ranges",
    "Rule",
    "SizePolicy",
    "Source",
    "Task",
    "UnreadableImageError",
    "check",
    "get_spec",
    "is_image_name",
    "list_datasets",
    "load_dataset",
    "load_source",
    "parse_ranges",
    "probe",
    "read",
    "read_pair",
    "require_effect",
    "to_gray",
    "write",
]
