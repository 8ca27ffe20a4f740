"""Data, a recipe and what is read of runs, for the tests of training."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from fusionbench.training.recipe import Batch, Recipe, TrainingStage
from fusionbench.training.recipes.u2fusion.vgg import VGG16

FOLDERS = {"IVF": ("ir", "vi"), "MEF": ("over", "under"), "MFF": ("near", "far")}


def make_pairs(root: Path, count: int = 8, task: str = "IVF", size: tuple[int, int] = (40, 52)) -> Path:
    """Write pairs of smooth noise; each source lacks what the other shows on one side."""
    draw = np.random.default_rng(3)
    for i in range(count):
        scene = cv2.GaussianBlur(draw.random(size), (0, 0), 1.5)
        scene = (scene - scene.min()) / (scene.max() - scene.min())
        ramp = np.linspace(0, 1, size[1])
        for folder, part in zip(FOLDERS[task], (scene * ramp, scene * (1 - ramp)), strict=True):
            (root / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / folder / f"{i:02}.png"), (part * 255).astype(np.uint8))
    return root


def random_vgg(seed: int) -> dict[str, Tensor]:
    """Draw VGG-16's weights, of the usual size, by torchvision's names."""
    torch.manual_seed(seed)
    tensors = {}
    for name, tensor in VGG16().state_dict().items():
        deviation = 0.1 if tensor.ndim == 1 else (2 / tensor[0].numel()) ** 0.5
        tensors[name.replace("features_", "features.")] = torch.randn(tensor.shape) * deviation
    return tensors


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Numbers:
    """Samples that are numbers."""

    epoch = 0

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Batch:
        return {"name": f"number {index}", "value": torch.tensor([self.values[index]])}


class Line(Recipe):
    """Another method's recipe: the trainer knows nothing of images."""

    name = "line"
    batch_size = 2
    lr = 0.01
    columns = ("loss",)

    def __init__(self, values: list[float]) -> None:
        self.network = nn.Linear(1, 1)
        self.stages = [TrainingStage("numbers", Numbers(values), Numbers([]), 2)]

    def optimiser(self) -> Optimizer:
        return SGD(self.network.parameters(), lr=self.lr)

    def losses(self, batch: Batch, network: nn.Module, draw: np.random.Generator | None) -> Mapping[str, Tensor]:  # type: ignore[override]
        return {"loss": (network(batch["value"]) - batch["value"]).square().mean()}
