"""Energies of fixed patches, computed once and kept: VGG-16 costs more than all the rest of a training step."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

_RECORD = struct.Struct("<16sf")


class EnergyStore:
    """A file of records: the digest of a patch, and its energy.

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
