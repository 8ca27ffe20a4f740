"""What goes over the pipes between this process and the one that Jittor lives in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Arrays = dict[str, Array]
Pair = tuple[Array, Array, Array]  # both images (H, W) in [0, 1], text (L, 768)


@dataclass(frozen=True)
class Config:
    """What a model computes.

    Attributes
    ----------
    grid : the working grid.
    mathematics : "torch", or "native" for Jittor's own.
    gradient_weight, ssim_weight, signed : of the loss, see `methods.film.loss.fusion_losses`.
    """

    grid: tuple[int, int]
    mathematics: str = "torch"
    gradient_weight: float = 20.0
    ssim_weight: float = 0.0
    signed: bool = False


def groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Put the numbers of pairs of one size together."""
    found: dict[tuple[int, ...], list[int]] = {}
    for i, pair in enumerate(pairs):
        found.setdefault(pair[0].shape, []).append(i)
    return list(found.values())


@dataclass(frozen=True)
class Took:
    """What something took in the worker, in seconds.

    Attributes
    ----------
    wall : by the clock.
    cpu : of the process, over all threads.
    compiling : CPU seconds of the compilers that it started; 0 once everything is compiled.
    """

    wall: float
    cpu: float
    compiling: float


@dataclass(frozen=True)
class Hello:
    """What the worker is, once it is up.

    Attributes
    ----------
    version : of Jittor.
    onednn : whether it computes with oneDNN.
    device : on which it computes, "cpu" or "cuda".
    threads : of OpenMP.
    sound : whether arrays come through as they are.
    took : for the start.
    """

    version: str
    numpy: str
    python: str
    onednn: bool
    device: str
    threads: int
    sound: bool
    took: Took


@dataclass(frozen=True)
class Request:
    """A call: the number of a model, a method of it ("make" makes it, "drop" forgets it), and arguments."""

    model: int
    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a call returned, and took; `error` says what went wrong."""

    value: Any
    took: Took
    error: str | None = None
