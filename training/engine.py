"""What computes: the trainer deals out batches and keeps the record, an engine takes the steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from .recipe import Batch, Recipe, TrainingStage

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Engine(ABC):
    """Computes with the network of a recipe.

    Attributes
    ----------
    optimiser : of the running stage, with `param_groups` and `state_dict`, as PyTorch's have.
    schedule : of its learning rate, or None.
    """

    optimiser: Any
    schedule: Any

    @abstractmethod
    def start(self) -> None:
        """Take over the network, with the parameters that it has now."""

    @abstractmethod
    def begin(self, stage: TrainingStage) -> None:
        """Make the optimiser and the schedule of a stage."""

    @abstractmethod
    def step(self, batch: Batch, draw: np.random.Generator) -> dict[str, float]:
        """Take a step with a batch, unless its loss is not finite; return the losses, means over all devices."""

    @abstractmethod
    def measure(self, batch: Batch) -> dict[str, float]:
        """Compute the losses of a batch."""

    @abstractmethod
    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return images to look at, as `Recipe.pictures`."""

    def train(self) -> None:  # noqa: B027
        """Expect steps, after measurements."""

    def collect(self) -> None:  # noqa: B027
        """Give the recipe's network the parameters of now, so that they can be saved."""

    def close(self) -> None:  # noqa: B027
        """Give back what the engine holds."""


class FabricEngine(Engine):
    """PyTorch, on the devices of Lightning Fabric.

    Parameters
    ----------
    fabric : launched.
    recipe : what is learnt.
    """

    def __init__(self, fabric: Fabric, recipe: Recipe) -> None:
        self.fabric, self.recipe = fabric, recipe
        self.network: nn.Module = recipe.network

    def start(self) -> None:
        """Move network and recipe to the device."""
        self.recipe.to(self.fabric.device)
        self.network = self.fabric.setup_module(self.recipe.network)

    def begin(self, stage: TrainingStage) -> None:
        """Make the optimiser and the schedule of a stage."""
        self.optimiser = self.fabric.setup_optimizers(self.recipe.optimiser())
        self.schedule = self.recipe.schedule(self.optimiser.optimizer, stage)

    def train(self) -> None:
        """Expect steps, after measurements."""
        self.network.train()

    def step(self, batch: Batch, draw: np.random.Generator) -> dict[str, float]:
        """Take a step with a batch, unless its loss is not finite; return the losses, means over all devices."""
        self.optimiser.zero_grad()
        losses = self.recipe.losses(batch, self.network, draw)
        wide = torch.promote_types(losses["loss"].dtype, torch.float32)
        stacked = torch.stack([loss.detach().to(wide) for loss in losses.values()])
        means: Any = self.fabric.all_reduce(stacked, reduce_op="mean")
        values: dict[str, float] = dict(zip(losses, means.tolist(), strict=True))
        if np.isfinite(values["loss"]):
            self.fabric.backward(losses["loss"])
            self.optimiser.step()
        return values

    @torch.no_grad()
    def measure(self, batch: Batch) -> dict[str, float]:
        """Compute the losses of a batch."""
        losses = self.recipe.losses(batch, self.recipe.network, None)
        return {name: float(loss) for name, loss in losses.items()}

    @torch.no_grad()
    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return images to look at, as `Recipe.pictures`."""
        return self.recipe.pictures(batch)
