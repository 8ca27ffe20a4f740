"""How the weight is learnt: the fused image shall be like the brighter source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from fusionbench.methods.flag import Flag
from fusionbench.training import TrainOptions
from fusionbench.training.patches import Patches
from fusionbench.training.recipe import Batch, Recipe, TrainingStage
from fusionbench.training.settings import PatchSettings, setting
from fusionbench.training.sources import hold_out, training_pairs


@dataclass(frozen=True)
class ToySettings(PatchSettings):
    """The settings of the toy: `start` is the weight before training."""

    start: float = setting(0.5, Flag("the weight before training."))


class Mean(nn.Module):
    """A weighted mean."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.tensor(start))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Mix the sources."""
        return self.share * a + (1 - self.share) * b


class ToyRecipe(Recipe):
    """Gradient descent on the mean distance from the brighter source."""

    method = "toy"
    name = "plain"
    declares = ToySettings
    batch_size = 2
    lr = 0.1
    columns = ("loss",)

    def __init__(self, options: TrainOptions, settings: ToySettings) -> None:
        super().__init__(options, settings)
        pairs = training_pairs(options, settings.colour, settings.patch, self.skipped)
        learn, held_out = hold_out(pairs, options.validation, options.seed)
        samples = [Patches(pairs, settings.patch, options.seed) for pairs in (learn, held_out)]
        self.network = Mean(settings.start)
        self.stages = [TrainingStage("toy", *samples, (options.epochs or (2,))[0])]

    def optimiser(self) -> Optimizer:
        """Make plain gradient descent."""
        return SGD(self.network.parameters(), lr=self.lr)

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> dict[str, Any]:
        """Compute the loss."""
        a, b = batch["first"], batch["second"]
        return {"loss": (network(a, b) - torch.maximum(a, b)).abs().mean()}
