"""What the rest of the house reaches Jittor through; see `methods.backends`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import environment
from .pipe import Array, Config, Pair
from .proxy import JittorModel
from .worker import Worker

if TYPE_CHECKING:
    from ...training.options import TrainOptions
    from ...training.recipes.film.recipe import Paper
    from .engine import JittorEngine

METHODS = ("film",)
Grid = tuple[int, int]


def require() -> None:
    """Make sure that Jittor can be used; InputError says what to install."""
    environment.require()


def make_engine(recipe: Paper, options: TrainOptions) -> JittorEngine:
    """Make what takes the steps of training."""
    from .engine import JittorEngine

    return JittorEngine(recipe, options)


class Fuser:
    """Inference: networks in one worker, which is started for the first pair.

    Parameters
    ----------
    mathematics : "torch", or "native" for Jittor's own.
    device : "cpu", or "cuda".

    Raises
    ------
    InputError
        Jittor is not installed, or knows no such device.
    """

    def __init__(self, mathematics: str = "torch", device: str = "cpu") -> None:
        environment.require()
        self.mathematics, self.worker = mathematics, Worker(device=device)
        self._models: dict[tuple[Path, Grid | None], JittorModel] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the worker, which takes minutes where Jittor is new."""
        _ = self.worker.hello

    def fuse(self, weights: Path, grid: Grid | None, pair: Pair) -> Array:
        """Fuse a pair, to (H, W), with the weights of a file; without a grid on the one that they were trained on."""
        return self._model(weights, grid).forward([pair])[0]

    @property
    def record(self) -> dict[str, Any]:
        """What the manifest says of the backend."""
        return {
            "name": "jittor",
            "version": environment.installed(),
            "onednn": environment.has_onednn(),
            "device": self.worker.device,
            "mathematics": self.mathematics,
        }

    def close(self) -> None:
        """End the worker; the next pair starts another."""
        with self._lock:
            self._models = {}
            self.worker.close()

    def _model(self, weights: Path, grid: Grid | None) -> JittorModel:
        from ...methods.film.checkpoints import load_network

        with self._lock:
            if (weights, grid) not in self._models:
                network = load_network(weights, grid)
                self._models[weights, grid] = JittorModel(self.worker, network, Config(network.grid, self.mathematics))
            return self._models[weights, grid]


make_fuser = Fuser
