"""The network of FILM.

Parameters have the names of the published checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...errors import InputError
from .attention import WIDTH
from .block import TransformerBlock, full, pointwise
from .stage import DIM, Grid, Stage

TEXT_WIDTH = 768
GRID: Grid = (288, 384)


class TextProcess(nn.Module):
    """The linear layer that every word goes through."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(TEXT_WIDTH, WIDTH, 1)


class FilmNetwork(nn.Module):
    """Three stages in which the text weighs each image's features, and a decoder; 2 070 235 parameters.

    Zhao, Deng, Bai, Cui, Zhang, Zhang, Qin, Chen, Zhang, Wang, Van Gool, "Image Fusion via Vision-Language Model", ICML
    2024, https://doi.org/10.48550/arXiv.2402.02235.

    Parameters
    ----------
    grid : height and width of the working grid on which image tokens are cut, its area a multiple of 256; the published
        network has 288x384. A network trained on one grid can be run on another, but means something else by it.
    checkpointing : compute activations again in the backward pass in place of keeping them.

    Raises
    ------
    InputError
        The grid cannot be cut into tokens.
    """

    def __init__(self, grid: Grid = GRID, checkpointing: bool = False) -> None:
        super().__init__()
        if min(grid) < 1 or grid[0] * grid[1] % WIDTH:
            raise InputError(
                f"a working grid of {grid[0]}x{grid[1]} cannot be cut into tokens of {WIDTH} pixels: choose height and "
                "width as multiples of 16"
            )
        self.grid, self.checkpointing = grid, checkpointing
        self.text_process = TextProcess()
        self.restormerca1 = Stage(1, grid)
        self.restormerca2 = Stage(DIM, grid)
        self.restormerca3 = Stage(DIM, grid)
        self.restormer1 = TransformerBlock(2 * DIM)
        self.restormer2 = TransformerBlock(DIM)
        self.restormer3 = TransformerBlock(DIM)
        self.conv1 = nn.Conv2d(2 * DIM, DIM, 1)
        self.conv2 = nn.Conv2d(DIM, 1, 1)

    def forward(self, a: Tensor, b: Tensor, text: Tensor, shares: Tensor | None = None) -> Tensor:
        """Fuse.

        Parameters
        ----------
        a, b : (N, 1, H, W) in [0, 1]: infrared, MRI, over-exposed or near focus, and its partner. They are not
            interchangeable.
        text : (N, L, 768), or (N, 1, L, 768) as it comes from the published files.
        shares : (N, L), what each word counts in the mean over the words; equal shares if None. With it, texts of
            different lengths, filled up with anything, make a batch.

        Returns
        -------
        (N, 1, H, W), in (0, 1).
        """
        text = text.squeeze(1) if text.ndim == 4 else text
        if shares is None:
            shares = text.new_full(text.shape[:2], 1 / text.shape[1])
        words = pointwise(text, self.text_process.conv.weight, self.text_process.conv.bias)
        maps_a, maps_b = (image.permute(0, 2, 3, 1).contiguous() for image in (a, b))
        for stage in (self.restormerca1, self.restormerca2, self.restormerca3):
            maps_a = self._call(stage.branch, "A", maps_a, words, shares)
            maps_b = self._call(stage.branch, "B", maps_b, words, shares)
        maps = torch.cat([maps_a, maps_b], dim=-1)
        del maps_a, maps_b
        maps = self._call(self.restormer1, maps)
        maps = pointwise(maps, self.conv1.weight, self.conv1.bias)
        maps = self._call(self.restormer3, self._call(self.restormer2, maps))
        maps = pointwise(maps, self.conv2.weight, self.conv2.bias)
        return full(maps).sigmoid().permute(0, 3, 1, 2)

    def _call(self, part: Callable[..., Tensor], *args: Any) -> Tensor:
        if self.checkpointing and torch.is_grad_enabled():
            computed: Tensor = checkpoint(part, *args, use_reentrant=False)
            return computed
        return part(*args)
