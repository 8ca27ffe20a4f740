"""Fusion of stationary (shift-invariant) wavelet transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pywt

from ..method import Gray, Method
from ._common import at_least, halvings, mean, strongest, wavelet_name


def inverse(rest: Gray, bands: list[tuple[Gray, ...]], wavelet: str) -> Gray:
    """Return the image of a stationary transform: `pywt.iswt2`, several times faster.

    The mean over all shifts, which PyWavelets takes one by one, is half the synthesis filters' undecimated output.

    Parameters
    ----------
    rest : (..., H, W), the low-pass image.
    bands : horizontal, vertical and diagonal detail of each level, coarsest first, of the same shape.
    wavelet : the wavelet that the transform was made with.

    Returns
    -------
    (..., H, W) float32.
    """
    filters = pywt.Wavelet(wavelet)
    image = rest
    for level, (horizontal, vertical, diagonal) in reversed(list(enumerate(reversed(bands)))):
        low = _merge(image, horizontal, filters, 2**level, axis=-2)
        high = _merge(vertical, diagonal, filters, 2**level, axis=-2)
        image = _merge(low, high, filters, 2**level, axis=-1)
    return image


def _merge(low: Gray, high: Gray, filters: pywt.Wavelet, step: int, axis: int) -> Gray:
    """Filter and add two bands along an axis, with the taps `step` pixels apart."""
    merged = np.zeros_like(low)
    for k, (tap_low, tap_high) in enumerate(zip(filters.rec_lo, filters.rec_hi, strict=True)):
        both = np.float32(tap_low / 2) * low + np.float32(tap_high / 2) * high
        merged += np.roll(both, step * (k + 1 - filters.rec_len // 2), axis)
    return merged


class Swt(Method):
    """Stationary wavelet transform: the strongest detail, without the shift artefacts of the decimated one.

    Parameters
    ----------
    levels : levels of decomposition, 1 at least; fewer where the image is too small.
    wavelet : a discrete wavelet of PyWavelets; Haar as in the paper's own code.
    """

    name = "swt"
    title = "SWT"
    reference = (
        "O. Rockinger (1997): Image Sequence Fusion Using a Shift-Invariant Wavelet Transform. "
        "International Conference on Image Processing, vol. 3, 288-291. doi:10.1109/ICIP.1997.632093"
    )
    venue = "ICIP"
    any_number = True

    def __init__(self, levels: int = 4, wavelet: str = "haar") -> None:
        self.levels = at_least("levels", levels, 1)
        self.wavelet = wavelet_name(wavelet)

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        height, width = a.shape[-2:]
        levels = halvings(a.shape, self.levels)
        if levels == 0:
            return mean([a, b, *further])
        # The transform is periodic and wants multiples of 2^levels: mirror the image on all sides, so that neither
        # shows, and cut it out again.
        step = 2**levels
        margin = [(0, 0), (0, 0), (step, step + -height % step), (step, step + -width % step)]
        padded = (np.pad(source, margin, mode="symmetric") for source in (a, b, *further))
        transforms = (pywt.swt2(source, self.wavelet, levels, trim_approx=True) for source in padded)
        rests, *levels_of = zip(*transforms, strict=True)
        bands = [tuple(strongest(*band) for band in zip(*level, strict=True)) for level in levels_of]
        fused = inverse(mean(rests), bands, self.wavelet)
        return fused[..., step : step + height, step : step + width]
