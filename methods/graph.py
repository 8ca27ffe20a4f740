"""A network as `fusionbench export` takes it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


class Graph(nn.Module):
    """The network of a task: sources of a pair in, in the order of the data sets, and the fused image out.

    Parameters
    ----------
    network : holds the tensors.
    call : from the sources, in the network's order, and the text, if any, to the fused image; `network` itself if None.
    swapped : whether the network takes source b first.
    channels : of sources and fused image: 1 for luminance, 3 for RGB.
    text : the width of text features that the network takes after the sources; 0 without.
    """

    def __init__(
        self, network: nn.Module, call: Callable[..., Tensor] | None = None, *, swapped: bool = False,
        channels: int = 1, text: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.network, self.call = network, call or network
        self.swapped, self.channels, self.text = swapped, channels, text

    def forward(self, a: Tensor, b: Tensor, text: Tensor | None = None) -> Tensor:
        """Fuse (1, C, H, W) in [0, 1] to the same shape, about [0, 1]; the text is (1, L, width)."""
        sources = (b, a) if self.swapped else (a, b)
        return self.call(*sources) if text is None else self.call(*sources, text)
