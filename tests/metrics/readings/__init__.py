"""The definitions of all metrics read plainly, in NumPy and SciPy, float64: each does the obvious thing.

(fused, a, b) of (H, W) in 0..255 -> float. Nothing here is shared with the package.
"""

from importlib import import_module
from pkgutil import iter_modules

from .registry import READINGS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["READINGS"]
