"""LRRNet with its authors' weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..methods.method import Quantise
from ..methods.verified import Verified
from ._network import Network, Shapes, kernel, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "lrrnet", "the authors of LRRNet", "hli1221/imagefusion-LRRNet@fa97de87794f5aed6cadf66e6245a74af29afdbf",
        ("model/final_lrr_net_lam2_1.5_wir_3.0_lam3_gram_2000_epoch_4_block_4.model",
         "1de9dd8dee9b650ce69c74ea53e3b9a6b749222f1059a689aabf28f68ee63e29"),
    ),
)  # fmt: skip
_SMALL = 1e-5  # what the authors add to a range; the top level of a fused image is 254 for it
_STRETCHED = (
    "Each fused image is stretched to 0..254 by its own minimum and maximum (stretch=yes), which raises EN, SD, SF and "
    "AG."
)


def _shapes() -> Shapes:
    shapes: Shapes = {}
    for branch in ("get_ls1", "get_ls2"):
        shapes |= {f"{branch}.lamj": (1, 256), f"{branch}.lamz": (1, 1)}
        shapes |= kernel(f"{branch}.conv_W00.conv2d", 256, 1, 3)
        for i in range(4):
            shapes |= kernel(f"{branch}.lrrblock{i}.conv_Wdz.conv2d", 1, 256, 3)
            shapes |= kernel(f"{branch}.lrrblock{i}.conv_Wdtz.conv2d", 256, 1, 3)
    for part in ("ReZx", "ReUx", "ReZy", "ReUy"):
        shapes |= kernel(f"decoder.conv_{part}.conv2d", 1, 128, 3)
    return shapes | kernel("decoder.conv_ReL.conv2d", 1, 2, 3) | kernel("decoder.conv_ReH.conv2d", 1, 2, 3)


class LRRNet(Network):
    """Each source is parted into low rank and sparse features by unrolled optimisation; each part is fused alone.

    The infrared image is `a`.

    Parameters
    ----------
    weights : "lrrnet", the authors', or a file.
    stretch : stretch the fused image to its own range plus 0.00001, as published; without it the network's values,
        which span a fifth of [0, 1], are left to `quantise`.
    """

    name = "lrrnet"
    title = "LRRNet"
    reference = (
        "Li, Xu, Wu, Lu, Kittler (2023): LRRNet: A Novel Representation Learning Guided Fusion Framework for Infrared "
        "and Visible Images, IEEE Transactions on Pattern Analysis and Machine Intelligence 45(9), 11040-11052, "
        "https://doi.org/10.1109/TPAMI.2023.3268209"
    )
    venue = "IEEE Transactions on Pattern Analysis and Machine Intelligence"
    tasks = ("IVF",)
    quantise: Quantise = "truncate"
    verified = Verified(3, 3, "TNO", differing=11, values=264_273)
    shapes = _shapes()
    least = 2

    def __init__(self, weights: str = "lrrnet", stretch: bool = True) -> None:
        super().__init__(weights)
        self.stretch = stretch

    @property
    def remarks(self) -> Sequence[str]:
        """Say that images are stretched; see `Method.remarks`."""
        return [_STRETCHED] if self.stretch else []

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse infrared `a` and visible `b`; see `Network.forward`."""
        import torch

        low, sparse = [], []
        for source, branch, letter in ((a, "get_ls1", "x"), (b, "get_ls2", "y")):
            features = _decompose(net, _own_range(source * 255), branch)
            low.append(net.conv(features[:, :128], f"decoder.conv_ReZ{letter}.conv2d", "reflect"))
            sparse.append(net.conv(features[:, 128:], f"decoder.conv_ReU{letter}.conv2d", "reflect"))
        fused = net.conv(torch.cat(low, dim=1), "decoder.conv_ReL.conv2d", "reflect")
        fused += net.conv(torch.cat(sparse, dim=1), "decoder.conv_ReH.conv2d", "reflect")
        return _own_range(fused) if self.stretch else fused


def _own_range(x: Tensor) -> Tensor:
    low, high = (reduce(dim=(1, 2, 3), keepdim=True) for reduce in (x.amin, x.amax))
    return (x - low) / (high - low + _SMALL)


def _decompose(net: Layers, x: Tensor, branch: str) -> Tensor:
    """Return 256 maps of an image, low rank ones and then sparse ones."""
    threshold, step = net[f"{branch}.lamj"].view(1, -1, 1, 1), net[f"{branch}.lamz"]
    z = _shrink(net.conv(x, f"{branch}.conv_W00.conv2d", "reflect"), threshold)
    for i in range(4):
        rest = x - net.conv(z, f"{branch}.lrrblock{i}.conv_Wdz.conv2d", "reflect")
        change = net.conv(rest, f"{branch}.lrrblock{i}.conv_Wdtz.conv2d", "reflect")
        z = _shrink(change.add_(z.mul_(step)), threshold)
    return z


def _shrink(r: Tensor, threshold: Tensor) -> Tensor:
    """Apply the soft threshold as it is written: one of the trained ones is negative, and moves values away from 0."""
    return r.sign() * (r.abs() - threshold).clamp_(min=0)
