"""Responses of images to banks of filters that are given by their spectra, and formulas of them.

Compiled for one array: the transforms of all filters of a fan go with the formula in one program. Tensors, and arrays
of sizes or where there is no compiler, are transformed by their own library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiler import can_transform, memory, over_responses
from .filters import like
from .pixelwise import Formula, mapped
from .types import Array, namespace


def responses(
    formula: Formula, data: Array, radial: NDArray[Any], fans: Iterable[NDArray[Any]], outputs: int
) -> Iterator[tuple[Array, ...]]:
    """Apply a formula to an image's responses, for each fan of filters.

    Parameters
    ----------
    formula : takes the real and the imaginary response to each filter, and gives a tuple of `outputs` numbers.
    data : images (N, H, W) of float64; one, where they are arrays.
    radial : (W, H, filters), what all fans have; the frequency along the rows first, 0 at [0, 0].
    fans : (W, H) each, over the number of pixels; filter s of a fan is `radial[..., s] * fan`.

    Yields
    ------
    `outputs` maps (N, H, W) for each fan.
    """
    scales: list[Array]
    if isinstance(data, np.ndarray):
        from scipy.fft import fft2, ifft2

        xp, turned = namespace(data), np.ascontiguousarray(fft2(data[0]).T)
        if can_transform(*data.shape[1:]):
            between = memory(*data.shape[1:])
            for fan in fans:
                yield over_responses(formula, turned, radial, fan, between, outputs)
            return
        scales = [(turned * radial[..., s])[None] for s in range(radial.shape[-1])]
    else:
        xp = namespace(data)
        ifft2, spectrum = xp.fft.ifft2, xp.permute_dims(xp.fft.fft2(data), (0, 2, 1))
        scales = [spectrum * like(radial[..., s], data) for s in range(radial.shape[-1])]
    for fan in fans:
        complexes = [ifft2(scale * like(fan, data), norm="forward") for scale in scales]
        parts = [xp.permute_dims(part(x), (0, 2, 1)) for x in complexes for part in (xp.real, xp.imag)]
        yield mapped(formula, *parts, outputs=outputs)
