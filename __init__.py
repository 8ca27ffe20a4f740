"""fusionbench: from a data set and a fusion method to a leaderboard.

The public face, imported on first use so that `import fusionbench` stays quick:

- `evaluate(fused, a, b, protocol="film", metrics=None)`: score arrays;
- `load_dataset(name, root=..., split=...)`: pairs of sources;
- `get_method(name, **options)`: a fusion method;
- `run(methods=..., datasets=..., ...)`: fuse, score and store, as a data frame of rows;
- `torchmetrics.FusionMetric(key)`: a metric as a `torchmetrics.Metric`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .bench import run
    from .datasets import load_dataset
    from .methods import get_method
    from .metrics import evaluate

__all__ = ["__version__", "evaluate", "get_method", "load_dataset", "run"]

_HOME = {"evaluate": ".metrics", "load_dataset": ".datasets", "get_method": ".methods", "run": ".bench"}


def __getattr__(name: str) -> Any:
    if name == "torchmetrics":  # no module of this name lies here: in a checkout it would hide the library
        return import_module(".metrics.bridges.torchmetrics", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
