"""DenseFuse with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..methods.method import Quantise
from ..methods.verified import Verified
from ._network import Network, Shapes, from_tensorflow, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "densefuse", "the network of the authors of DenseFuse, as it is in VIF-Benchmark",
        "Linfeng-Tang/VIF-Benchmark@23f2e51fc1b084310d998999222ce02dc364b6eb",
        ("Checkpoint/DenseFuse/DeseFuse.ckpt.index",
         "4fe80abfe63aa0feb62ee3230b8aff31a116d6d54a82bec55545baed76ebdcb8"),
        ("Checkpoint/DenseFuse/DeseFuse.ckpt.data-00000-of-00001",
         "f98c931b21b1977e348627457037cfa73211e882c1cec66cef0010134040aae6"),
        licence="MIT, by VIF-Benchmark", note="; a TensorFlow checkpoint, read without TensorFlow",
    ),
)  # fmt: skip
_ENCODER = {"conv1_1": (1, 16), "dense_block_conv1": (16, 16), "dense_block_conv2": (32, 16)}
_ENCODER |= {"dense_block_conv3": (48, 16)}
_DECODER = {"conv2_1": (64, 64), "conv2_2": (64, 32), "conv2_3": (32, 16), "conv2_4": (16, 1)}


def _shapes() -> Shapes:
    shapes: Shapes = {}
    for folder, layers in (("encoder", _ENCODER), ("decoder", _DECODER)):
        for name, (inputs, out) in layers.items():
            shapes |= {f"{folder}/{name}/kernel": (3, 3, inputs, out), f"{folder}/{name}/bias": (out,)}
    return shapes


class DenseFuse(Network):
    """A dense encoder and a decoder, trained on single images; the sources' features are added.

    The decoder was trained for the features of one image, so their sum comes out at twice the range; it is halved here,
    which the stretch of the published images does not see.

    Parameters
    ----------
    weights : "densefuse", the authors' of the year of the paper, or a file.
    fusion : "addition", as in the images that circulate; "l1", weighted by activity.
    """

    name = "densefuse"
    title = "DenseFuse"
    reference = (
        "Li, Wu (2019): DenseFuse: A Fusion Approach to Infrared and Visible Images, IEEE Transactions on Image "
        "Processing 28(5), 2614-2623, https://doi.org/10.1109/TIP.2018.2887342"
    )
    venue = "IEEE Transactions on Image Processing"
    tasks = ("IVF",)
    quantise: Quantise = "minmax"
    margin = 9  # eight layers of 3x3, and the mean of fusion=l1
    verified = Verified(42, 42, "TNO", differing=696, values=12_595_523)
    shapes = _shapes()
    least = 2

    def __init__(self, weights: str = "densefuse", fusion: Literal["addition", "l1"] = "addition") -> None:
        super().__init__(weights)
        self.fusion = fusion

    def prepare(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Bring TensorFlow's kernels to PyTorch's axes."""
        return from_tensorflow(tensors, "kernel", "bias")

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse; see `Network.forward`."""
        x = self._merge(_encode(net, a * 255), _encode(net, b * 255))
        for name in _DECODER:
            x = net.conv(x, f"decoder/{name}", "reflect")
            x = x if name == "conv2_4" else x.relu()
        return x / (510 if self.fusion == "addition" else 255)

    def _merge(self, x: Tensor, y: Tensor) -> Tensor:
        from torch.nn.functional import avg_pool2d, pad

        if self.fusion == "addition":
            return x + y
        activity = (pad(maps.abs().sum(1, keepdim=True), (1, 1, 1, 1), mode="reflect") for maps in (x, y))
        one, other = (avg_pool2d(maps, 3, stride=1) for maps in activity)
        share = one / (one + other)
        return share * x + (1 - share) * y


def _encode(net: Layers, x: Tensor) -> Tensor:
    """Map an image in 0..255 to 64 maps, the newest first."""
    import torch

    x = net.conv(x, "encoder/conv1_1", "reflect").relu()
    for i in (1, 2, 3):
        x = torch.cat([net.conv(x, f"encoder/dense_block_conv{i}", "reflect").relu(), x], dim=1)
    return x
