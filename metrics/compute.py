"""One metric of one batch: its values, and why some are missing. What a metric does wrong is its own NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import FusionBenchError, InputError, one_line
from .arrays.triple import Image, Triple
from .arrays.types import Array, is_tensor
from .catalog import Metric

TWO = "it compares with two sources, and there are {}"
NO_VALUE = "the definition gives no value for these images"


def compute(record: Metric, triple: Triple, n: int, size: int) -> tuple[Array, list[str]]:
    """Compute one metric for N triples, the mean over the channels where there are three.

    Parameters
    ----------
    triple : N images, or 3 N planes.
    size : pixels of the shorter side.

    Returns
    -------
    values : (N,) float64, NaN where there is none.
    reasons : why, empty where all values are there. An image that makes the metric fail does not take others along.
    """
    if record.two_sources and triple.further:
        return _nothing(record, triple, n), [TWO.format(2 + len(triple.further))]
    if size < record.min_size:
        return _nothing(record, triple, n), [f"needs at least {record.min_size} pixels on each side, here are {size}"]
    try:
        values = _values(record, triple, n)
    except (Exception, SystemExit) as error:  # whatever somebody's metric raises; Ctrl-C is no fault of it
        if n == 1:
            return _nothing(record, triple, n), [str(error) if isinstance(error, FusionBenchError) else one_line(error)]
    else:
        return values, [record.undefined or NO_VALUE] if bool(triple.xp.any(triple.xp.isnan(values))) else []
    each = [compute(record, _one(triple, i, n), 1, size) for i in range(n)]
    return triple.xp.concat([value for value, _ in each]), [why for _, reasons in each for why in reasons]


def _nothing(record: Metric, triple: Triple, n: int) -> Array:
    """NaN for each of N images."""
    return _declared(record, triple.fused.data[:n, 0, 0] * 0 + triple.xp.nan)


def _declared(record: Metric, value: Array) -> Array:
    """Keep the gradient where one is declared."""
    return value if record.differentiable or not is_tensor(value) else value.detach()


def _one(triple: Triple, i: int, n: int) -> Triple:
    """The i-th of N triples, with all its planes."""
    return Triple(*(_part(image, i, n) for image in (triple.fused, triple.a, triple.b, *triple.further)))


def _part(image: Image, i: int, n: int) -> Image:
    planes = image.pixels.shape[0] // n
    return Image(image.pixels[i * planes : (i + 1) * planes])


def _values(record: Metric, triple: Triple, n: int) -> Array:
    """Values (N,) of one metric."""
    xp = triple.xp
    value = xp.astype(_numbers(record.compute(triple), triple, n), xp.float64)
    if value.shape[0] != n:
        value = xp.mean(xp.reshape(value, (n, -1)), axis=1)
    return _declared(record, value + 0.0)  # which makes -0.0 0.0


def _numbers(value: Any, triple: Triple, n: int) -> Array:
    """Check what a metric returned: (N,) numbers, or one for each plane; one number for one plane will do."""
    planes = triple.fused.pixels.shape[0]
    tensors = is_tensor(triple.fused.pixels)
    if not tensors and planes == 1 and isinstance(value, float | int | np.number) and not isinstance(value, bool):
        value = np.asarray(value)
    kind = "tensor" if tensors else "array"
    rule = f"a metric gives a float64 {kind} of shape ({planes},)"
    if not (is_tensor(value) if tensors else isinstance(value, np.ndarray)):
        raise InputError(f"it returned a {type(value).__name__}: {rule}")
    if not (triple.xp.isdtype(value.dtype, ("real floating", "integral")) if tensors else value.dtype.kind in "iuf"):
        raise InputError(f"it returned numbers of type {value.dtype}: {rule}")
    numbers: Array = value[None] if value.ndim == 0 and planes == 1 else value
    if tuple(numbers.shape) not in {(n,), (planes,)}:
        raise InputError(f"it returned shape {tuple(numbers.shape)}: {rule}")
    return numbers
