"""What methods with a network of PyTorch have in common: a pass, in tiles where the network's reach is bounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..devices.transfer import place_of
from .method import Gray, Method
from .tiles import in_tiles

if TYPE_CHECKING:
    from torch import Tensor


class NetworkMethod(Method):
    """A method whose images go through a network as tensors."""

    learned = True

    def in_tiles(self, forward: Callable[..., Tensor], sources: Sequence[Gray]) -> Gray:
        """Take a pass through the network, (N, C, H, W) each, in tiles where its reach is bounded; see `tiles`."""
        import torch

        place = place_of(self.device)

        @torch.inference_mode()
        def fuse(*parts: Gray) -> Gray:
            return place.get(forward(*map(place.put, parts)))

        return in_tiles(fuse, sources, self.margin, self.tile)

    def dry_run(self, a: Gray, b: Gray, **context: Any) -> None:
        """Go through the network as a whole: tiles overlap, and what they share would be counted twice."""
        tile, self.tile = self.tile, None
        try:
            self.fuse(a, b, **context)
        finally:
            self.tile = tile
