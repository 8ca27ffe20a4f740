"""The convolutional part of VGG-16, as a feature extractor.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
https://doi.org/10.48550/arXiv.1409.1556.

Two sets of weights are in use, and their features differ in scale. The Caffe release (also in Keras, and as
`vgg16.npy`) takes blue, green, red in 0..255 less a mean; torchvision's takes red, green, blue in [0, 1], normalised.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....errors import InputError
from ....weights.fetch import fetch, locate
from ....weights.files import load_state
from ....weights.search import Unfit, check_values, find, several

Release = Literal["caffe", "torchvision"]

# Layers of torchvision's `features`, in blocks; a 2x2 maximum stands between the blocks.
BLOCKS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
WIDTHS = (64, 128, 256, 512, 512)

_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red
_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # red, green, blue


class VGG16(nn.Module):
    """Five feature maps of a gray image: the last of each block, after its ReLU and before the pooling.

    Parameters
    ----------
    release : whose weights these are; it says how the input is scaled.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, release: Release = "caffe") -> None:
        super().__init__()
        self.release = release
        inputs = 3
        for numbers, width in zip(BLOCKS, WIDTHS, strict=True):
            for number in numbers:
                # Weights are always loaded; drawing 15 million random numbers first would only cost time.
                layer = nn.utils.skip_init(nn.Conv2d, inputs, width, kernel_size=3, padding=1)
                self.add_module(f"features_{number}", layer)
                inputs = width
        mean = torch.tensor(_CAFFE_MEAN) / 255 if release == "caffe" else torch.tensor(_TORCH_MEAN)
        scale = torch.full((3,), 255.0) if release == "caffe" else 1 / torch.tensor(_TORCH_STD)
        self.register_buffer("mean", mean.reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", scale.reshape(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def forward(self, gray: Tensor, centred: bool = True) -> list[Tensor]:
        """Compute the features.

        Parameters
        ----------
        gray : (N, 1, H, W) in [0, 1], H and W at least 16.
        centred : subtract the mean of ImageNet. Without, the input is only scaled to the weights' unit.

        Returns
        -------
        Five maps (N, C, H / 2^i, W / 2^i) with 64, 128, 256, 512 and 512 channels.
        """
        x = ((gray - self.mean) if centred else gray.expand(-1, 3, -1, -1)) * self.scale
        maps = []
        for i, numbers in enumerate(BLOCKS):
            x = functional.max_pool2d(x, 2) if i else x
            for number in numbers:
                x = functional.relu_(self.get_submodule(f"features_{number}")(x))
            maps.append(x)
        return maps


def load_vgg(path: str | Path | None = None, release: Release | None = None) -> VGG16:
    """Load VGG-16.

    Parameters
    ----------
    path : a file with tensors `features.N.weight` and `features.N.bias` (a classifier beside them is ignored); by
        default torchvision's published file, downloaded at first use and verified by the hash in its name.
    release : whose weights they are; by default known from the file: torchvision's has a classifier, or says so in its
        name, and what else takes the input of Caffe.

    Raises
    ------
    InputError
        The file is missing, unsafe, or not VGG-16.
    RunError
        The download failed.
    """
    path = Path(path) if path else locate("vgg16-torchvision") or fetch("vgg16-torchvision")
    state = load_state(path)
    if release is None:
        complete = any(name.endswith("classifier.0.weight") for name in state.tensors)
        release = "torchvision" if complete or path.name.startswith("vgg16-") else "caffe"
    network = VGG16(release)
    wanted = {name.replace("features_", "features."): name for name in network.state_dict()}
    own = network.state_dict()
    try:
        found = find(state, {"": {name: tuple(own[mine].shape) for name, mine in wanted.items()}}, alone=False)
    except Unfit as unfit:
        raise InputError(f"{path} is not VGG-16: {_explained(unfit)}") from unfit
    if problem := check_values(found.tensors):
        raise InputError(f"the weights {path} are of no use: {problem}")
    network.load_state_dict({mine: found.tensors[name].float() for name, mine in wanted.items()})
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _explained(unfit: Unfit) -> str:
    if unfit.keys:
        return several(unfit.keys)
    if unfit.missing:
        return f"the tensor {unfit.missing[0]} is missing"
    name, shape, wanted = unfit.shapes[0]
    return f"{name} is {shape}, not {wanted}"
