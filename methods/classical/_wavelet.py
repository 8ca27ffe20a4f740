"""What the two wavelet methods share."""

from __future__ import annotations

import pywt

from ...errors import unknown


def wavelet_name(name: str) -> str:
    """Return the name of a discrete wavelet that PyWavelets knows, or raise InputError with the nearest."""
    known = pywt.wavelist(kind="discrete")
    if name not in known:
        raise unknown("wavelet", name, known)
    return name
