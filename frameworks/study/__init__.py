"""The study of both frameworks: FILM with the same weights, data and order in PyTorch and in Jittor.

`plan` lists the runs, `torch_model` is the network in PyTorch with the methods of Jittor's, `measure` does one run
after the other and writes what it gives, `tables` puts the numbers into rows, and `figure` draws;
`state` lets a run go on, and `logs` reads what other trainings wrote.
"""

from .logs import compare_logs
from .measure import run_study
from .plan import PRESETS, StudyOptions, planned_runs

__all__ = ["PRESETS", "StudyOptions", "compare_logs", "planned_runs", "run_study"]
