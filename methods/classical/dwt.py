"""Fusion of discrete wavelet transforms."""

from __future__ import annotations

from typing import Any

import pywt

from ..method import Gray, Method
from ._common import at_least, mean, strongest_nearby, wavelet_name


class Dwt(Method):
    """Discrete wavelet transform: the detail that is strongest in its 3x3 area, with a majority vote.

    Parameters
    ----------
    levels : levels of decomposition, 1 at least; fewer where the image is too small for the wavelet.
    wavelet : a discrete wavelet of PyWavelets.
    """

    name = "dwt"
    title = "DWT"
    reference = (
        "H. Li, B. S. Manjunath, S. K. Mitra (1995): Multisensor Image Fusion Using the Wavelet Transform. "
        "Graphical Models and Image Processing 57(3), 235-245. doi:10.1006/gmip.1995.1022"
    )
    venue = "Graphical Models and Image Processing"
    any_number = True

    def __init__(self, levels: int = 4, wavelet: str = "db2") -> None:
        self.levels = at_least("levels", levels, 1)
        self.wavelet = wavelet_name(wavelet)

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch (N, 1, H, W); see `Method.fuse`."""
        height, width = a.shape[-2:]
        levels = min(self.levels, pywt.dwt_max_level(min(height, width), self.wavelet))
        transforms = (pywt.wavedec2(source, self.wavelet, level=levels) for source in (a, b, *further))
        rests, *levels_of = zip(*transforms, strict=True)
        bands = [tuple(strongest_nearby(*band) for band in zip(*level, strict=True)) for level in levels_of]
        fused: Gray = pywt.waverec2([mean(rests), *bands], self.wavelet)
        return fused[..., :height, :width]  # an odd side comes back one pixel longer
