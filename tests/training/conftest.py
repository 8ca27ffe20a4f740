"""A file of VGG-16 weights and the options of a short run; PyTorch is imported when one is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of VGG-16 weights of the usual size, at random."""
    from fusionbench.weights import save_state

    from .runs import random_vgg

    path = tmp_path_factory.mktemp("vgg") / "vgg16-random.safetensors"
    save_state(path, {name: tensor.half() for name, tensor in random_vgg(0).items()})
    return path


@pytest.fixture
def small(tmp_path: Path, vgg: Path) -> dict[str, Any]:
    """Options of a run of a few seconds: 6 pairs to learn from, 2 held out, 3 batches in an epoch."""
    from .runs import make_pairs

    return {
        "dataset": str(make_pairs(tmp_path / "pairs")), "recipe": "port", "batch_size": 2, "patch": 16, "epochs": 3,
        "validation": 0.25, "vgg": str(vgg), "device": "cpu", "out": str(tmp_path / "runs"), "quiet": True,
        "save_every": 2,
    }  # fmt: skip
