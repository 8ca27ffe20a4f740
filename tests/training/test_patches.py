"""What is cut out of pairs, and pairs that are made of photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from fusionbench.training.patches import Patches, TrainingPair, mirrored
from fusionbench.training.sources import foci


def test_multi_focus_pairs_are_sharp_in_turn() -> None:

    photo = np.random.default_rng(0).integers(0, 256, (120, 120)).astype(np.uint8)
    a, b = foci(photo, np.random.default_rng(4))
    exact = np.maximum(a == photo, b == photo)
    assert (a == photo).mean() > 0.25
    assert (b == photo).mean() > 0.25
    assert exact.mean() > 0.75  # all but the seam between the planes


def test_patches_are_a_function_of_seed_and_place() -> None:
    image = np.arange(60 * 70, dtype=np.uint32).astype(np.uint8).reshape(60, 70)

    def patches(**options: Any) -> Patches:
        pair = TrainingPair("a", "IVF", lambda rng: (image, image), number=5)
        return Patches([pair], size=16, count=3, **{"seed": 0, **options})

    fresh = patches()
    first = [fresh[i]["first"] for i in range(3)]
    assert not torch.equal(first[0], first[1])
    assert torch.equal(first[2], patches()[2]["first"])
    fresh.epoch = 1
    assert not torch.equal(first[0], fresh[0]["first"])
    assert not torch.equal(first[0], patches(seed=1)[0]["first"])
    fixed = patches(fixed=True)
    before = fixed[0]["first"]
    fixed.epoch = 7
    assert torch.equal(before, fixed[0]["first"])


def test_the_eight_orientations_differ() -> None:
    plane = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert len({mirrored(plane, turn).tobytes() for turn in range(8)}) == 8
    assert np.array_equal(mirrored(plane, 0), plane)
