"""SeAFusion with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..datasets.pair import Pair
from ..methods.colour import is_colour, luminance
from ..methods.method import Image, Quantise
from ..methods.verified import Verified
from ._network import Network, Shapes, kernel, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "seafusion", "Linfeng Tang, the method's first author", "Linfeng-Tang/VIF-Benchmark@"
        "23f2e51fc1b084310d998999222ce02dc364b6eb",
        ("Checkpoint/SeAFusion/SeAFusion.pth", "8d65a7f9a50f36349803368cf9920f40420776995e7e8cc8a56d8d30e499431d"),
        licence="MIT",
    ),
)  # fmt: skip


def _block(name: str, inputs: int, out: int) -> Shapes:
    sobel = {f"{name}.sobelconv.conv{axis}.weight": (inputs, 1, 3, 3) for axis in "xy"}  # trained, no longer Sobel's
    return (
        kernel(f"{name}.dense.conv1.conv", inputs, inputs, 3)
        | kernel(f"{name}.dense.conv2.conv", inputs, 2 * inputs, 3)
        | kernel(f"{name}.convdown.conv", out, 3 * inputs, 1)
        | kernel(f"{name}.convup.conv", out, inputs, 1)
        | sobel
    )


def _shapes() -> Shapes:
    shapes: Shapes = {}
    for source in ("vis", "inf"):
        shapes |= kernel(f"{source}_conv.conv", 16, 1, 3)
        shapes |= _block(f"{source}_rgbd1", 16, 32) | _block(f"{source}_rgbd2", 32, 48)
    for i, inputs, out in ((4, 96, 64), (3, 64, 32), (2, 32, 16), (1, 16, 1)):
        shapes |= kernel(f"decode{i}.conv", out, inputs, 3)
    return shapes


class SeAFusion(Network):
    """Gradient residual dense blocks, trained in the loop with a segmentation of the fused image.

    The infrared image is `a`. A colour visible image is fused in colour, as the authors do: its chroma is re-attached
    before the stretch, which is one for the three channels.

    Parameters
    ----------
    weights : "seafusion", the authors', or a file.
    """

    name = "seafusion"
    title = "SeAFusion"
    reference = (
        "Tang, Yuan, Ma (2022): Image fusion in the loop of high-level vision tasks: A semantic-aware real-time "
        "infrared and visible image fusion network, Information Fusion 82, 28-42, "
        "https://doi.org/10.1016/j.inffus.2021.12.004"
    )
    venue = "Information Fusion"
    tasks = ("IVF",)
    quantise: Quantise = "minmax-truncate"
    margin = 9  # a layer of 3x3, two blocks of two, and four
    verified = Verified(42, 42, "TNO", differing=396, values=12_595_523)
    shapes = _shapes()

    def __init__(self, weights: str = "seafusion") -> None:
        super().__init__(weights)

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image | None:
        """Fuse with a colour visible image in colour; see `Method.fuse_images`."""
        if not is_colour(b) or is_colour(a):
            return None
        red, green, blue = np.moveaxis(b.astype(np.float32) / np.float32(255), -1, 0)
        y = np.clip(0.299 * red + 0.587 * green + 0.114 * blue, 0, 1).astype(np.float32)
        fused = self.fuse(luminance(a)[None, None], y[None, None], pairs=(pair,))[0, 0]
        cr, cb = np.clip((red - y) * 0.713 + 0.5, 0, 1) - 0.5, np.clip((blue - y) * 0.564 + 0.5, 0, 1) - 0.5
        colour = np.stack([fused + 1.403 * cr, fused - 0.714 * cr - 0.344 * cb, fused + 1.773 * cb], axis=-1)
        return np.clip(colour, 0, 1).astype(np.float32)

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse infrared `a` and the luminance `b`; see `Network.forward`."""
        import torch
        from torch.nn.functional import leaky_relu

        maps = []
        for source, image in (("vis", b), ("inf", a)):
            x = leaky_relu(net.conv(image, f"{source}_conv.conv"), 0.2)
            maps.append(_dense(net, _dense(net, x, f"{source}_rgbd1"), f"{source}_rgbd2"))
        x = torch.cat(maps, dim=1)
        for i in (4, 3, 2):
            x = leaky_relu(net.conv(x, f"decode{i}.conv"), 0.2)
        return torch.tanh(net.conv(x, "decode1.conv")) / 2 + 0.5


def _dense(net: Layers, x: Tensor, name: str) -> Tensor:
    """Apply a dense block, with the gradients of its input beside it."""
    import torch
    from torch.nn.functional import leaky_relu

    maps = [x]
    for i in (1, 2):
        maps.append(leaky_relu(net.conv(torch.cat(maps, dim=1), f"{name}.dense.conv{i}.conv"), 0.2))
    across, down = (net.conv(x, f"{name}.sobelconv.conv{axis}", groups=x.shape[1]).abs() for axis in "xy")
    gradients = net.conv(across + down, f"{name}.convup.conv")
    return leaky_relu(net.conv(torch.cat(maps, dim=1), f"{name}.convdown.conv") + gradients, 0.1)
