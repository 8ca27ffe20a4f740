"""What computes where FILM is trained in Jittor: the trainer's engine, which talks to the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from ...sizes import by_size
from ...training.engine import Engine
from ...training.options import TrainOptions
from ...training.recipe import Batch, TrainingStage
from . import environment
from .pipe import Array, Config, Pair
from .proxy import JittorModel
from .worker import Worker

if TYPE_CHECKING:
    from ...training.recipes.film.recipe import Paper


class JittorEngine(Engine):
    """FILM in Jittor. The recipe's network in PyTorch only holds the parameters that are saved.

    Parameters
    ----------
    recipe : what is learnt.
    options : of the run.

    Raises
    ------
    InputError
        Jittor is not installed.
    """

    def __init__(self, recipe: Paper, options: TrainOptions) -> None:
        environment.require()
        self.recipe = recipe
        self.config = Config(recipe.grid, recipe.settings.mathematics, recipe.settings.loss_grad_weight,
                             recipe.settings.loss_ssim, recipe.signed)  # fmt: skip
        self.worker = Worker(device=options.device)
        self.model: JittorModel | None = None

    def start(self) -> None:
        """Start the worker, and give it the parameters."""
        self.model = JittorModel(self.worker, self.recipe.network, self.config)

    def begin(self, stage: TrainingStage) -> None:
        """Make the optimiser and the schedule of a stage."""
        self.optimiser = Adam(self._model, self.recipe.lr)
        self.schedule = self.recipe.schedule(self.optimiser, stage)

    def step(self, batch: Batch, draw: np.random.Generator) -> dict[str, float]:
        """Take a step with a batch, unless its loss is not finite; return the losses."""
        rate = float(self.optimiser.param_groups[0]["lr"])
        losses, fused = self._model.step(pairs_of(batch), rate, self.recipe.gradient_weight(measuring=False))
        self.recipe.shown = [
            (name, torch.from_numpy(np.concatenate([*sources, image], axis=-1)))
            for name, image, *sources in zip(batch["name"], fused, *_images(batch), strict=True)
        ]
        self.optimiser.step()
        return losses

    def measure(self, batch: Batch) -> dict[str, float]:
        """Compute the losses of a batch."""
        return self._model.losses(pairs_of(batch), self.recipe.gradient_weight(measuring=True))

    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return both sources and the fused image of the held-out pairs that have the size of the first."""
        pairs = pairs_of(batch)
        chosen = [pairs[i] for i in by_size(batch["a"])[0]]
        columns = (*zip(*(pair[:2] for pair in chosen), strict=True), self._model.forward(chosen))
        return {
            title: torch.from_numpy(np.stack(images)[:, None])
            for title, images in zip(("a", "b", "fused"), columns, strict=True)
        }

    def collect(self) -> None:
        """Give the recipe's network the parameters of now, so that they can be saved."""
        weights = self._model.weights()
        self.recipe.network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})

    def close(self) -> None:
        """End the worker."""
        self.worker.close()

    @property
    def _model(self) -> JittorModel:
        assert self.model is not None, "start comes first"
        return self.model


class Adam(Optimizer):
    """The learning rate of the Adam in the worker, for PyTorch's schedules, and its state, to be saved.

    Parameters
    ----------
    model : in the worker.
    lr : learning rate at the start.
    """

    def __init__(self, model: JittorModel, lr: float) -> None:
        super().__init__([torch.zeros(1)], {"lr": lr})
        self.model = model

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Note that a step has been taken."""

    def state_dict(self) -> dict[str, Any]:
        """Return the learning rate, and what the worker's Adam remembers."""
        memory = self.model.memory()
        tensors = {key: {n: torch.from_numpy(x) for n, x in memory[key].items()} for key in ("m", "v")}
        return {"rates": super().state_dict(), "step": memory["step"], **tensors}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        super().load_state_dict(state_dict["rates"])
        arrays = {key: {n: x.numpy() for n, x in state_dict[key].items()} for key in ("m", "v")}
        self.model.remember({"step": state_dict["step"], **arrays})


def pairs_of(batch: Batch) -> list[Pair]:
    """Take the pairs out of a batch of `training.recipes.film.samples`."""
    return list(zip(*_images(batch), batch["text"], strict=True))


def _images(batch: Batch) -> tuple[Sequence[Array], Sequence[Array]]:
    return [image[0] for image in batch["a"]], [image[0] for image in batch["b"]]
