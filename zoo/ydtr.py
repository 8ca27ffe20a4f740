"""YDTR with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..methods.method import Quantise
from ..methods.verified import Verified
from ._network import Network, kernel, norm, published, raster_block

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "ydtr", "the authors of YDTR", "tthinking/YDTR@8f5b0ab391c064f5c2ee89249c7df2acf5318da6",
        ("models/model_10.pth", "183c31a103ada74063e644b300d6708ed567dcc231a9d0f8d52e098c6c2a0d32"),
    ),
)  # fmt: skip
_BLOCKS = ("basicLayer.blocks.0", "basicLayer.blocks.1")


class YDTR(Network):
    """A Y of dynamic features and transformers: one branch for both sources, whose outputs are added, and a stem.

    The mean of the whole image counts at each place, so parts of an image cannot be fused alone.

    Parameters
    ----------
    weights : "ydtr", the authors', or a file.
    """

    name = "ydtr"
    title = "YDTR"
    reference = (
        "Tang, He, Liu (2023): YDTR: Infrared and Visible Image Fusion via Y-Shape Dynamic Transformer, IEEE "
        "Transactions on Multimedia 25, 5413-5428, https://doi.org/10.1109/TMM.2022.3192661"
    )
    venue = "IEEE Transactions on Multimedia"
    tasks = ("IVF",)
    quantise: Quantise = "truncate"
    verified = Verified(
        1,
        1,
        "published",
        differing=1_575,
        values=442_368,
        note="The authors' GPU, it seems, rounded products to ten bits; float64 comes no nearer.",
    )
    shapes = (
        kernel("convInput.conv", 64, 1, 3)
        | norm("convInput.bn", 64)
        | kernel("DDF.spatial_branch.body.0", 8, 64, 3)
        | kernel("DDF.spatial_branch.body.1", 1, 8, 3)
        | kernel("DDF.channel_branch.fc.0", 8, 64, 1)
        | kernel("DDF.channel_branch.fc.2", 64, 8, 1)
        | raster_block(_BLOCKS[0], 64)
        | raster_block(_BLOCKS[1], 64)
        | kernel("convolutional_out.conv", 1, 64, 1)
    )

    def __init__(self, weights: str = "ydtr") -> None:
        super().__init__(weights)

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse; see `Network.forward`."""
        branches = [
            _dynamic(net, net.norm(net.conv(x, "convInput.conv", "replicate"), "convInput.bn").relu()) for x in (a, b)
        ]
        return net.conv(_dynamic(net, branches[0] + branches[1]), "convolutional_out.conv").tanh()


def _dynamic(net: Layers, x: Tensor) -> Tensor:
    """Weigh features by place and by channel, with weights that are made of them; then the transformer."""
    from ._layers import raster_blocks

    places = net.conv(net.conv(x, "DDF.spatial_branch.body.0"), "DDF.spatial_branch.body.1")
    channels = net.conv(x.mean((2, 3), keepdim=True), "DDF.channel_branch.fc.0").relu()
    return raster_blocks(net, x * places + x * net.conv(channels, "DDF.channel_branch.fc.2"), _BLOCKS)
