"""The manifest of a run: what was run, with which versions, on what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..methods import Method


def describe_method(method: Method) -> dict[str, Any]:
    """What the manifest says of a method; two runs may share a folder only where this is equal."""
    return {
        "label": method.label,
        "name": method.name,
        "options": method.options,
        "quantise": method.quantise,
        "reference": method.reference,
        **({"weights": weights} if (weights := getattr(method, "weights_record", None)) else {}),
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
