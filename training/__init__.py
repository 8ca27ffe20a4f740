"""The one trainer of the house: data, loop, journal and checkpoints are the same for every learned method.

What is learnt, with which network, loss and optimiser, is a `Recipe` of the method's own room.
"""

from ..extras import explained
from .options import TrainOptions

with explained():
    from .run import resume, train

__all__ = ["TrainOptions", "resume", "train"]
