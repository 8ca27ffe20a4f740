"""How much information each source holds: the weights that U2Fusion trains with.

A source is worth what the gradients of its VGG-16 features weigh; a softmax over the two sources makes shares of it.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
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
_RECORD = struct.Struct("<16sf")


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

    def from_energies(self, energies: Tensor, tasks: Sequence[str]) -> Tensor:
        """Make shares of energies (N, 2) by the tasks of the pairs: each row is positive with sum 1."""
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


class EnergyStore:
    """Energies of fixed patches, computed once and kept: VGG-16 costs more than all the rest of a training step.

    The file holds records: the digest of a patch, and its energy.

    Records are only ever appended, each in one write, so that several processes may share the file. Each energy is
    computed from its patch alone: it does not depend on what else was in the batch.

    Parameters
    ----------
    path : the file; made at the first energy that is kept.
    compute : energies (N,) of patches (N, 1, H, W).
    mirrored : let one of a patch's eight mirror images and rotations stand for all of them.
    """

    def __init__(self, path: Path, compute: Callable[[Tensor], Tensor], mirrored: bool = False) -> None:
        self.path, self.compute, self.mirrored = path, compute, mirrored
        self.known: dict[bytes, float] = {}
        if path.is_file():
            data = path.read_bytes()
            whole = len(data) - len(data) % _RECORD.size
            if whole < len(data):  # a write was cut short
                os.truncate(path, whole)
            self.known = dict(_RECORD.iter_unpack(data[:whole]))

    def __call__(self, patches: Tensor) -> Tensor:
        """Return the energies (N,) of patches (N, 1, H, W), on their device."""
        return torch.tensor([self._energy(patch) for patch in patches], device=patches.device)

    def _energy(self, patch: Tensor) -> float:
        plane = (patch.detach().cpu()[0] * 255).round().to(torch.uint8)
        key, plane = min((digest(image), n, image) for n, image in enumerate(_images(plane, self.mirrored)))[::2]
        if key not in self.known:
            energy = float(self.compute((plane.to(patch.device).float() / 255)[None, None])[0])
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                file.write(_RECORD.pack(key, energy))
            self.known[key] = _RECORD.unpack(_RECORD.pack(key, energy))[1]
        return self.known[key]


def digest(plane: Tensor) -> bytes:
    """Return 16 bytes that stand for a plane of 8 bit."""
    return hashlib.blake2b(plane.contiguous().numpy().tobytes(), digest_size=16).digest()


def _images(plane: Tensor, mirrored: bool) -> list[Tensor]:
    if not mirrored:
        return [plane]
    images = [plane, plane.flip(0), plane.flip(1), plane.flip(0, 1)]
    return images + [image.T for image in images]
