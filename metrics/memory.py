"""Keeps freed memory in the process: fresh pages cost a fault each, together as much time as the arithmetic on them."""

from __future__ import annotations

from functools import cache

import numpy as np

LARGEST = 31 << 20  # bytes; the GNU C library adapts to freed blocks of up to 32 MiB


@cache
def keep_freed_memory() -> None:
    """Make the C library reuse the memory of freed arrays instead of giving it back and asking for it again.

    glibc maps big blocks afresh, and unmaps them when freed, until it sees that a program frees such blocks ("dynamic
    mmap threshold", mallopt(3)). One block of the largest size that counts shows it; it is never touched and so costs
    no memory. At most twice its size of free memory stays in the process. Elsewhere this does nothing.
    """
    np.empty(LARGEST, dtype=np.uint8)
