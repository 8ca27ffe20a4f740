"""What a method tells the trainer: what to learn, from what, and how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from .options import TrainOptions
from .settings import Settings

Batch = dict[str, Any]


class Samples(Protocol):
    """A sequence of samples; `epoch` is set before each pass, and may change what is drawn."""

    epoch: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Batch:
        """Return one sample: a dictionary with `name` and whatever the recipe needs."""
        ...


@dataclass(frozen=True)
class TrainingStage:
    """One task of a sequence.

    Attributes
    ----------
    name : of the task.
    samples : to learn from.
    held_out : to measure the loss on after each epoch; may be empty.
    epochs : passes over the samples.
    """

    name: str
    samples: Samples
    held_out: Samples
    epochs: int


class Recipe(ABC):
    """Network, loss, optimiser and stages of one way to train a method.

    A subclass states the attributes, the network and the stages in its constructor, which finds the data.

    Parameters
    ----------
    options : of the run.
    settings : what `declares` read from them.

    Attributes
    ----------
    name : of the recipe.
    method : whose it is; asked for where the class itself is an entry point or in a user's file.
    declares : the settings of its own, likewise.
    network : on the CPU at first; the trainer moves it.
    stages : learnt one after the other.
    batch_size : samples in a step, over all devices.
    lr : learning rate at the start.
    columns : names of all losses that `losses` returns in any stage, "loss" first.
    skipped : pairs and photographs that are left out, with the reasons; `training_pairs` fills it.
    """

    name: str
    method: ClassVar[str]
    declares: ClassVar[type[Settings]] = Settings
    network: nn.Module
    stages: Sequence[TrainingStage]
    batch_size: int
    lr: float
    columns: Sequence[str]

    def __init__(self, options: TrainOptions, settings: Any) -> None:
        self.options, self.settings = options, settings
        self.skipped: dict[str, str] = {}
        self.batch_size = options.batch_size or self.batch_size
        self.lr = options.lr or self.lr

    def optimiser(self) -> Optimizer:
        """Make an optimiser of the network, Adam by default; called anew for each stage."""
        return Adam(self.network.parameters(), lr=self.lr)

    def schedule(self, optimiser: Optimizer, stage: TrainingStage) -> LRScheduler | None:
        """Make the learning rate's schedule, stepped after each epoch; None keeps it constant."""
        return None

    def to(self, device: Any) -> None:  # noqa: B027
        """Move what is not in the network, a feature extractor for instance."""

    def begin(self, stage: int, batches: Callable[[int, int], Batch]) -> None:  # noqa: B027
        """Prepare a stage, at its start only: what is made here goes into `memory`.

        Parameters
        ----------
        stage : its number.
        batches : gives a batch of consecutive samples of an earlier stage, by the stage's number and a draw's.
        """

    @abstractmethod
    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Parameters
        ----------
        batch : samples, collated, on the device.
        network : to be called, in place of `self.network`: it may be wrapped for several devices.
        draw : for what is random in a step; None while measuring.

        Returns
        -------
        Scalars by name: "loss", which is minimised, first, and its parts as they stand in `losses.csv`.
        """

    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return images (N, 1 or 3, H, W) in [0, 1] to look at, by title, of a batch of held-out samples."""
        return {}

    def after_step(self, folder: Path, epoch: int, batch: int) -> None:  # noqa: B027
        """Look at what a step left, on the first device: `folder` of the run, number of the epoch and the batch."""

    def memory(self) -> dict[str, Any]:
        """Return what a resumed run needs besides the network: tensors, numbers, texts, in dictionaries and lists."""
        return {}

    def remember(self, memory: dict[str, Any]) -> None:  # noqa: B027
        """Take back what `memory` returned."""

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Return the tensors and the metadata of a checkpoint."""
        return self.network.state_dict(), {"format": "pt"}


def cosine(optimiser: Optimizer, epochs: int) -> LRScheduler:
    """Let the learning rate fall to nothing along a cosine."""
    # Not CosineAnnealingLR: it keeps the number of epochs in its state, and a resumed run may ask for another.
    return LambdaLR(optimiser, lambda epoch: (1 + cos(pi * epoch / epochs)) / 2)
