"""DATFuse with its authors' weights."""

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
        "datfuse", "the authors of DATFuse", "tthinking/DATFuse@0cd93f15fb5552c7aef79b7be56726c863d6c5ba",
        ("model_10.pth", "075b636954cbd425fc29be808bcfb42232e29b203f054c2a637ed301300d5a1d"),
    ),
)  # fmt: skip
_BLOCKS = ("basicLayer.blocks.0", "basicLayer.blocks.1")


class DATFuse(Network):
    """Residual attention over channels and places, with a transformer between the two.

    The infrared image is `a`. A place's attention hangs on the whole image, so parts of an image cannot be fused alone.

    Parameters
    ----------
    weights : "datfuse", the authors', or a file.
    """

    name = "datfuse"
    title = "DATFuse"
    reference = (
        "Tang, He, Liu, Duan, Si (2023): DATFuse: Infrared and Visible Image Fusion via Dual Attention Transformer, "
        "IEEE Transactions on Circuits and Systems for Video Technology 33(7), 3159-3172, "
        "https://doi.org/10.1109/TCSVT.2023.3234340"
    )
    venue = "IEEE Transactions on Circuits and Systems for Video Technology"
    tasks = ("IVF",)
    quantise: Quantise = "truncate"
    verified = Verified(1, 1, "published", differing=142, values=279_000)
    shapes = (
        kernel("convolutional.conv", 16, 2, 5)
        | norm("convolutional.bn", 16)
        | kernel("fem.conv", 16, 16, 3)
        | norm("fem.bn", 16)
        | kernel("cam.fc.0", 4, 16, 1)
        | kernel("cam.fc.2", 16, 4, 1)
        | kernel("sam.body.0", 4, 16, 3)
        | norm("sam.body.1", 4)
        | kernel("sam.body.3", 1, 4, 3)
        | norm("sam.body.4", 1)
        | raster_block(_BLOCKS[0], 16)
        | raster_block(_BLOCKS[1], 16)
        | kernel("convolutional_out.conv", 1, 16, 1)
    )

    def __init__(self, weights: str = "datfuse") -> None:
        super().__init__(weights)

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse infrared `a` and visible `b`; see `Network.forward`."""
        import torch

        from ._layers import raster_blocks

        x = net.conv(torch.cat([a, b], dim=1), "convolutional.conv", "replicate")
        x = net.norm(x, "convolutional.bn").relu()
        x = raster_blocks(net, (_attend(net, _extract(net, x)) + x).relu(), _BLOCKS)
        x = _extract(net, x)
        return net.conv(_attend(net, x) + x, "convolutional_out.conv").tanh()


def _extract(net: Layers, x: Tensor) -> Tensor:
    """Apply the one layer of features twice."""
    x = net.norm(net.conv(x, "fem.conv", "replicate"), "fem.bn").relu()
    return net.norm(net.conv(x, "fem.conv", "replicate"), "fem.bn")


def _attend(net: Layers, x: Tensor) -> Tensor:
    """Weigh features by channel, and by place, and add the two."""
    channels = net.conv(net.conv(x.mean((2, 3), keepdim=True), "cam.fc.0").relu(), "cam.fc.2").sigmoid()
    places = net.norm(net.conv(x, "sam.body.0"), "sam.body.1").relu()
    places = net.norm(net.conv(places, "sam.body.3"), "sam.body.4").sigmoid()
    return x * channels + x * places
