"""Three ways to train U2Fusion: as its authors did, as a well-known port does, and the one of the shipped weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler, StepLR

from ....errors import InputError
from ....files import cache_folder, sha256_of
from ....methods.u2fusion.checkpoints import load_generator
from ....methods.u2fusion.network import Generator
from ....weights.fetch import locate
from ...options import TrainOptions
from ...patches import Patches, TrainingPair
from ...recipe import Batch, Recipe, TrainingStage, cosine
from ...sources import hold_out, training_pairs
from . import U2FusionSettings
from .consolidation import DRAWS, Anchor, anchor
from .information import Convention, EnergyStore, InformationWeights
from .loss import gradient_gap, ms_ssim, mse, shared, ssim
from .rmsprop import TensorFlowRMSProp
from .vgg import load_vgg

SEQUENCE = (("IVF", "MIF"), ("MEF",), ("MFF",))
TITLES = {"IVF": "infrared-visible", "MIF": "medical", "MEF": "multi-exposure", "MFF": "multi-focus"}


class U2FusionRecipe(Recipe):
    """What the recipes have in common.

    Parameters
    ----------
    options : of the run.
    settings : of U2Fusion's.
    """

    settings: U2FusionSettings
    convention: Convention = "official"
    epochs: tuple[int, ...]
    lr = 1e-4
    patches = 20
    fixed = True
    flips = False
    swaps = True
    columns: Sequence[str] = ("loss", "pixel_loss", "ssim_loss")

    def __init__(self, options: TrainOptions, settings: U2FusionSettings) -> None:
        super().__init__(options, settings)
        pairs = training_pairs(options, settings.colour, settings.patch, self.skipped)
        self.information = InformationWeights(load_vgg(settings.vgg), self.convention)
        file = Path(settings.vgg) if settings.vgg else locate("vgg16-torchvision")
        assert file is not None  # load_vgg has fetched it
        store = cache_folder() / "energies" / f"{sha256_of(file)[:16]}-{self.convention}.bin"
        self.energies = EnergyStore(store, self.information.energy, mirrored=self.flips)
        network = load_generator(options.weights).train() if options.weights else Generator()
        # a quarter faster on the CPU
        self.network: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.stages = self._make_stages(pairs)
        if len(self.stages) == 1 and settings.ewc_lambda != U2FusionSettings.ewc_lambda:
            raise InputError("--ewc-lambda is for several tasks, and there are pairs of one: leave it out")

    def to(self, device: Any) -> None:
        """Move the feature extractor."""
        self.information.vgg.to(device)

    def groups(self, pairs: Sequence[TrainingPair]) -> list[tuple[str, list[TrainingPair]]]:
        """Sort pairs into the stages of the sequence."""
        return [("all tasks", list(pairs))]

    def _make_stages(self, pairs: Sequence[TrainingPair]) -> list[TrainingStage]:
        # Once for all stages: a photograph that one of them learns from is not held out in another.
        held_out = set(hold_out(pairs, self.options.validation, self.options.seed)[1])
        groups = [(name, group) for name, group in self.groups(pairs) if group]
        wanted = self.options.epochs or self.epochs[: len(groups)]
        if len(wanted) not in (1, len(groups)):
            names = ", ".join(name for name, _ in groups)
            raise InputError(f"--epochs takes one number, or {len(groups)}, for {names}; there are {len(wanted)}")
        wanted = wanted * len(groups) if len(wanted) == 1 else wanted
        return [
            self._stage(name, group, held_out, epochs) for (name, group), epochs in zip(groups, wanted, strict=True)
        ]

    def _stage(
        self, name: str, pairs: Sequence[TrainingPair], held_out: Set[TrainingPair], epochs: int
    ) -> TrainingStage:
        seed, size = self.options.seed, self.settings.patch
        learn = [pair for pair in pairs if pair not in held_out]
        samples = Patches(learn, size, seed, self.settings.patches or self.patches, self.fixed, self.flips)
        measured = Patches([pair for pair in pairs if pair in held_out], size, seed, 1, fixed=True)
        samples.check()
        measured.check()
        return TrainingStage(name, samples, measured, epochs)

    def shares(self, batch: Batch, keep: bool) -> Tensor:
        """Weigh the sources of a batch, (N, 2); the energies of fixed patches are kept."""
        energy = self.energies if keep else self.information.energy
        energies = torch.stack([energy(batch["first"]), energy(batch["second"])], dim=1)
        return self.information.from_energies(energies, batch["task"])

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> dict[str, Tensor]:
        """Compute the losses; in a step the two sources are swapped every other time, as in the authors' code."""
        shares = self.shares(batch, keep=self.fixed or draw is None)
        first, second = batch["first"], batch["second"]
        if self.swaps and draw is not None and draw.random() < 0.5:
            first, second, shares = second, first, shares.flip(1)
        return self.content(network(first, second), first, second, shares)

    def content(self, fused: Tensor, first: Tensor, second: Tensor, shares: Tensor) -> dict[str, Tensor]:
        """Compute the losses of fused images."""
        structure = shared(1 - ssim(first, fused), 1 - ssim(second, fused), shares)
        pixel = shared(mse(first, fused), mse(second, fused), shares)
        return {"loss": structure + 20 * pixel, "pixel_loss": pixel, "ssim_loss": structure}

    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return both sources and the fused image."""
        fused = self.network(batch["first"], batch["second"])
        return {"a": batch["first"], "b": batch["second"], "fused": fused}

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Return the tensors and what is to be known of them."""
        state = {name: tensor.detach() for name, tensor in self.network.state_dict().items()}
        return state, {"format": "pt", "method": "u2fusion", "padding": "reflect", "origin_form": "fusionbench"}


