"""Features that were computed once are kept in the user's cache, under the hash of all that they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ....errors import FusionBenchError, InputError
from ....files import cache_folder, write_bytes
from ..features import Features, checked, read_npy
from .source import Gray


def key_of(*parts: str | bytes | Gray) -> str:
    """Hash texts, bytes and arrays; their order and their borders count.

    Examples
    --------
    >>> key_of("ab", "c") == key_of("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            data = f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
        else:
            data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def cached(key: str, compute: Callable[[], Features]) -> Features:
    """Return the features under a key, computed if they are not in the cache or damaged there.

    A cache that cannot be written to costs time, nothing else.
    """
    path = folder() / key[:2] / f"{key}.npy"
    try:
        return checked(read_npy(path), key)
    except InputError:
        features = compute()
    buffer = io.BytesIO()
    np.save(buffer, features)
    with contextlib.suppress(FusionBenchError):
        write_bytes(path, buffer.getvalue())
    return features


def folder() -> Path:
    """Where features are kept."""
    return cache_folder() / "text"
