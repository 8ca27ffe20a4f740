"""Stored runs."""

from __future__ import annotations

from .storing import profiled, store, store_profile, three_methods

__all__ = ["profiled", "store", "store_profile", "three_methods"]
