"""The metrics themselves: a module for each family, or for what only one code base has.

Importing this package imports every module in its folder, which registers the metrics in it.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
