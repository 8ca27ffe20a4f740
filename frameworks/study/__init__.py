"""The study of both frameworks: FILM with the same weights, data and order in PyTorch and in Jittor.

`plan` lists the runs, `torch_model` is the network in PyTorch with the methods of Jittor's, `measure` does one run
after the other and writes what it gives, `tables` puts the numbers into rows, and `figure` draws.
"""

from .measure import run_study
from .plan import StudyOptions, planned_runs

__all__ = ["StudyOptions", "planned_runs", "run_study"]
