"""Data sets: where pairs of sources come from, and how images are read and written.

- `catalog` lists the data sets that are known by name, each a `spec`; `pair` is what they give.
- `load` makes a `dataset` of a name or a folder: `locate` finds its files by means of `finding/`, `problems` says what
  is wrong with them. `checks` looks at every pixel and makes a report, with `remarks`.
- `images` reads and writes files by means of `formats/`; `ranges` brings deeper values to 8 bits; `rgbt` reads pairs
  that are one file.
- `fetch/` downloads published data sets, `sample/` computes one.
"""

from __future__ import annotations

from .catalog import get_spec, list_datasets
from .check_report import CheckReport
from .checks import check
from .dataset import FusionDataset, SizePolicy, load_source, read_pair, read_truth, require_effect
from .images import Header, UnreadableImageError, is_image_name, probe, read, to_gray, write
from .load import OnError, load_dataset
from .pair import Colour, Pair, Source, Task
from .ranges import FULL, RangeOption, Ranges, Rule, parse_ranges
from .spec import TASKS, DatasetSpec, Layout

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
    "read_truth",
    "require_effect",
    "to_gray",
    "write",
]
