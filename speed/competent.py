"""The six metrics of the card as one who knows OpenCV writes them: `cv2.sepFilter2D` in float64, and NumPy.

(fused, a, b) of (H, W) in 0..255, uint8 or float64 -> the six values by name. Nothing here is shared with the package.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]
TINY = 1e-10


def six(fused: NDArray[np.generic], a: NDArray[np.generic], b: NDArray[np.generic]) -> dict[str, float]:
    """Score one fused image."""
    f, first, second = (image.astype(np.float64) for image in (fused, a, b))
    gradient = np.gradient(f)
    return {
        "EN": entropy(f),
        "SD": float(np.std(f)),
        "SF": float(np.sqrt(np.mean(np.diff(f, axis=1) ** 2) + np.mean(np.diff(f, axis=0) ** 2))),
        "AG": float(np.mean(np.sqrt((gradient[0] ** 2 + gradient[1] ** 2) / 2))),
        "VIFF": sum(fidelity(f, first, second)),
        "Qabf": edge_transfer(f, first, second),
    }


def entropy(f: Image) -> float:
    counts = np.bincount(np.rint(f).astype(np.uint8).ravel(), minlength=256)
    p = counts[counts > 0] / f.size
    return float(-np.sum(p * np.log2(p)))


def smooth(image: Image, size: int) -> Image:
    """Gaussian window, inside the image only."""
    kernel, border = cv2.getGaussianKernel(size, size / 5, cv2.CV_64F), size // 2
    return cv2.sepFilter2D(image, cv2.CV_64F, kernel, kernel)[border:-border, border:-border]


def fidelity(f: Image, *sources: Image) -> list[float]:
    """VIFp with each source; what belongs to the fused image is computed once."""
    arrived, possible = [0.0] * len(sources), [0.0] * len(sources)
    levels = list(sources)
    for scale in range(4):
        size = 2 ** (4 - scale) + 1
        if scale:
            f, *levels = (np.ascontiguousarray(smooth(x, size)[::2, ::2]) for x in (f, *levels))
        mf = smooth(f, size)
        vf = np.maximum(smooth(f * f, size) - mf * mf, 0)
        for i, s in enumerate(levels):
            ms = smooth(s, size)
            vs = np.maximum(smooth(s * s, size) - ms * ms, 0)
            covariance = smooth(s * f, size) - ms * mf
            gain = covariance / (vs + TINY)
            passes = (vs >= TINY) & (vf >= TINY) & (gain > 0)
            gain = np.where(passes, gain, 0)
            vs = np.where(vs < TINY, 0, vs)
            rest = np.maximum(vf - gain * covariance, TINY)
            arrived[i] += float(np.log10(1 + gain * gain * vs / (rest + 2)).sum())
            possible[i] += float(np.log10(1 + vs / 2).sum())
    return [x / y if y > 0 else 1.0 for x, y in zip(arrived, possible, strict=True)]


def edges(image: Image) -> tuple[Image, Image]:
    along, down = (cv2.Sobel(image, cv2.CV_64F, *order, borderType=cv2.BORDER_CONSTANT) for order in ((1, 0), (0, 1)))
    upright = along == 0
    angle = np.where(upright, np.pi / 2, np.arctan(-down / np.where(upright, 1, along)))
    return np.sqrt(along * along + down * down), angle


def edge_transfer(f: Image, *sources: Image) -> float:
    strength_f, angle_f = edges(f)
    above = below = 0.0
    for source in sources:
        strength, angle = edges(source)
        low, high = np.minimum(strength, strength_f), np.maximum(strength, strength_f)
        ratio = np.where(low == high, low, low / np.where(high == 0, 1, high))
        closeness = 1 - np.abs(angle - angle_f) / (np.pi / 2)
        q = 0.9994 / (1 + np.exp(-15 * (ratio - 0.5))) * (0.9879 / (1 + np.exp(-22 * (closeness - 0.8))))
        above, below = above + float(np.sum(q * strength)), below + float(np.sum(strength))
    return above / below
