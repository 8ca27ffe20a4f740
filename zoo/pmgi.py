"""PMGI with its authors' weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..methods.method import Quantise
from ..methods.verified import Verified
from ._network import Network, Shapes, from_tensorflow, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

WEIGHTS = (
    published(
        "pmgi", "the network of the authors of PMGI, as it is in VIF-Benchmark",
        "Linfeng-Tang/VIF-Benchmark@23f2e51fc1b084310d998999222ce02dc364b6eb",
        ("Checkpoint/PMGI/PMGI.index", "043868b3410d237300f80d1d023192f01bd5fd3d7360c2832ffdeb90c01939ea"),
        ("Checkpoint/PMGI/PMGI.data-00000-of-00001",
         "005d29cd3fdbf3805369a8372ce3fb15190905db6aed7dee661880776b8cfccf"),
        licence="MIT, by VIF-Benchmark", note="; a TensorFlow checkpoint, read without TensorFlow",
    ),
)  # fmt: skip
_LAYERS = {"1": (5, 3), "2": (3, 16), "2_3": (1, 32), "3": (3, 48), "3_4": (1, 32), "4": (3, 64)}  # side, inputs
_BRANCHES = ("", "_vi")


def _shapes() -> Shapes:
    layers = {f"{n}{branch}": (side, side, inputs, 16) for n, (side, inputs) in _LAYERS.items() for branch in _BRANCHES}
    layers["5"] = (1, 1, 128, 1)
    return {f"fusion_model/layer{n}/w{n}": shape for n, shape in layers.items()} | {
        f"fusion_model/layer{n}/b{n}": shape[-1:] for n, shape in layers.items()
    }


class PMGI(Network):
    """Two paths, of intensity and of gradients, that exchange what they have found.

    The infrared image is `a`. As in the script that made the images that circulate, maps are normalised by their own
    mean and variance, so parts of an image cannot be fused alone.

    Parameters
    ----------
    weights : "pmgi", the authors', or a file.
    """

    name = "pmgi"
    title = "PMGI"
    reference = (
        "Zhang, Xu, Xiao, Guo, Ma (2020): Rethinking the Image Fusion: A Fast Unified Image Fusion Network based on "
        "Proportional Maintenance of Gradient and Intensity, Proceedings of AAAI 2020, 34(07), 12797-12804, "
        "https://doi.org/10.1609/aaai.v34i07.6975"
    )
    venue = "AAAI"
    quantise: Quantise = "minmax"
    verified = Verified(
        3,
        3,
        "TNO",
        differing=37,
        values=259_936,
        note="05, 09, 11, 12 and 41 of TNO are known to come out up to 3 levels away; nobody has found out why.",
    )
    shapes = _shapes()

    def __init__(self, weights: str = "pmgi") -> None:
        super().__init__(weights)

    def prepare(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Bring TensorFlow's kernels to PyTorch's axes."""
        return from_tensorflow(tensors, "w", "b")

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse infrared `a` and visible `b`; see `Network.forward`."""
        import torch

        ir, vi = 2 * a - 1, 2 * b - 1
        paths = [[_layer(net, [ir, ir, vi], "1")], [_layer(net, [vi, vi, ir], "1_vi")]]
        exchanged: list[list[Tensor]] = [[], []]
        for i in (2, 3, 4):
            for path, new, branch in zip(paths, exchanged, _BRANCHES, strict=True):
                path.append(_layer(net, [*path, *new], f"{i}{branch}"))
            newest = [path[-1] for path in paths]
            exchanged = [[_layer(net, newest, f"{i}_{i + 1}{branch}")] for branch in _BRANCHES] if i < 4 else exchanged
        maps = [maps for pair in zip(*paths, strict=True) for maps in pair]
        return net.conv(torch.cat(maps, dim=1), "fusion_model/layer5").tanh() / 2 + 0.5


def _layer(net: Layers, maps: list[Tensor], name: str) -> Tensor:
    """Convolve, normalise by the statistics of the image itself, and let a fifth of what is negative through."""
    import torch
    from torch.nn.functional import instance_norm, leaky_relu

    return leaky_relu(instance_norm(net.conv(torch.cat(maps, dim=1), f"fusion_model/layer{name}")), 0.2)
