"""Runs: planned, executed here or on a cluster, and stored; and what methods cost."""

from __future__ import annotations

from .runner import run, run_rows

__all__ = ["run", "run_rows"]
