"""How FILM is trained: as in the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, StepLR

from ....datasets.images import write
from ....errors import InputError
from ....methods.film.checkpoints import load_network
from ....methods.film.method import parse_grid
from ....methods.film.network import GRID, FilmNetwork
from ....sizes import by_size, parse_size_or_auto
from ...options import TrainOptions
from ...recipe import Batch, Recipe, TrainingStage, cosine
from ...sources import hold_out
from . import FilmSettings
from .loss import fusion_losses
from .samples import Images, find_items, pair_files, text_notes

PICTURES = "pic_fusion"
RISE = 3  # epochs in which the weight of the gradients grows, in the short recipe
SHOWN = 2  # batches of each epoch whose images are kept


class Paper(Recipe):
    """The paper's: Adam from 1e-5, times 0.6 every 50 of 150 epochs, batches of 2 whole pairs.

    Parameters
    ----------
    options : of the run.
    settings : of FILM's.
    """

    name = "official"
    settings: FilmSettings
    batch_size = 2
    lr = 1e-5
    epochs = 150
    crops = False
    signed = False
    columns: Sequence[str] = ("loss", "intensity_loss", "gradient_loss", "ssim_loss")

    def __init__(self, options: TrainOptions, settings: FilmSettings) -> None:
        if options.backend == "torch" and settings.mathematics != "torch":
            raise InputError("--jittor-native needs --backend jittor")
        super().__init__(options, settings)
        grid = self.grid
        size = parse_size_or_auto(settings.image_size, "an image_size")
        if options.epochs is not None and len(options.epochs) != 1:
            raise InputError(f"film is trained in one stage: --epochs takes one number, not {len(options.epochs)}")
        files = pair_files(options.dataset)
        items = find_items(options, files, settings.text, size, grid, self.crops, self.skipped)
        learn, held_out = hold_out(items, options.validation, options.seed)
        epochs = options.epochs[0] if options.epochs else self.epochs
        self.stages = [TrainingStage("film", Images(learn, options.seed), Images(held_out, options.seed), epochs)]
        network = load_network(options.weights, grid).train() if options.weights else FilmNetwork(grid)
        network.checkpointing = settings.checkpointing
        self.network: nn.Module = network
        self.text = text_notes(options, files, settings.text)
        self.shown: list[tuple[str, Tensor]] = []  # name, and both sources and fused image side by side, (H, 3 W)

    @property
    def grid(self) -> tuple[int, int]:
        """The working grid."""
        return parse_grid(self.settings.grid) or GRID

    def schedule(self, optimiser: Optimizer, stage: TrainingStage) -> LRScheduler:
        """Let the learning rate fall every 50 epochs."""
        return StepLR(optimiser, step_size=50, gamma=0.6)

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> dict[str, Tensor]:
        """Compute the losses; pairs of one size together, each group by the part of the batch that it is."""
        total: dict[str, Tensor] = {}
        self.shown = []
        weight = self.gradient_weight(measuring=draw is None)
        for group in by_size(batch["a"]):
            a, b, text, shares = self.tensors(batch, group)
            fused = network(a, b, text, shares)
            part = fusion_losses(fused, a, b, weight, self.settings.loss_ssim, self.signed)
            share = len(group) / len(batch["name"])
            total = {name: total.get(name, 0) + share * loss for name, loss in part.items()}
            if draw is not None:
                rows = torch.cat([a, b, fused.detach()], dim=-1)
                self.shown += [(batch["name"][i], row[0]) for i, row in zip(group, rows, strict=True)]
        return total

    def gradient_weight(self, measuring: bool) -> float:
        """Return what the gradients count, in a step or in a measurement."""
        return self.settings.loss_grad_weight

    def after_step(self, folder: Path, epoch: int, batch: int) -> None:
        """Keep sources and fused image side by side for the first batches of an epoch."""
        if batch <= SHOWN:
            for name, row in self.shown:
                image = (row.float().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
                write(
                    folder / PICTURES / f"epoch{epoch:03d}" / f"{name.replace('/', '_').replace(':', '_')}.png", image
                )

    def pictures(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return both sources and the fused image of the held-out pairs that have the size of the first."""
        a, b, text, shares = self.tensors(batch, by_size(batch["a"])[0])
        return {"a": a, "b": b, "fused": self.network(a, b, text, shares)}

    def weights(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Return the tensors and what is to be known of them."""
        state = {name: tensor.detach() for name, tensor in self.network.state_dict().items()}
        return state, {"format": "pt", "method": "film", "grid": self.settings.grid, **self.text}

    def tensors(self, batch: Batch, group: list[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Stack the pairs of a group, on the network's device and in its precision.

        Returns
        -------
        Both sources (N, 1, H, W), the texts (N, L, 768), filled up, and what each word counts (N, L): 0 if filled up.
        """
        like = next(self.network.parameters())
        a, b = (torch.from_numpy(np.stack([batch[key][i] for i in group])).to(like) for key in ("a", "b"))
        texts = [torch.from_numpy(batch["text"][i]).to(like) for i in group]
        shares = [text.new_full((len(text),), 1 / len(text)) for text in texts]
        return a, b, pad_sequence(texts, batch_first=True), pad_sequence(shares, batch_first=True)


class Short(Paper):
    """The shipped weights' recipe, for a short time and a small grid: Adam from 5e-4 down to nothing along a cosine.

    In place of whole images, made small, it learns from parts of the working grid's size: so the network sees gradients
    as steep as those of the images that it is to fuse. These count little at first, and have signs: with the published
    loss, which knows their sizes only, a network that has not learnt yet to be bright where a source is bright draws
    reliefs and negatives, and takes long to get over it.
    """

    name = "short"
    lr = 5e-4
    epochs = 20
    crops = True
    signed = True

    def schedule(self, optimiser: Optimizer, stage: TrainingStage) -> LRScheduler:
        """Let the learning rate fall along a cosine."""
        return cosine(optimiser, stage.epochs)

    def gradient_weight(self, measuring: bool) -> float:
        """Let the weight grow from 1 to its value over the first epochs."""
        full = self.settings.loss_grad_weight
        epoch = self.stages[0].samples.epoch
        return full if measuring else min(full, full ** (epoch / RISE))
