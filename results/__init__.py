"""What lies on disk after a run, a score, a profile and a training, as records: its only writer and its only reader.

============================================== ==================================================================
`OUT/<dataset>/<method>/run.json`               `Manifest`: what was run, with what, on what
`OUT/<dataset>/<method>/metrics.csv`            a `Row` for each pair, with a status
`OUT/<dataset>/<method>/fused/<pair>.png`       what the method itself gave, in 8 bit: it is scored
`OUT/<dataset>/<method>/colour/<pair>.png`      where luminance was fused: the same with the sources' colour
`OUT/profile/<method>/<size>-<device>.json`     `Profile`: what the method costs
`OUT/train/<method>/<name>/losses.csv` and more `TrainingRecord`: how the losses went, with which options
`OUT/leaderboard.csv`, `.md`                    means by data set and method, see `leaderboard`
============================================== ==================================================================

`Results(OUT)` reads them, each file once. A file of an earlier version may lack fields: they have their defaults.
Fields of a later version are kept when a record is written again.
"""

from .manifest import DatasetRecord, Manifest, MethodRecord, MetricRecord, Timing
from .profiles import Latency, Profile
from .reader import Results
from .rows import Row
from .runs import Run, RunFolder, run_folder
from .training import TrainingRecord

__all__ = [
    "DatasetRecord", "Latency", "Manifest", "MethodRecord", "MetricRecord", "Profile", "Results", "Row", "Run",
    "RunFolder", "Timing", "TrainingRecord", "run_folder",
]  # fmt: skip
