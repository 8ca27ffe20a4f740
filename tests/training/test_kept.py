"""What of a run is kept beside its losses: weights of which epochs, in which format, and the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from fusionbench.errors import InputError
from fusionbench.training import resume, train
from fusionbench.training.options import TrainOptions
from fusionbench.weights import describe
from fusionbench.weights.files import load_state


def names(folder: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in (folder / "checkpoints").iterdir()}


@pytest.mark.slow
def test_weights_of_every_epoch_for_jittor(small: dict[str, Any]) -> None:
    folder = train(**small | {"epochs": 2, "format": "pkl", "keep": "code"}, name="run")
    assert names(folder) == {
        *("epoch001", "epoch002", "best.safetensors", "ckpt_1.pkl", "ckpt_2.pkl", "best.pkl", "last.pt")
    }
    for ours, theirs in (("epoch001-*", "ckpt_1.pkl"), ("epoch002-*", "ckpt_2.pkl"), ("best.safetensors", "best.pkl")):
        (path,) = (folder / "checkpoints").glob(ours)
        one, other = load_state(path), load_state(folder / "checkpoints" / theirs)
        assert other.format == "Jittor file"
        assert one.tensors.keys() == other.tensors.keys()
        assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
        assert {key: other.metadata[key] for key in one.metadata if key != "format"} == {
            key: value for key, value in one.metadata.items() if key != "format"
        }
    assert describe(folder / "checkpoints/ckpt_2.pkl").method == "u2fusion"
    kept = folder / "code/fusionbench"
    assert {"training/loop.py", "training/recipes/u2fusion/__init__.py", "methods/u2fusion/network.py"} <= {
        path.relative_to(kept).as_posix() for path in kept.rglob("*.py")
    }

    resume(folder, quiet=True, epochs=(3,), checkpoints="best", format="safetensors")
    assert not {"epoch003", "ckpt_3.pkl"} & names(folder)


def test_options_that_are_none() -> None:
    with pytest.raises(InputError, match="did you mean 'every'"):
        TrainOptions(checkpoints="ever")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="--format"):
        TrainOptions(format="pth")  # type: ignore[arg-type]
