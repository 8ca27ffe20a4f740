"""AUIF with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..methods.verified import Verified
from ._network import Network, Shapes, norm, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "auif", "the authors of AUIF", "Zhaozixiang1228/IVIF-AUIF-Net@8f54650ffbc0a9e655a0d4c6098751bedc319803",
        ("Models/TCSVT_Encoder_Base.model", "c4fe51b85637e3befc89b27e3cbb7a765aea37871eb4da4f58b471680ce7eb72"),
        ("Models/TCSVT_Encoder_Detail.model", "92e1ad6a4b7e5a2acc442a3a57c3b0e48a2af262f487942e42d81334de204726"),
        ("Models/TCSVT_Decoder.model", "7966d490bb4003821c8f20ce1197c22d020ab986850571c5dfa02b0defad8ad3"),
    ),
)  # fmt: skip
_LAYERS = 10


def _shapes() -> Shapes:
    shapes: Shapes = {"decoder.1.weight": (1, 1, 3, 3)} | norm("decoder.2", 1)
    for name in (f"conv{part}.{i}" for part in (1, 2) for i in range(_LAYERS)):
        shapes |= {f"{name}.kernel": (64, 1, 3, 3), f"{name}.eta": (1,), f"{name}.theta": (1,)}
        shapes |= norm(f"{name}.rest.0", 1) | {f"{name}.rest.1.weight": (1,)}
    return shapes


class AUIF(Network):
    """A blurred image and a Laplacian, each improved by ten unrolled steps, are the base and the detail that are added.

    Parameters
    ----------
    weights : "auif", the authors', or a folder with their three files.
    fusion : how bases and details of the sources become one: "sum", as published, or "average".
    """

    name = "auif"
    title = "AUIF"
    reference = (
        "Zhao, Xu, Zhang, Liang, Zhang, Liu (2022): Efficient and Model-Based Infrared and Visible Image Fusion via "
        "Algorithm Unrolling, IEEE Transactions on Circuits and Systems for Video Technology 32(3), 1186-1196, "
        "https://doi.org/10.1109/TCSVT.2021.3075745"
    )
    venue = "IEEE Transactions on Circuits and Systems for Video Technology"
    tasks = ("IVF",)
    margin = 30  # the Laplacian's 19x19, ten steps of two layers, and the last
    verified = Verified(5, 5, "TNO, NIR, FLIR", differing=29, values=443_646)
    shapes = _shapes()
    least = 10

    def __init__(self, weights: str = "auif", fusion: Literal["sum", "average"] = "sum") -> None:
        super().__init__(weights)
        self.fusion = fusion

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse; see `Network.forward`."""
        x = _base(net, a) + _base(net, b) + (_detail(net, a) + _detail(net, b))
        x = net.conv(x if self.fusion == "sum" else x / 2, "decoder.1", "reflect")
        return net.norm(x, "decoder.2").sigmoid()


def _base(net: Layers, x: Tensor) -> Tensor:
    return _unroll(net, x, _mean(x, 11).to(x.dtype), "conv1")


def _detail(net: Layers, x: Tensor) -> Tensor:
    """Start from a Laplacian: the sum over 19x19 less 361 times the middle, over the sum of absolute weights."""
    return _unroll(net, x, ((_mean(x, 19) - x) * (361 / 720)).to(x.dtype), "conv2")


def _mean(x: Tensor, size: int) -> Tensor:
    """Average over a square, in float64; but in float32 where a graph is traced, as onnxruntime has no other."""
    from torch.compiler import is_compiling
    from torch.nn.functional import avg_pool2d, pad

    x = x if is_compiling() else x.double()
    return avg_pool2d(pad(x, (size // 2,) * 4, mode="reflect"), size, stride=1)


def _unroll(net: Layers, x: Tensor, z: Tensor, part: str) -> Tensor:
    from torch.nn.functional import conv2d, pad, prelu

    for name in (f"{part}.{i}" for i in range(_LAYERS)):
        kernel = net[f"{name}.kernel"]
        maps = conv2d(pad(z, (1, 1, 1, 1), mode="reflect"), kernel)
        y = conv2d(pad(maps, (1, 1, 1, 1), mode="reflect"), kernel.transpose(0, 1).flip(2, 3))
        y = prelu(net.norm(y, f"{name}.rest.0"), net[f"{name}.rest.1.weight"])
        z = z - net[f"{name}.eta"] * (y - net[f"{name}.theta"] * (x - z))
    return z
