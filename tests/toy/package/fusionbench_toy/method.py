"""A method with one weight."""

from __future__ import annotations

from typing import Any

from fusionbench.methods import Gray, Method


class Toy(Method):
    """A weighted mean of both sources; the weight can be learnt."""

    name = "toy"
    reference = "none"
    learned = True

    def __init__(self, weights: str = "") -> None:
        self.weights = weights

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Mix the sources."""
        share = 0.5
        if self.weights:
            from fusionbench.weights import load_state

            share = float(load_state(self.weights).tensors["share"])
        fused: Gray = share * a + (1 - share) * b
        return fused.astype(a.dtype)
