"""The engine: plans runs, executes them here or on a cluster, stores results."""

from __future__ import annotations

from .runner import run

__all__ = ["run"]
