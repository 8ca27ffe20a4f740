"""The study of both frameworks: FILM with the same weights, data and order in PyTorch and in Jittor.

`plan` lists the runs, `engine` computes in PyTorch with the methods of Jittor's model, `measure` does one run after the
other in the trainer's loop, `tables` puts the numbers into rows, `figure` draws, and `logs` reads what other trainings
wrote.
"""

from .logs import compare_logs
from .measure import run_study
from .plan import PRESETS, StudyOptions, planned_runs

__all__ = ["PRESETS", "StudyOptions", "compare_logs", "planned_runs", "run_study"]
