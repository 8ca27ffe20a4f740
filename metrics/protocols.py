"""A protocol picks one convention of each metric, and says how colour and size are treated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import unknown


@dataclass(frozen=True)
class Protocol:
    """A named, versioned choice of metrics; the version changes whenever a value could."""

    name: str
    version: str
    metrics: tuple[str, ...]  # keys, in the order of the tables
    colour: Literal["gray", "channels"]  # score the gray images, or each RGB channel and take the mean
    reference: str


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "film", "1", tuple(f"{name}@film" for name in ("EN", "SD", "SF", "AG", "VIFF", "Qabf")), "gray",
            "Zhao et al., Image Fusion via Vision-Language Model, ICML 2024",
        ),
    )
}  # fmt: skip


def get_protocol(name: str) -> Protocol:
    """Find a protocol by name; raises InputError with the nearest name."""
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
