"""MATR with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from ..datasets.pair import Pair
from ..methods.colour import is_colour
from ..methods.method import Gray, Image, Quantise
from ..methods.quantise import quantise
from ..methods.verified import Verified
from ._network import Network, Shapes, norm, published, raster_block

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "matr", "the authors of MATR", "tthinking/MATR@9784909dd5d50ec6eb5200670656f07329bf3136",
        ("models/model_10.pth", "523f6be0ef0330a84c473a7ad2e037a7eb1a98584021c4772dfd317c1c0ddaab"),
    ),
)  # fmt: skip
_BLOCKS = tuple(f"basicLayer.blocks.{i}" for i in range(3))


def _adaptive(name: str, inputs: int) -> Shapes:
    conv = f"{name}.conv1"
    weights = {"weight": (16, inputs, 3, 3), "ce.weight": (5, 9), "ci.weight": (16, inputs)}
    weights |= {"gd.weight": (9, 5), "gd2.weight": (9, 5)}
    shapes = {f"{conv}.{part}": shape for part, shape in weights.items()}
    norms = norm(f"{conv}.ce_bn", inputs) | norm(f"{conv}.ci_bn2", inputs) | norm(f"{conv}.ci_bn", 16)
    return shapes | norms | norm(f"{name}.bn1", 16)


class MATR(Network):
    """Convolutions whose kernels the image itself gates, at three depths, each with a transformer.

    A colour functional image is fused in colour, as the authors do: its luminance gives way to the fused one.

    Parameters
    ----------
    weights : "matr", the authors', or a file.
    order : which source is the functional one (PET, SPECT, fluorescence). "official": b for medical pairs, as this
        package's data sets have it, else a.
    """

    name = "matr"
    title = "MATR"
    reference = (
        "Tang, He, Liu, Duan (2022): MATR: Multimodal Medical Image Fusion via Multiscale Adaptive Transformer, IEEE "
        "Transactions on Image Processing 31, 5134-5149, https://doi.org/10.1109/TIP.2022.3193288"
    )
    venue = "IEEE Transactions on Image Processing"
    tasks = ("MIF",)
    quantise: Quantise = "truncate"
    alone = True  # each pair has kernels of its own
    verified = Verified(
        3,
        3,
        "published",
        differing=10_187,
        values=777_708,
        note="The authors' GPU, it seems, rounded products to ten bits; float64 comes no nearer.",
    )
    shapes = (
        _adaptive("convInput", 2)
        | _adaptive("conv", 16)
        | raster_block(_BLOCKS[0], 16)
        | raster_block(_BLOCKS[1], 16)
        | raster_block(_BLOCKS[2], 16)
        | {"convolutional_out.conv1.weight": (1, 16, 1, 1)}
    )

    def __init__(self, weights: str = "matr", order: Literal["official", "ab", "ba"] = "official") -> None:
        super().__init__(weights)
        self.order = order

    def swaps(self, task: str) -> bool:
        """Whether b is the functional source."""
        return task == "MIF" if self.order == "official" else self.order == "ba"

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image | None:
        """Fuse with a colour functional image in colour; see `Method.fuse_images`."""
        functional, structural = (b, a) if self.swaps(pair.task) else (a, b)
        if not is_colour(functional) or is_colour(structural):
            return None
        rgb = functional.astype(np.float64)
        fused = self.fuse(_as_read(a), _as_read(b), pairs=(pair,))[0, 0]
        gain = quantise(fused, self.quantise) - rgb @ (0.299, 0.587, 0.114)
        image: Image = np.clip(np.rint(rgb + gain[..., None]), 0, 255).astype(np.uint8)
        return image

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse the functional image `a` and the structural `b`; see `Network.forward`."""
        import torch

        from ._layers import raster_blocks

        x, parts = _layer(net, torch.cat([a, b], dim=1), "convInput"), []
        for _ in _BLOCKS:
            x = _layer(net, x, "conv")
            parts.append(_layer(net, raster_blocks(net, x, _BLOCKS), "conv"))
        return net.conv(parts[0] + parts[1] + parts[2], "convolutional_out.conv1").tanh()


def _layer(net: Layers, x: Tensor, name: str) -> Tensor:
    """Convolve (1, C, H, W) with a kernel that its own 3x3 means gate, normalise, and cut below 0."""
    from torch.nn.functional import adaptive_avg_pool2d, conv2d

    conv, inputs = f"{name}.conv1", x.shape[1]
    code = adaptive_avg_pool2d(x, 3).view(1, inputs, 9) @ net[f"{conv}.ce.weight"].T
    of_inputs = net.norm(code, f"{conv}.ce_bn").relu() @ net[f"{conv}.gd.weight"].T
    mixed = net[f"{conv}.ci.weight"] @ net.norm(code, f"{conv}.ci_bn2").relu()
    of_outputs = net.norm(mixed, f"{conv}.ci_bn").relu() @ net[f"{conv}.gd2.weight"].T
    gate = (of_inputs[0][None] + of_outputs[0][:, None]).sigmoid().view(16, inputs, 3, 3)
    return net.norm(conv2d(x, gate * net[f"{conv}.weight"], padding=1), f"{name}.bn1").relu()


def _as_read(image: Image) -> Gray:
    """Read the gray image of a source as Pillow does, (1, 1, H, W) in [0, 1]."""
    from PIL import Image as Pillow

    return np.asarray(Pillow.fromarray(image).convert("L"))[None, None] / np.float32(255)
