"""How much information each source holds: the weights that U2Fusion trains with.

A source is worth what the gradients of its VGG-16 features weigh; a softmax over the two sources makes shares of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from .vgg import VGG16

Convention = Literal["official", "port"]
SIDE = 224
OFFICIAL = {"IVF": 3200.0, "MIF": 3200.0, "MEF": 3500.0, "MFF": 100.0}
PORT = 35.0
# Mean energy of the reference patches (see `reference_patches`) with the Caffe weights, as the official convention
# takes them. The official temperatures belong to features of that scale.
REFERENCE_ENERGY = 6721.76


class InformationWeights:
    """The information preservation degrees of pairs of patches.

    Parameters
    ----------
    vgg : the feature extractor.
    convention : "official" resizes a patch to 224x224 by nearest neighbours, subtracts ImageNet's mean, and has a
        temperature for each task. "port" takes the patch as it is, without a mean, and has one temperature.

    Notes
    -----
    A temperature belongs to the scale of the features: the official ones to the Caffe weights, the port's to
    torchvision's. With the other release the official temperature is taken, times the ratio of the energies that the
    two find in a reference photograph.
    """

    def __init__(self, vgg: VGG16, convention: Convention = "official") -> None:
        self.vgg, self.convention = vgg, convention

    def __call__(self, first: Tensor, second: Tensor, tasks: Sequence[str]) -> Tensor:
        """Weigh pairs.

        Parameters
        ----------
        first, second : (N, 1, H, W) in [0, 1].
        tasks : of each pair: "IVF", "MIF", "MEF" or "MFF".

        Returns
        -------
        (N, 2), each row positive with sum 1; no gradient flows through it.
        """
        energies = torch.stack([self.energy(first), self.energy(second)], dim=1)
        return self.from_energies(energies, tasks)

    def from_energies(self, energies: Tensor, tasks: Sequence[str]) -> Tensor:
        """Make shares of energies (N, 2)."""
        temperatures = torch.tensor([self.temperature(task) for task in tasks], device=energies.device)
        return torch.softmax(energies / temperatures[:, None], dim=1)

    @torch.no_grad()
    def energy(self, patches: Tensor) -> Tensor:
        """Return the mean energy of the feature gradients over the five levels, (N,)."""
        if self.convention == "official":
            patches = functional.interpolate(patches, size=(SIDE, SIDE), mode="nearest")
        maps = self.vgg(patches.contiguous(memory_format=torch.channels_last), centred=self.convention == "official")
        return torch.stack([gradient_energy(level) for level in maps]).mean(dim=0)

    def temperature(self, task: str) -> float:
        """Return the softmax's temperature for this task, convention and release of the weights."""
        if self.convention == "port" and self.vgg.release == "torchvision":
            return PORT
        if self.convention == "official" and self.vgg.release == "caffe":
            return OFFICIAL[task]
        return OFFICIAL[task] * self._relative_scale

    @cached_property
    def _relative_scale(self) -> float:
        device = next(self.vgg.parameters()).device
        return float(self.energy(reference_patches().to(device)).mean()) / REFERENCE_ENERGY


def gradient_energy(maps: Tensor) -> Tensor:
    """Return the mean over channels and pixels of the squared response to a Laplacian, (N, C, H, W) to (N,).

    The filter is 1/8 at the eight neighbours and -1 at the centre; borders are zero.
    """
    channels = maps.shape[1]
    kernel = torch.full((channels, 1, 3, 3), 1 / 8, dtype=maps.dtype, device=maps.device)
    kernel[:, :, 1, 1] = -1
    response = functional.conv2d(maps, kernel, padding=1, groups=channels)
    return response.square().mean(dim=(1, 2, 3))


def reference_patches() -> Tensor:
    """Return eight 64x64 patches of a photograph that scikit-image ships, (8, 1, 64, 64) in [0, 1]."""
    from skimage.data import camera

    image = torch.from_numpy(camera()).float() / 255
    return torch.stack([image[y : y + 64, y : y + 64] for y in range(0, 512, 64)])[:, None]
