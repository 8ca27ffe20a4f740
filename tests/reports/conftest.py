"""Stored runs."""

from __future__ import annotations

from ..results.storing import profiled, three_methods

__all__ = ["profiled", "three_methods"]
