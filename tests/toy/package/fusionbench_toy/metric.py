"""A metric."""

from __future__ import annotations

from typing import Any

from fusionbench.metrics import metric


@metric("Glow", "toy", reference="none", no_reference=True)
def glow(triple: Any) -> Any:
    """Largest value of the fused image."""
    return triple.xp.max(triple.fused.data, axis=(1, 2))
