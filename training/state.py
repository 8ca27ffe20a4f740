"""What a run is resumed from, and the weights that it leaves behind."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..errors import FusionBenchError, InputError
from ..files import write_bytes
from ..weights.files import save_state
from ..weights.jittor import write_jittor
from .recipe import Recipe

LAST = "last.pt"
FOLDER = "checkpoints"
BEST = "best.safetensors"


@dataclass
class Progress:
    """Where a run is.

    Attributes
    ----------
    stage, epoch, batch : next to be done: number of the stage, epoch in it, batch in that.
    step, epochs : done so far, over all stages.
    sums : of each loss over the batches of the running epoch.
    best : smallest loss of an epoch in this stage.
    prepared : whether the stage's preparation has been done.
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    epochs: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float = float("inf")
    prepared: bool = False


def save_run(folder: Path, progress: Progress, recipe: Recipe, optimiser: Any, schedule: Any) -> None:
    """Write all that a resumed run needs, in one file that appears at once: its parts always fit together."""
    buffer = io.BytesIO()
    content = {
        "progress": asdict(progress),
        "network": recipe.network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict() if schedule is not None else None,
        "memory": recipe.memory(),
        "lr": recipe.lr,
    }
    torch.save(content, buffer)
    write_bytes(folder / FOLDER / LAST, buffer.getvalue())


def load_run(folder: Path) -> dict[str, Any] | None:
    """Read what `save_run` wrote; None where the run had not come so far.

    Raises
    ------
    InputError
        The file is damaged.
    """
    path = folder / FOLDER / LAST
    if not path.exists():
        return None
    with taking_over(folder):
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        content["progress"] = progress = Progress(**content["progress"])
        for name, value in asdict(progress).items():
            if type(value) is not type(getattr(Progress(), name)) or (isinstance(value, int) and value < 0):
                raise ValueError(name)
        return content


@contextmanager
def taking_over(folder: Path) -> Iterator[None]:
    """Say of what `load_run` read that it cannot be gone on from, where a part of it does not fit."""
    try:
        yield
    except FusionBenchError:
        raise
    except Exception as error:  # of damaged bytes, and of parts of another run, every library has errors of its own
        raise InputError(
            f"cannot go on from {folder / FOLDER / LAST}: the file is damaged, or of another run; start a new run"
        ) from error


def save_weights(
    folder: Path, recipe: Recipe, progress: Progress, loss: float, best: bool, *, every: bool = True, pkl: bool = False
) -> None:
    """Write the weights of an epoch, and again as the best if they are.

    Parameters
    ----------
    every : keep those of each epoch, not only the best.
    pkl : write each also for Jittor, `ckpt_EPOCH.pkl` and `best.pkl`: `jt.load(path)["model"]` gives the arrays.
    """
    tensors, metadata = recipe.weights()
    notes = {**metadata, "recipe": recipe.name, "epoch": str(progress.epochs), "step": str(progress.step),
             "loss": f"{loss:.6g}"}  # fmt: skip
    path = folder / FOLDER / f"epoch{progress.epochs:03d}-loss{loss:.4f}.safetensors"
    numbered = path.with_name(f"ckpt_{progress.epochs}.pkl")
    both = [(path, numbered)] if every else []
    both += [(path.with_name(BEST), path.with_name(BEST).with_suffix(".pkl"))] if best else []
    for ours, theirs in both:
        save_state(ours, tensors, notes)
        if pkl:
            write_jittor(theirs, {name: tensor.float().cpu().numpy() for name, tensor in tensors.items()}, notes)
