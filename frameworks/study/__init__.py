"""The study of two frameworks: the same weights, data and order in PyTorch and in Jittor, measured and compared.

`runs` says what is run, `sessions` how either framework is asked, `study` does it and keeps what is done, `rows` turns
what was kept into one tidy table.
"""

from .runs import Run, StudyOptions, planned
from .study import Progress, run_study

__all__ = ["Progress", "Run", "StudyOptions", "planned", "run_study"]
