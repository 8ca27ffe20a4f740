"""The conventions of Tang's code read plainly, today's and that of 2022."""

from __future__ import annotations

from collections import Counter
from math import exp, log2, log10, sqrt

import numpy as np

from .film import sf, vifp
from .registry import reading
from .vifb import gaussian_ssim


def bits(*images: np.ndarray) -> float:
    counts = Counter(zip(*(image.ravel().tolist() for image in images), strict=True))
    return -sum(n / images[0].size * log2(n / images[0].size) for n in counts.values())


@reading("MI@tang", "MI@tang2022")
def mi(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return sum(bits(s) + bits(f) - bits(np.minimum(s, 254), np.minimum(f, 254)) for s in (a, b))


@reading("AG@tang", "AG@tang2022", "Avg_gradient@vifb")
def ag(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    down, along = np.gradient(f)
    return float(np.sqrt((along**2 + down**2) / 2).sum() / ((f.shape[0] - 1) * (f.shape[1] - 1)))


@reading("MSE@tang", "MSE@tang2022")
def mse(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return float((((f - a) / 255) ** 2).mean() / 2 + (((f - b) / 255) ** 2).mean() / 2)


@reading("PSNR@tang", "PSNR@tang2022")
def psnr(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return 20 * log10(255 / sqrt(mse(f, a, b)))


@reading("SF@tang2022")
def sf_unit(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return sf(f, a, b) / 255


@reading("SSIM@tang")
def ssim(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    f, a, b = (np.pad(image, 5, mode="edge") for image in (f, a, b))
    return (gaussian_ssim(f, a, 1) + gaussian_ssim(f, b, 1)) / 2


def integers(x: np.ndarray) -> np.ndarray:
    """MATLAB's uint8: rounded half away from zero, cut to 0..255."""
    return np.clip(np.floor(np.abs(x) + 0.5) * np.sign(x), 0, 255)


@reading("SD@tang2022")
def sd(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return sqrt(integers(integers(f - f.mean()) ** 2).mean())


@reading("VIF@tang2022")
def vif(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    return vifp(a, f, integers) + vifp(b, f, integers)


def edge(image: np.ndarray, y: int, x: int) -> tuple[float, float]:
    """Both Sobel sums, product by product down the columns of the kernel that convolution turns around."""
    window = np.pad(image, 1)[y : y + 3, x : x + 3][::-1, ::-1]
    across, down = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
    sums = []
    for kernel in (across, down):
        total = 0.0
        for j in range(3):
            for i in range(3):
                total += kernel[i][j] * float(window[i, j])
        sums.append(total)
    return sqrt(sums[0] * sums[0] + sums[1] * sums[1]), np.pi / 2 if sums[0] == 0 else np.arctan(sums[1] / sums[0])


@reading("Qabf@tang2022")
def qabf(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    above = below = 0.0
    for y, x in np.ndindex(f.shape):
        gf, af = edge(f / 255, y, x)
        for source in (a, b):
            gs, angle = edge(source / 255, y, x)
            ratio = gf if gf == gs else min(gf, gs) / max(gf, gs)
            closeness = 1 - abs(angle - af) / (np.pi / 2)
            q = 0.9994 / (1 + exp(-15 * (ratio - 0.5))) * 0.9879 / (1 + exp(-22 * (closeness - 0.8)))
            above, below = above + q * gs, below + gs
    return above / below
