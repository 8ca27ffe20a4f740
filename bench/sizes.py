"""What was done about images of one pair that differ in size, for the manifest and under the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..results import Row

if TYPE_CHECKING:
    from .plan import Trial

_DONE = {
    "crop": "scored on the common part with their sources, from the top left corner (--size-policy crop)",
    "resize": "brought to the size of their sources (--size-policy resize)",
}
_SOURCES = {
    "crop": "cropped to what both show, from the top left corner (--size-policy crop)",
    "resize": "brought to the size of source a (--size-policy resize)",
}


def fitted(trial: Trial) -> list[Row]:
    """List the rows of the trial whose fused images had another size."""
    from ..methods.fit import size_note

    rows = (trial.rows.get(pair.name) for pair in trial.dataset)
    return [row for row in rows if row is not None and row.status == "ok" and size_note(row.reason)]


def size_record(trial: Trial) -> dict[str, Any]:
    """Say for the manifest which rule brought which images of a pair to one size; empty for none.

    `sources` names the pairs whose sources differ from each other, `fused` those whose fused image does from them.
    """
    pairs = {"sources": list(trial.dataset.uneven), "fused": [row.pair for row in fitted(trial)]}
    lists = {what: names for what, names in pairs.items() if names}
    return {"policy": trial.dataset.size_policy, **lists} if lists else {}


def size_notes(trial: Trial) -> Iterator[str]:
    """Say under the tables what was done about images of another size; nothing where there are none."""
    policy, uneven, rows = trial.dataset.size_policy, trial.dataset.uneven, fitted(trial)
    if uneven:
        done = _SOURCES[policy]
        if any(trial.dataset[name].further for name in uneven):
            done = done.replace("both", "all")
        yield f"The sources of {len(uneven)} of {len(trial.dataset)} pairs differ in size and were {done}."
    if rows:
        count = f"{len(rows)} of {len(trial.dataset)} fused images"
        yield f"{count} had another size and were {_DONE[policy]}."
