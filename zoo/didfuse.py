"""DIDFuse with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..methods.verified import Verified
from ._network import Network, Shapes, kernel, norm, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "didfuse", "the authors of DIDFuse", "Zhaozixiang1228/IVIF-DIDFuse@5f287300dce7cbc90b9e08e6872455af6baa279f",
        ("Models/Encoder_weight_IJCAI.pkl", "4d84a4e64e58469d3d4591f83c6683ead3e422498519db99bb617cb29d268471"),
        ("Models/Decoder_weight_IJCAI.pkl", "c6974e2a7c66ab579a77bacb086023237a229e769d459783bad8ff43e52e9986"),
    ),
)  # fmt: skip


def _shapes() -> Shapes:
    shapes: Shapes = {}
    # Block: inputs, outputs, the place of its convolution, that of its slope (none where it ends in a function).
    blocks = {1: (1, 64, 1, 3), 2: (64, 64, 0, 2), 3: (64, 64, 0, None), 4: (64, 64, 0, None)}
    blocks |= {5: (128, 64, 0, 2), 6: (128, 64, 0, 2), 7: (128, 1, 1, None)}
    for i, (inputs, out, conv, slope) in blocks.items():
        name = f"cov{i}.cov{i}"
        shapes |= kernel(f"{name}.{conv}", out, inputs, 3) | norm(f"{name}.{conv + 1}", out)
        shapes |= {} if slope is None else {f"{name}.{slope}.weight": (1,)}
    return shapes


class DIDFuse(Network):
    """An encoder that parts base from detail; features of both sources are added, and decoded.

    Parameters
    ----------
    weights : "didfuse", the authors', or a folder with their two files.
    fusion : how features of the sources become one: "sum", as published; "average"; "l1", weighted by activity.
    """

    name = "didfuse"
    title = "DIDFuse"
    reference = (
        "Zhao, Xu, Zhang, Liu, Zhang, Li (2020): DIDFuse: Deep Image Decomposition for Infrared and Visible Image "
        "Fusion, Proceedings of IJCAI 2020, 970-976, https://doi.org/10.24963/ijcai.2020/135"
    )
    venue = "IJCAI"
    tasks = ("IVF",)
    margin = 7  # six layers of 3x3, and the mean of fusion=l1
    verified = Verified(7, 7, "TNO, NIR, FLIR", differing=8, values=701_814)
    shapes = _shapes()
    least = 2

    def __init__(self, weights: str = "didfuse", fusion: Literal["sum", "average", "l1"] = "sum") -> None:
        super().__init__(weights)
        self.fusion = fusion

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse; see `Network.forward`."""
        import torch

        first, second, base, detail = (
            self._merge(x, y) for x, y in zip(_encode(net, a), _encode(net, b), strict=True)
        )  # fmt: skip
        x = _block(net, torch.cat([base, detail], dim=1), 5)
        x = _block(net, torch.cat([x, second], dim=1), 6)
        x = net.conv(torch.cat([x, first], dim=1), "cov7.cov7.1", "reflect")
        return net.norm(x, "cov7.cov7.2").sigmoid()

    def _merge(self, x: Tensor, y: Tensor) -> Tensor:
        from torch.nn.functional import avg_pool2d

        if self.fusion == "l1":
            one, other = (avg_pool2d(maps.abs().sum(1, keepdim=True), 3, stride=1, padding=1) for maps in (x, y))
            share = one / (one + other)
            return share * x + (1 - share) * y
        return x + y if self.fusion == "sum" else (x + y) / 2


def _encode(net: Layers, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the features of two layers, the base and the detail of an image."""
    from torch.nn.functional import prelu

    x = net.norm(net.conv(x, "cov1.cov1.1", "reflect"), "cov1.cov1.2")
    first = prelu(x, net["cov1.cov1.3.weight"])
    second = _block(net, first, 2)
    base, detail = (net.norm(net.conv(second, f"{name}.0"), f"{name}.1").tanh() for name in ("cov3.cov3", "cov4.cov4"))
    return first, second, base, detail


def _block(net: Layers, x: Tensor, i: int) -> Tensor:
    from torch.nn.functional import prelu

    name = f"cov{i}.cov{i}"
    return prelu(net.norm(net.conv(x, f"{name}.0"), f"{name}.1"), net[f"{name}.2.weight"])
