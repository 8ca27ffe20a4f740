"""A small segmenter: an encoder and a decoder with connections between their levels.

After U-Net (O. Ronneberger, P. Fischer, T. Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation,
MICCAI 2015, doi:10.1007/978-3-319-24574-4_28), with four levels from half of the resolution down, few channels, borders
that are kept, and batch normalisation. It is trained in minutes on a CPU, and no rival of published segmenters.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import InputError
from ...weights.files import load_state, metadata_of

WIDTHS = (16, 32, 64, 96)


class SmallNetwork(nn.Module):
    """The network.

    Parameters
    ----------
    classes : how many.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        inputs = (3, *WIDTHS)
        self.down = nn.ModuleList(_block(before, after) for before, after in zip(inputs, WIDTHS, strict=False))
        self.up = nn.ModuleList(
            _block(low + high, high) for low, high in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Give the scores of each class, (N, K, H, W), of images (N, 3, H, W) in [0, 1] of any size."""
        height, width = images.shape[-2:]
        whole = 2 ** len(WIDTHS)
        maps = functional.pad(images * 2 - 1, (0, -width % whole, 0, -height % whole), mode="replicate")
        levels: list[Tensor] = []
        for block in self.down:
            maps = block(functional.avg_pool2d(maps, 2))
            levels.append(maps)
        for block, level in zip(self.up, levels[-2::-1], strict=True):
            maps = block(torch.cat([functional.interpolate(maps, scale_factor=2, mode="nearest"), level], dim=1))
        scores = functional.interpolate(self.head(maps), scale_factor=2, mode="bilinear", align_corners=False)
        return scores[..., :height, :width]


def _block(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)


def notes_of(classes: Sequence[str]) -> dict[str, str]:
    """Say what stands in the file beside the tensors."""
    return {"format": "pt", "segmenter": "small", "classes": json.dumps(list(classes))}


def load_network(path: str | Path) -> tuple[SmallNetwork, tuple[str, ...]]:
    """Load a network with the names of its classes.

    Raises
    ------
    InputError
        The file is not here, damaged, or holds something else.
    """
    state, notes = load_state(path), metadata_of(path)
    try:
        classes = json.loads(notes["classes"])
        if not isinstance(classes, list) or not classes or not all(isinstance(name, str) for name in classes):
            raise ValueError("classes")
        network = SmallNetwork(len(classes))
        network.load_state_dict(state.tensors)
    except (KeyError, ValueError, RecursionError, RuntimeError) as error:
        raise InputError(
            f"{path} is no segmenter that `fusionbench tasks train` wrote: its classes or its tensors do not fit"
        ) from error
    return network, tuple(classes)
