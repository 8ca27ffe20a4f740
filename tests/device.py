"""A device that is the processor, and counts what goes there and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from fusionbench.devices import names, transfer
from fusionbench.devices.transfer import Place

R = TypeVar("R")


class FakeDevice(Place):
    """What `--device cuda` is in a test.

    Attributes
    ----------
    counts : arrays put ("in"), results got ("out"), networks loaded, passes through those that are called ("launches").
    room : bytes that are said to be free.
    cost : bytes that whatever is called is said to take; None where it does not tell.
    """

    tells = True
    counts: Counter[str]
    room: int | None = None
    cost: int | None = None

    def __init__(self, device: str) -> None:
        super().__init__("cpu")
        self.name, self.together, self.counts = device, True, Counter()

    def put(self, array: Any, **form: Any) -> Any:
        self.counts["in"] += 1
        return super().put(array, **form)

    def get(self, tensor: Any) -> Any:
        self.counts["out"] += 1
        return super().get(tensor)

    def load(self, network: Any, **form: Any) -> Any:
        self.counts["networks"] += 1
        network.register_forward_pre_hook(lambda *_: self.counts.update(["launches"]))
        return super().load(network, **form)

    def free(self) -> int | None:
        return self.room

    def cost_of(self, call: Callable[[], R]) -> tuple[R, int | None]:
        return call(), self.cost


@contextmanager
def faked(monkeypatch: pytest.MonkeyPatch, kind: str = "cuda") -> Iterator[FakeDevice]:
    """Let a kind of devices be fakes, and give the first of them."""
    monkeypatch.setitem(transfer.KINDS, kind, FakeDevice)
    monkeypatch.setattr(names, "check_device", names.check_name)
    transfer.place_of.cache_clear()
    fake = transfer.place_of(kind)
    assert isinstance(fake, FakeDevice)
    yield fake
    transfer.place_of.cache_clear()
