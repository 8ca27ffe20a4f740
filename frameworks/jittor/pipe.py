"""What goes over the pipes between this process and the worker, in which Jittor lives."""

from __future__ import annotations

import pickle
import resource
import time
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Arrays = dict[str, Array]
Losses = dict[str, float]
Pair = tuple[Array, Array, Array]  # both images (H, W) in [0, 1], text (L, 768)


@dataclass(frozen=True)
class Config:
    """What a model computes.

    Attributes
    ----------
    grid : the working grid.
    mathematics : "torch", or "native" for Jittor's own.
    gradient_weight, ssim_weight, signed : of the loss, see `training.recipes.film.loss.fusion_losses`.
    """

    grid: tuple[int, int]
    mathematics: str = "torch"
    gradient_weight: float = 20.0
    ssim_weight: float = 0.0
    signed: bool = False


@dataclass(frozen=True)
class Seconds:
    """What a call takes.

    Attributes
    ----------
    wall : seconds by the clock.
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
    numpy : its version there.
    onednn : whether it computes with oneDNN.
    device : on which it computes, "cpu" or "cuda".
    threads : of OpenMP.
    sound : whether arrays come through as they are.
    seconds : of the start.
    """

    version: str
    numpy: str
    onednn: bool
    device: str
    threads: int
    sound: bool
    seconds: Seconds


@dataclass(frozen=True)
class Request:
    """A call: the number of a model, a method of it ("make" makes the model), and arguments."""

    model: int
    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a call returns, and takes; `error` says what went wrong."""

    value: Any
    seconds: Seconds
    error: str | None = None


def send(pipe: IO[bytes], message: object) -> None:
    """Write a message to a pipe."""
    pickle.dump(message, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


class Clock:
    """Measures what something takes, in this process and in the compilers that it starts."""

    def __init__(self) -> None:
        self._start = self._now()

    def read(self) -> Seconds:
        """Return what has been taken since the clock was made."""
        return Seconds(*(now - start for now, start in zip(self._now(), self._start, strict=True)))

    def _now(self) -> tuple[float, float, float]:
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return time.perf_counter(), own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime
