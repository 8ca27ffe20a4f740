"""Fusion of stationary (shift-invariant) wavelet transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pywt

from ..method import Gray, Method
from ._common import at_least, halvings, stronger
from ._wavelet import wavelet_name


class Swt(Method):
    """Stationary wavelet transform: the stronger detail, without the shift artefacts of the decimated one.

    Parameters
    ----------
    levels : levels of decomposition, 1 at least; fewer where the image is too small.
    wavelet : a discrete wavelet of PyWavelets; Haar as in the paper's own code.
    """

    name = "swt"
    reference = (
        "O. Rockinger (1997): Image Sequence Fusion Using a Shift-Invariant Wavelet Transform. "
        "International Conference on Image Processing, vol. 3, 288-291. doi:10.1109/ICIP.1997.632093"
    )

    def __init__(self, levels: int = 4, wavelet: str = "haar") -> None:
        self.levels = at_least("levels", levels, 1)
        self.wavelet = wavelet_name(wavelet)

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        height, width = a.shape[-2:]
        levels = halvings(a.shape, self.levels)
        if levels == 0:
            return 0.5 * (a + b)
        # The transform is periodic and wants multiples of 2^levels: mirror the image on all sides, so that neither
        # shows, and cut it out again.
        step = 2**levels
        margin = [(0, 0), (0, 0), (step, step + -height % step), (step, step + -width % step)]
        rest_a, *bands_a = self._transform(np.pad(a, margin, mode="symmetric"), levels)
        rest_b, *bands_b = self._transform(np.pad(b, margin, mode="symmetric"), levels)
        bands = [
            tuple(stronger(x, y) for x, y in zip(of_a, of_b, strict=True))
            for of_a, of_b in zip(bands_a, bands_b, strict=True)
        ]
        fused: Gray = pywt.iswt2([0.5 * (rest_a + rest_b), *bands], self.wavelet)
        return fused[..., step : step + height, step : step + width]

    def _transform(self, image: Gray, levels: int) -> list[Any]:
        return list(pywt.swt2(image, self.wavelet, levels, trim_approx=True))