class Official(U2FusionRecipe):
    """The authors' recipe: one task after the other, with elastic weight consolidation.

    SSIM + 20 MSE, batch 18, TensorFlow's RMSProp at 1e-4, made anew for each task; 3, 2 and 2 epochs.
    """

    name = "official"
    batch_size = 18
    epochs = (3, 2, 2)
    columns = ("loss", "pixel_loss", "ssim_loss", "ewc_loss")
    anchor: Anchor | None = None

    def groups(self, pairs: Sequence[TrainingPair]) -> list[tuple[str, list[TrainingPair]]]:
        """Sort pairs into the authors' sequence of tasks."""
        groups = []
        for tasks in SEQUENCE:
            chosen = [pair for pair in pairs if pair.task in tasks]
            title = "+".join(TITLES[task] for task in tasks if any(pair.task == task for pair in chosen))
            groups.append((title, chosen))
        return groups

    def optimiser(self) -> Optimizer:
        """Make TensorFlow's RMSProp."""
        return TensorFlowRMSProp(self.network.parameters(), lr=self.lr)

    def begin(self, stage: int, batches: Callable[[int, int], Batch]) -> None:
        """Hold on to the earlier tasks, each of which counts with 30 batches."""
        if stage == 0 or not self.settings.ewc_lambda:
            return

        def losses() -> Any:
            for earlier in range(stage):
                for number in range(DRAWS):
                    swap = np.random.default_rng([self.options.seed, stage, earlier, number])
                    yield super(Official, self).losses(batches(earlier, number), self.network, swap)["loss"]

        self.anchor = anchor(self.network, losses())

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> dict[str, Tensor]:
        """Compute the losses; from the second task on with the penalty for forgetting."""
        losses = super().losses(batch, network, draw)
        if self.anchor is None:
            return losses
        penalty = self.anchor.penalty(self.network, self.settings.ewc_lambda)
        return {**losses, "loss": losses["loss"] + penalty, "ewc_loss": penalty}

    def memory(self) -> dict[str, Any]:
        """Return the anchor."""
        return {} if self.anchor is None else {"weights": self.anchor.weights, "fisher": self.anchor.fisher}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take the anchor back."""
        self.anchor = Anchor(memory["weights"], memory["fisher"]) if memory else None

    def to(self, device: Any) -> None:
        """Move the feature extractor and the anchor."""
        super().to(device)
        if self.anchor is not None:
            parts = ({k: v.to(device) for k, v in part.items()} for part in (self.anchor.weights, self.anchor.fisher))
            self.anchor = Anchor(*parts)


class Port(U2FusionRecipe):
    """A PyTorch port's recipe, without consolidation: one fresh patch of each pair in an epoch.

    100 MS-SSIM + MSE, weighed by the batch's mean shares, batch 4, Adam at 1e-4 with weight decay, the learning rate
    times 0.9 after each of 10 epochs.
    """

    name = "port"
    convention = "port"
    batch_size = 4
    epochs = (10,)
    patches = 1
    fixed = False
    swaps = False

    def __init__(self, options: TrainOptions, settings: U2FusionSettings) -> None:
        super().__init__(options, settings)
        if not options.weights:
            for name, parameter in self.network.named_parameters():
                if name.endswith("weight"):
                    nn.init.normal_(parameter, std=0.02)

    def content(self, fused: Tensor, first: Tensor, second: Tensor, shares: Tensor) -> dict[str, Tensor]:
        """Compute the losses of fused images."""
        structure = shared(1 - ms_ssim(fused, first), 1 - ms_ssim(fused, second), shares, of_batch=True)
        pixel = shared(mse(fused, first), mse(fused, second), shares, of_batch=True)
        return {"loss": 100 * structure + pixel, "pixel_loss": pixel, "ssim_loss": structure}

    def optimiser(self) -> Optimizer:
        """Make Adam."""
        return Adam(self.network.parameters(), lr=self.lr, weight_decay=5e-4)

    def schedule(self, optimiser: Optimizer, stage: TrainingStage) -> LRScheduler:
        """Let the learning rate fall by a tenth an epoch."""
        return StepLR(optimiser, step_size=1, gamma=0.9)


class Joint(U2FusionRecipe):
    """The shipped weights' recipe: all tasks mixed in each batch, so that none has to be remembered.

    The official loss, and `sharpness` times the distance from the stronger of the sources' gradients; Adam from 1e-3
    down to nothing along a cosine; fixed patches in all eight orientations. 80 was chosen by held-out pairs, see
    MODEL_CARD.md.
    """

    name = "joint"
    batch_size = 8
    epochs = (20,)
    lr = 1e-3
    patches = 8
    flips = True
    sharpness = 80.0
    columns = ("loss", "pixel_loss", "ssim_loss", "gradient_loss")

    def content(self, fused: Tensor, first: Tensor, second: Tensor, shares: Tensor) -> dict[str, Tensor]:
        """Compute the losses of fused images."""
        losses = super().content(fused, first, second, shares)
        gap = gradient_gap(fused, first, second)
        return {**losses, "loss": losses["loss"] + self.sharpness * gap, "gradient_loss": gap}

    def schedule(self, optimiser: Optimizer, stage: TrainingStage) -> LRScheduler:
        """Let the learning rate fall along a cosine."""
        return cosine(optimiser, stage.epochs)
