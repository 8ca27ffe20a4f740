"""What the rest of the house reaches Jittor through; see `methods.backends`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import environment
from .fuser import Fuser

if TYPE_CHECKING:
    from ...training.options import TrainOptions
    from ...training.recipes.film.recipe import Paper
    from .engine import JittorEngine

METHODS = ("film",)


def require() -> None:
    """Make sure that Jittor can be used; InputError says what to install."""
    environment.require()


def make_fuser(mathematics: str, device: str) -> Fuser:
    """Make what fuses for the method."""
    return Fuser(mathematics, device)


def make_engine(recipe: Paper, options: TrainOptions) -> JittorEngine:
    """Make what takes the steps of training."""
    from .engine import JittorEngine

    return JittorEngine(recipe, options)
