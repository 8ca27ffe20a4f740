"""Compiles formulas to loops over images, with LLVM; the only room that knows llvmlite. README.md shows one on its way.

Others import from here alone: `processor` (which level formulas are compiled for, None for none), `over_pixels` and
`over_windows`, whether these two can do it, `can_map` and `can_sweep`, and what is kept on disk, `examine`.
"""

from .cache import examine
from .images import can_map, can_sweep, over_pixels, over_windows
from .levels import PLAIN
from .machine import processor

__all__ = ["PLAIN", "can_map", "can_sweep", "examine", "over_pixels", "over_windows", "processor"]
