"""IFCNN with its authors' weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..datasets.pair import Pair
from ..devices.transfer import place_of
from ..methods.colour import is_colour
from ..methods.method import Gray, Image
from ..methods.quantise import quantise
from ..methods.verified import Verified
from ._network import Network, kernel, norm, published

if TYPE_CHECKING:
    from torch import Tensor

    from ..methods.graph import Graph
    from ._layers import Layers

_HASHES = {
    "max": "6022b44c88a2f0367ba9b08fcdf0d663745d9a966fca0ee1f41867797b6ff53f",
    "mean": "fd2ee9361f1d428fc9749e28e8a2c5c5ef6ce6528ab6f5ad8ef5def42e7ffa4b",
    "sum": "a8c1d293f1bf16a93e6244a4bf8f7a7bd300dc10555c8597ad7ef3320b0410cb",
}
WEIGHTS = tuple(
    published(
        f"ifcnn-{rule}", "the authors of IFCNN", "uzeful/IFCNN@8fe59c2b1553e52acc793986208ca479d134a8da",
        (f"Code/snapshots/IFCNN-{rule.upper()}.pth", digest), method="ifcnn",
    )
    for rule, digest in _HASHES.items()
)  # fmt: skip
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's channels
_CUT = "Fused channels are cut to 8 bit without rounding (channels=truncate), which darkens by half a level on average."
_EQUALISED = "The contrast of each fused image is equalised in tiles (steps=exposure), which raises EN, SD, SF and AG."


class IFCNN(Network):
    """One small network for all tasks, whose features are merged by their maximum, their sum or their mean.

    It sees colour: sources that all have colour are fused in colour, any others as gray images of three equal channels,
    whose three fused channels the authors cut to 8 bit and turn to gray. It fuses any number of sources at once.

    Parameters
    ----------
    fusion : "max", "sum" or "mean" of the features; each has weights of its own.
    normalise : "imagenet", as in the published images of the paper; "none", as the released script does for infrared
        and medical images.
    weights : "official", the authors' for this fusion, or a file.
    channels : "truncate", each of the three fused channels cut to 8 bit, as the authors do; "exact" leaves them to
        `quantise`.
    steps : "plain"; or "exposure", what the released script does with exposures, where its images have fusion=mean and
        normalise=none: luminance is fused, brought to 16..235 and its contrast equalised, and chroma is mixed.
    """

    name = "ifcnn"
    title = "IFCNN"
    reference = (
        "Zhang, Liu, Sun, Yan, Zhao, Zhang (2020): IFCNN: A general image fusion framework based on convolutional "
        "neural network, Information Fusion 54, 99-118, https://doi.org/10.1016/j.inffus.2019.07.011"
    )
    venue = "Information Fusion"
    any_number = True
    alone = True
    margin = 5  # 7x7, and two layers of 3x3
    verified = Verified(
        8,
        8,
        "published",
        differing=53,
        values=2_047_280,
        note="The paper's images that are called MEAN are not given again by the published MEAN weights: they are 17 "
        "to 57 levels away.",
    )
    shapes = (
        kernel("conv1", 64, 3, 7, bias=False)
        | kernel("conv2.conv", 64, 64, 3, bias=False)
        | norm("conv2.bn", 64)
        | kernel("conv3.conv", 64, 64, 3, bias=False)
        | norm("conv3.bn", 64)
        | kernel("conv4", 3, 64, 1)
    )

    def __init__(
        self, fusion: Literal["max", "sum", "mean"] = "max", normalise: Literal["imagenet", "none"] = "imagenet",
        weights: str = "official", channels: Literal["truncate", "exact"] = "truncate",
        steps: Literal["plain", "exposure"] = "plain",
    ) -> None:  # fmt: skip
        super().__init__(weights)
        self.fusion, self.normalise, self.channels, self.steps = fusion, normalise, channels, steps

    def weights_of(self, task: str) -> str:
        """Name the weights of the chosen fusion."""
        return f"ifcnn-{self.fusion}" if self.weights == "official" else self.weights

    @property
    def remarks(self) -> Sequence[str]:
        """Say that channels are truncated, or contrast equalised; see `Method.remarks`."""
        equalised = [_EQUALISED] if self.steps == "exposure" else []
        return [_CUT, *equalised] if self.channels == "truncate" else equalised

    def fuse_images(self, a: Image, b: Image, pair: Pair, *further: Image) -> Image | None:
        """Fuse colour images in colour, and by the steps for exposures any; see `Method.fuse_images`."""
        images = (a, b, *further)
        if self.steps == "exposure":
            return self._fuse_exposures(images, pair)
        if not all(is_colour(image) for image in images):
            return None
        fused = self.fuse_colours([np.moveaxis(x, -1, 0)[None].astype(np.float32) / 255 for x in images], pair.task)
        return self._cut(np.moveaxis(fused[0], 0, -1))

    def _fuse_exposures(self, images: Sequence[Image], pair: Pair) -> Image:
        """Fuse luminance and equalise its contrast, mix chroma, and put both together, RGB (H, W, 3) uint8.

        The script's YCbCr is Pillow's, of 8 bit; its chroma is added up in float32, in the order of the exposures.
        """
        import cv2
        from PIL import Image as Pillow

        parts = [np.asarray(Pillow.fromarray(image).convert("RGB").convert("YCbCr")) for image in images]
        a, b, *further = (part[None, None, ..., 0] / np.float32(255) for part in parts)
        level = quantise(self.fuse(a, b, *further, pairs=(pair,))[0, 0], "round") / 255
        squeezed = (235 * level + 16 * (1 - level)).astype(np.uint8)
        gray = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(squeezed)
        chromas = [part[..., 1:].astype(np.float32) for part in parts]
        weights = [np.abs(chroma - 128) for chroma in chromas]
        total = reduce(np.add, weights)
        shares = (chroma * weight / np.maximum(total, 1) for chroma, weight in zip(chromas, weights, strict=True))
        blue, red = np.moveaxis(np.where(total > 0, reduce(np.add, shares), 128).astype(np.uint8), -1, 0)
        return np.asarray(cv2.cvtColor(np.stack([gray, red, blue], axis=-1), cv2.COLOR_YCrCb2RGB))

    def forward(self, net: Layers, a: Tensor, b: Tensor, *further: Tensor) -> Tensor:
        """Fuse gray sources; see `Network.forward`."""
        import cv2
        import torch

        rgb = self._fuse(net, *(x.expand(-1, 3, -1, -1) for x in (a, b, *further)))
        image = self._cut(np.moveaxis(place_of(self.device).get(rgb)[0], 0, -1))
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return torch.from_numpy(gray / np.float32(255 if image.dtype == np.uint8 else 1))[None, None]

    def graph(self, task: str) -> Graph:
        """Give the network, which is one of colour; truncation to 8 bit is left outside."""
        from ..methods.graph import Graph

        net = self.network(task)
        return Graph(net, partial(self._fuse, net), channels=3)

    def fuse_colours(self, sources: list[Gray], task: str = "IVF") -> Gray:
        """Fuse two or more RGB sources, (1, 3, H, W) float32 in [0, 1] each, to one, in about [0, 1]."""
        return self.in_tiles(partial(self._fuse, self.network(task)), sources)

    def _fuse(self, net: Layers, *sources: Tensor) -> Tensor:
        import torch

        known = self.normalise == "imagenet"
        mean, deviation = (
            torch.tensor(values if known else neutral, device=sources[0].device).view(1, 3, 1, 1)
            for values, neutral in ((_MEAN, (0.0,) * 3), (_DEVIATION, (1.0,) * 3))
        )
        x = _merge((_features(net, (source - mean) / deviation) for source in sources), self.fusion)
        x = net.norm(net.conv(x, "conv3.conv", "replicate"), "conv3.bn").relu()
        return net.conv(x, "conv4") * deviation + mean

    def _cut(self, rgb: Any) -> Any:
        """Cut channels to 8 bit, as the authors do before anything else."""
        return quantise(rgb, "truncate") if self.channels == "truncate" else rgb


def _features(net: Layers, x: Tensor) -> Tensor:
    x = net.conv(net.conv(x, "conv1", "replicate"), "conv2.conv", "replicate")
    return net.norm(x, "conv2.bn").relu()


def _merge(features: Iterable[Tensor], rule: str) -> Tensor:
    """Merge the features of all sources, one source after another, so that two sets of maps are held at a time."""
    import torch

    remaining = iter(features)
    merged, count = next(remaining), 1
    for other in remaining:
        merged = torch.maximum(merged, other) if rule == "max" else merged + other
        count += 1
    return merged / count if rule == "mean" else merged
