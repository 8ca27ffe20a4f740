"""What was done about fused images of another size than their sources, for the manifest and under the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .store import Row

if TYPE_CHECKING:
    from .plan import Part

_DONE = {
    "crop": "scored on the common part with their sources, from the top left corner (--size-policy crop)",
    "resize": "brought to the size of their sources (--size-policy resize)",
}


def fitted(part: Part) -> list[Row]:
    """List the rows of the part whose fused images had another size."""
    from ..methods.fit import size_note

    rows = (part.rows.get(pair.name) for pair in part.dataset)
    return [row for row in rows if row is not None and row.status == "ok" and size_note(row.reason)]


def size_record(part: Part) -> dict[str, Any]:
    """Say for the manifest which rule brought how many fused images to the size of their sources; empty for none."""
    rows = fitted(part)
    return {"policy": part.dataset.size_policy, "fused": [row.pair for row in rows]} if rows else {}


def size_notes(part: Part) -> Iterator[str]:
    """Say under the tables what was done about fused images of another size; nothing where there are none."""
    rows = fitted(part)
    if rows:
        count = f"{len(rows)} of {len(part.dataset)} fused images"
        yield f"{count} had another size and were {_DONE[part.dataset.size_policy]}."
