"""Weights are data: where they come from, under which licence, by which hash they are known, and how to load them.

Only safe loading: safetensors, `torch.load(weights_only=True)`, a TensorFlow checkpoint read as the plain arrays that
it is, and Jittor's pickles by an unpickler that knows arrays only. Nothing here runs code that a file brings along.
"""

from .catalog import Weights, get_weights, known_weights
from .convert import Report, convert, describe
from .fetch import fetch
from .files import load_state, save_state
from .search import State

__all__ = [
    "Report",
    "State",
    "Weights",
    "convert",
    "describe",
    "fetch",
    "get_weights",
    "known_weights",
    "load_state",
    "save_state",
]
