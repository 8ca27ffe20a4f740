"""SDNet with its authors' weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..datasets.images import probe
from ..datasets.pair import Pair, Source
from ..methods.colour import is_colour
from ..methods.method import Gray, Image, Quantise
from ..methods.verified import Verified
from ._network import Network, Shapes, from_tensorflow, published

if TYPE_CHECKING:
    from torch import Tensor

    from ._layers import Layers

_FILES = {
    "IVF": (
        "IR_VIS/checkpoint/IRVIS.model-10",
        "bed2d4628732a36bc972de1189c4e139d8bc233077da20156e8e662a17df35aa",
        "17e4426453f09f3dae7887244f48eed54550bdd584792ac284597ee3713293a0",
    ),
    "MIF": (
        "Medical/checkpoint/Medical.model-29",
        "e7e22f1195e6b624f38ba886c36a734be183a0399282c1ee6e9582db15ffa969",
        "062d217c7eca5cf910d11115a40347927d7a7b2e6c034a7a76b6149defd97898",
    ),
    "MEF": (
        "Multi_exposure/checkpoint/MEF.model-11",
        "93054dfad619624e602abbc49eecc85d4d33794d2444296cfec0ff698320ae68",
        "81fe45422b083a002a842c728f9fa1cf14b32a80e82f120a4e97a1006bfc4e6f",
    ),
    "MFF": (
        "Multi_focus/checkpoint/MFF.model-19",
        "e0047d1b76f501e8730ba8b98ac3d3736d940c3961f2549dbec8f1cccaa39d72",
        "1d568798216d6b22ad4e019e70717b950ebf79682a813acc9846c86e8c4e10f0",
    ),
}
WEIGHTS = tuple(
    published(
        f"sdnet-{task.lower()}", f"the authors of SDNet, for {task}",
        "HaoZhang1018/SDNet@5ecb74410ef14154c43d7cd37b63a48a4459eebf",
        (f"{path}.index", index), (f"{path}.data-00000-of-00001", data),
        licence="MIT", method="sdnet", note="; a TensorFlow checkpoint, read without TensorFlow",
    )
    for task, (path, index, data) in _FILES.items()
)  # fmt: skip

_LAYERS = ((1, 5, 1), (2, 3, 16), (3, 3, 32), (4, 3, 48))  # number, side of the kernel, inputs


def _shapes() -> Shapes:
    shapes: Shapes = {}
    layers = [(i, branch, side, inputs, 16) for branch in ("ir", "vi") for i, side, inputs in _LAYERS]
    for i, branch, side, inputs, out in [*layers, (5, "fuse", 1, 128, 1)]:
        folder = f"fusion_model/layer{i}_{branch}"
        shapes |= {f"{folder}/w{i}_{branch}": (side, side, inputs, out), f"{folder}/b{i}_{branch}": (out,)}
    return shapes


class SDNet(Network):
    """Two dense branches, trained so that the sources can be made from the fused image again.

    Parameters
    ----------
    weights : "official", the authors' for the task of each pair, or a file.
    order : which source goes into the first branch. "official": infrared before visible, PET or SPECT before MRI,
        underexposed before overexposed, near before far focus.
    """

    name = "sdnet"
    title = "SDNet"
    reference = (
        "Zhang, Ma (2021): SDNet: A Versatile Squeeze-and-Decomposition Network for Real-Time Image Fusion, "
        "International Journal of Computer Vision 129, 2761-2785, https://doi.org/10.1007/s11263-021-01501-8"
    )
    venue = "International Journal of Computer Vision"
    quantise: Quantise = "minmax"
    margin = 5  # 5x5, and three layers of 3x3
    verified = Verified(
        3,
        3,
        "TNO",
        differing=3,
        values=222_336,
        note="Nothing published was at hand to compare for medical, exposure and focus pairs.",
    )
    shapes = _shapes()

    def __init__(self, weights: str = "official", order: Literal["official", "ab", "ba"] = "official") -> None:
        super().__init__(weights)
        self.order = order

    def weights_of(self, task: str) -> str:
        """Name the weights of a task."""
        return f"sdnet-{task.lower()}" if self.weights == "official" else self.weights

    def swaps(self, task: str) -> bool:
        """Whether b goes into the first branch: in this package's data sets a is MRI, and overexposed."""
        return task in ("MIF", "MEF") if self.order == "official" else self.order == "ba"

    def prepare(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Bring TensorFlow's kernels to PyTorch's axes."""
        return from_tensorflow(tensors, "w", "b")

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image | None:
        """Fuse gray images, read as the authors do; see `Method.fuse_images`."""
        if is_colour(a) or is_colour(b):
            return None
        fused: Image = self.fuse(_as_read(a, pair.a), _as_read(b, pair.b), pairs=(pair,))[0, 0]
        return fused

    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse; see `Network.forward`."""
        import torch
        from torch.nn.functional import leaky_relu

        maps: dict[str, list[Tensor]] = {"ir": [2 * a - 1], "vi": [2 * b - 1]}
        for i in range(1, 5):
            for branch, known in maps.items():
                x = torch.cat(known[min(1, i - 1) :], dim=1)
                known.append(leaky_relu(net.conv(x, f"fusion_model/layer{i}_{branch}"), 0.2))
        pairs = zip(maps["ir"][1:], maps["vi"][1:], strict=True)
        x = torch.cat([maps for pair in pairs for maps in pair], dim=1)
        return net.conv(x, "fusion_model/layer5_fuse").tanh() / 2 + 0.5


def _as_read(image: Image, source: Source) -> Gray:
    """Read a gray image as old SciPy did, (1, 1, H, W) in [0, 1].

    What is stored as three equal channels went through Pillow's integer tables to YCbCr and back, by which 22 of the
    levels become one less.
    """
    from PIL import Image as Pillow

    if image.ndim == 2 and isinstance(source, Path) and probe(source).channels >= 3:
        image = np.repeat(image[..., None], 3, axis=-1)
    if image.ndim == 3:
        image = np.asarray(Pillow.fromarray(image).convert("YCbCr").convert("RGB").convert("F"))
    return image.astype(np.float32)[None, None] / np.float32(255)
