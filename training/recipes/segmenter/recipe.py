"""The segmenter's recipe: cross entropy, Adam, a learning rate that falls along a cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ....datasets.labels import VOID
from ....errors import InputError
from ....tasks.models.network import SmallNetwork, load_network, notes_of
from ...options import TrainOptions
from ...recipe import Batch, Recipe, TrainingStage, cosine
from ...scenes import hold_out
from . import SegmenterSettings
from .samples import Parts, labelled_pairs


class Small(Recipe):
    """Parts of 192x192, eight of each image in an epoch, batch 8, Adam from 3e-3, 40 epochs.

    Pixels of no class count for nothing. The accuracy is the share of the others that are right.
    """

    name = "small"
    method = "segmenter"
    declares = SegmenterSettings
    settings: SegmenterSettings
    batch_size = 8
    lr = 3e-3
    epochs = 40
    columns: Sequence[str] = ("loss", "accuracy")

    def __init__(self, options: TrainOptions, settings: SegmenterSettings) -> None:
        super().__init__(options, settings)
        pairs, self.classes = labelled_pairs(options, settings, self.skipped)
        self.network: nn.Module = self._start()
        if options.epochs and len(options.epochs) > 1:
            raise InputError("--epochs takes one number for the segmenter")
        learnt, held = hold_out(pairs, options.validation, options.seed)
        parts = Parts(learnt, settings.side, options.seed, settings.parts, changed=True)
        held_out = Parts(held, settings.side, options.seed, settings.parts, changed=False)
        epochs = options.epochs[0] if options.epochs else self.epochs
        self.stages = [TrainingStage("segmentation", parts, held_out, epochs)]

    def _start(self) -> SmallNetwork:
        if not self.options.weights:
            return SmallNetwork(len(self.classes))
        network, classes = load_network(self.options.weights)
        if classes != self.classes:
            theirs, ours = ", ".join(classes), ", ".join(self.classes)
            raise InputError(f"the classes of {self.options.weights} are {theirs}, and those of the masks {ours}")
        return network

    def schedule(self, optimiser: Optimizer, stage: TrainingStage) -> LRScheduler:
        """Let the learning rate fall along a cosine."""
        return cosine(optimiser, stage.epochs)

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> dict[str, Tensor]:
        """Compute the cross entropy of a batch, a mean over the pixels that have a class, and their accuracy."""
        scores, mask = network(batch["image"]), batch["mask"]
        counts = mask != VOID
        total = counts.sum().clamp(min=1)
        loss = functional.cross_entropy(scores, mask, ignore_index=VOID, reduction="sum") / total
        right = ((scores.argmax(dim=1) == mask) & counts).sum() / total
        return {"loss": loss, "accuracy": right}

    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Show images, and their classes, true and found, as shades of gray."""
        shade = 1 / max(len(self.classes) - 1, 1)
        found = self.network(batch["image"]).argmax(dim=1)
        masks = {"true classes": batch["mask"], "found classes": found}
        return {"image": batch["image"]} | {
            title: (mask.float() * shade).clamp(0, 1)[:, None].expand(-1, 3, -1, -1) for title, mask in masks.items()
        }

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Return the tensors, and the names of the classes."""
        return self.network.state_dict(), notes_of(self.classes)
