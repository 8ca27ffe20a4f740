"""Compiles formulas to loops over images, with LLVM; the only room that knows llvmlite. README.md shows one on its way.

Others import from here alone: `processor` (which level formulas are compiled for, None for none), `over_pixels`,
`over_windows` and `over_responses` (with its `memory`), whether these can do it, `can_map`, `can_sweep` and
`can_transform`, and what is kept on disk, `examine`.
"""

from .cache import examine
from .images import can_map, can_sweep, over_pixels, over_windows
from .levels import PLAIN
from .machine import processor
from .responses import can_transform, memory, over_responses

__all__ = [
    "PLAIN",
    "can_map",
    "can_sweep",
    "can_transform",
    "examine",
    "memory",
    "over_pixels",
    "over_responses",
    "over_windows",
    "processor",
]
