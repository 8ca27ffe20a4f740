"""Fusion of discrete wavelet transforms."""

from __future__ import annotations

from typing import Any

import pywt

from ..method import Gray, Method
from ._common import at_least, stronger_nearby, wavelet_name


class Dwt(Method):
    """Discrete wavelet transform: the detail that is stronger in its 3x3 area, with a majority vote.

    Parameters
    ----------
    levels : levels of decomposition, 1 at least; fewer where the image is too small for the wavelet.
    wavelet : a discrete wavelet of PyWavelets.
    """

    name = "dwt"
    reference = (
        "H. Li, B. S. Manjunath, S. K. Mitra (1995): Multisensor Image Fusion Using the Wavelet Transform. "
        "Graphical Models and Image Processing 57(3), 235-245. doi:10.1006/gmip.1995.1022"
    )
    venue = "Graphical Models and Image Processing"

    def __init__(self, levels: int = 4, wavelet: str = "db2") -> None:
        self.levels = at_least("levels", levels, 1)
        self.wavelet = wavelet_name(wavelet)

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        height, width = a.shape[-2:]
        levels = min(self.levels, pywt.dwt_max_level(min(height, width), self.wavelet))
        rest_a, *bands_a = pywt.wavedec2(a, self.wavelet, level=levels)
        rest_b, *bands_b = pywt.wavedec2(b, self.wavelet, level=levels)
        bands = [
            tuple(stronger_nearby(x, y) for x, y in zip(of_a, of_b, strict=True))
            for of_a, of_b in zip(bands_a, bands_b, strict=True)
        ]
        fused: Gray = pywt.waverec2([0.5 * (rest_a + rest_b), *bands], self.wavelet)
        return fused[..., :height, :width]  # an odd side comes back one pixel longer
