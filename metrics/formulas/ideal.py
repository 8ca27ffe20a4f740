"""Metrics against the ideal image, where a data set has one: it stands in the triple as both sources.

They equal scikit-image's `mean_squared_error`, `peak_signal_noise_ratio` and `structural_similarity` with a data range
of 255, of colour images with `channel_axis`.
"""

from __future__ import annotations

from math import inf

from ..arrays.triple import Triple
from ..arrays.types import Array
from ..catalog import metric
from .intensity import JAGALINGAM, mean_squared_error
from .structure import WANG, ssim_sum

NOTE = "against the ideal image, which is given as both sources"

metric(
    "MSE", "reference", reference=JAGALINGAM, better="lower", range=(0.0, 65025.0), identity=0.0, differentiable=True,
    note=NOTE, ideal=True,
)(mean_squared_error)  # fmt: skip


@metric(
    "PSNR", "reference", reference=JAGALINGAM, range=(0.0, inf), identity=inf, differentiable=True, channels="joined",
    note=f"{NOTE}; the peak is 255; infinite where the images are equal", ideal=True,
)  # fmt: skip
def psnr_of_white(t: Triple) -> Array:
    """Peak signal to noise ratio, 10 log10(255² / MSE), MSE the mean over both sources and all channels, in dB."""
    return 10 * t.xp.log10(255.0**2 / mean_squared_error(t))


@metric(
    "SSIM", "reference", reference=WANG, range=(-1.0, 1.0), identity=1.0, min_size=7, differentiable=True,
    note=f"{NOTE}; uniform 7 x 7 windows (scikit-image), data range 255", ideal=True,
)  # fmt: skip
def ssim_mean(t: Triple) -> Array:
    """SSIM with each source, mean of the two: uniform 7 x 7 windows, sample covariance, L = 255."""
    return ssim_sum(t) / 2
