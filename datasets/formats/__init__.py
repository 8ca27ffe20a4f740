"""From the bytes of an image file to its pixels: a module for each format that needs one, and one for the others."""

from __future__ import annotations

from .decode import decode, describe
from .picture import DamagedError, Header, Picture, UnreadError

__all__ = ["DamagedError", "Header", "Picture", "UnreadError", "decode", "describe"]
