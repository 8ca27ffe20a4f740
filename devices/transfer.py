"""Between the host and a device: the one place where arrays and networks go there, and fused images come back.

To a CUDA device an array goes through pinned memory on a stream of its own, so that it travels while the device still
computes what another thread has asked for. A result comes back in one copy, however many images are in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

N = TypeVar("N", bound="nn.Module")
R = TypeVar("R")


class Place:
    """The processor, or a device of which nothing more is known than its name.

    Parameters
    ----------
    device : as `Method.device`.

    Attributes
    ----------
    together : whether the images of a batch pass a network at once. On the processor they do so one by one: the maps of
        one stay in its cache, and its bits are those of a pair alone.
    tells : whether `free` and `cost_of` know its memory.
    """

    tells: ClassVar[bool] = False

    def __init__(self, device: str) -> None:
        self.device = device
        self.together = device.partition(":")[0] != "cpu"

    def put(self, array: NDArray[Any], **form: Any) -> Tensor:
        """Copy an array to the device; `form` as of `torch.Tensor.to`. It is never written to, and need not last."""
        import torch

        return torch.from_numpy(np.array(array)).to(self.device, **form)

    def get(self, tensor: Tensor) -> NDArray[Any]:
        """Copy a result to the host, and wait for it; as it is, but float32 where NumPy lacks its kind of fractions."""
        short = tensor.is_floating_point() and tensor.element_size() < 4
        result: NDArray[Any] = (tensor.float() if short else tensor).cpu().numpy()
        return result

    def load(self, network: N, **form: Any) -> N:
        """Bring a network to the device; `form` as of `torch.nn.Module.to`."""
        moved: N = network.to(device=self.device, **form)
        return moved

    def batches(self, kinds: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
        """Say which images pass a network at once: those of one kind where they do so together, else each alone.

        Examples
        --------
        >>> list(Place("mps").batches(["IVF", "MIF", "IVF"]))
        [('IVF', [0, 2]), ('MIF', [1])]
        >>> list(Place("cpu").batches(["IVF", "IVF"]))
        [('IVF', [0]), ('IVF', [1])]
        """
        if not self.together:
            yield from ((kind, [i]) for i, kind in enumerate(kinds))
            return
        for kind in dict.fromkeys(kinds):
            yield kind, [i for i, other in enumerate(kinds) if other == kind]

    def free(self) -> int | None:
        """Count the bytes that can be taken on the device; None where it does not tell."""
        return None

    def cost_of(self, call: Callable[[], R]) -> tuple[R, int | None]:
        """Call something, and say how many bytes of the device it took at its peak; None where it does not tell."""
        return call(), None


class Cuda(Place):
    """A CUDA device."""

    tells = True

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self._own = threading.local()  # a stream for each thread

    def put(self, array: NDArray[Any], **form: Any) -> Tensor:
        """Copy an array to the device through pinned memory, beside what is computed there; see `Place.put`."""
        import torch

        computing, copying = torch.cuda.current_stream(self.device), self._stream()
        pinned = torch.from_numpy(np.array(array)).pin_memory()
        with torch.cuda.stream(copying):
            moved = pinned.to(self.device, non_blocking=True)
        computing.wait_stream(copying)
        moved.record_stream(computing)  # its memory is not given away while that stream reads it
        return moved.to(**form) if form else moved

    def free(self) -> int:
        """Count what is free on the card, and what torch holds and does not use."""
        import torch

        held = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return int(torch.cuda.mem_get_info(self.device)[0]) + held

    def cost_of(self, call: Callable[[], R]) -> tuple[R, int]:
        """Call something, and say how much torch allocated beyond what it had; other threads' count, too."""
        import torch

        before = torch.cuda.memory_allocated(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        result = call()
        return result, max(0, int(torch.cuda.max_memory_allocated(self.device)) - before)

    def _stream(self) -> torch.cuda.Stream:
        import torch

        if not hasattr(self._own, "stream"):
            self._own.stream = torch.cuda.Stream(self.device)
        stream: torch.cuda.Stream = self._own.stream
        return stream


KINDS: dict[str, type[Place]] = {"cuda": Cuda}  # those that have a way of their own


@cache
def place_of(device: str) -> Place:
    """Return the way to a device, by the name that `Method.device` has."""
    return KINDS.get(device.partition(":")[0], Place)(device)
