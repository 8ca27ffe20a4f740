"""Metrics that see images through the contrast sensitivity of the eye: Q_CB and Q_CV.

The functions take one-channel images and serve every convention that has these metrics.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays.filters import like, pad, sobel, total
from ..arrays.pixelwise import larger, pixelwise, smaller, sqrt, summed
from ..arrays.triple import Image, Triple, feature
from ..arrays.types import Array, namespace
from ..arrays.windows import correlate
from ..catalog import adopt, metric

CHEN_BLUM = "Chen and Blum 2009, doi:10.1016/j.imavis.2007.12.002"
CHEN_VARSHNEY = "Chen and Varshney 2007, doi:10.1016/j.inffus.2005.10.001"

BLOCK = 16  # pixels of Q_CV's regions
CONSTANT = "a constant image has no contrast"


@feature
def stretched(image: Image) -> Array:
    """The image stretched to 0..255 and rounded; 0 where it is constant."""
    xp, data = image.xp, image.data
    low = xp.min(data, axis=(-2, -1), keepdims=True)
    span = xp.max(data, axis=(-2, -1), keepdims=True) - low
    return xp.floor((data - low) / xp.where(span > 0, span, 1.0) * 255 + 0.5)


@lru_cache(maxsize=16)
def radius(height: int, width: int, degree: float) -> NDArray[Any]:
    """Spatial frequency of each coefficient of an rfft2, in cycles per degree if `degree` pixels see one."""
    vertical = np.fft.fftfreq(height)[:, None] * 2 * height / degree
    horizontal = np.arange(width // 2 + 1)[None] / width * 2 * width / degree
    frequency: NDArray[Any] = np.hypot(vertical, horizontal)
    return frequency


@lru_cache(maxsize=16)
def chen_blum_response(height: int, width: int) -> NDArray[Any]:
    """Contrast sensitivity as a difference of Gaussians of the frequency."""
    r = radius(height, width, 30.0)
    response: NDArray[Any] = np.exp(-((r / 15.3870) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2))
    return response


@lru_cache(maxsize=16)
def mannos_response(height: int, width: int) -> NDArray[Any]:
    """Contrast sensitivity of Mannos and Sakrison."""
    r = radius(height, width, 8.0)
    response: NDArray[Any] = 2.6 * (0.0192 + 0.144 * r) * np.exp(-((0.144 * r) ** 1.1))
    return response


def transforms(x: Array) -> Any:
    """Return the module with the Fourier transforms for `x`: SciPy's for arrays, which is faster than NumPy's."""
    if isinstance(x, np.ndarray):
        import scipy.fft

        return scipy.fft
    import torch

    return torch.fft


@feature
def spectrum(image: Image) -> Array:
    """Fourier transform of the stretched image, (N, H, W // 2 + 1)."""
    coefficients: Array = transforms(image.data).rfft2(stretched(image))
    return coefficients


def eye_view(spectrum: Array, response: NDArray[Any], size: tuple[int, int], like_image: Array) -> Array:
    """Multiply a spectrum with a response that is even in both frequencies, and transform it back to (N, H, W)."""
    image: Array = transforms(like_image).irfft2(spectrum * like(response, like_image), s=size)
    return image


@lru_cache(maxsize=4)
def bell(sigma: float) -> NDArray[Any]:
    """Return 31 samples of the Gaussian density, which are not normalised to the sum 1."""
    x = np.arange(-15.0, 16.0)
    density: NDArray[Any] = np.exp(-(x**2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    return density


@pixelwise
def masked(narrow: Array, wide: Array) -> Array:
    """Contrast of two blurred images after masking."""
    contrast = abs(narrow / wide - 1)
    square = contrast * contrast
    return square * contrast / (square + 1e-4)


@feature
def masked_contrast(image: Image) -> Array:
    """Local contrast after masking: C³ / (C² + 1e-4), where C = |G2 / G4 - 1| of what the eye sees."""
    x = pad(eye_view(spectrum(image), chen_blum_response(*image.size), image.size, image.data), 15, 15, "zero")
    return masked(correlate(x, bell(2.0)), correlate(x, bell(4.0)))


@pixelwise
def contrast_kept(f: Array, a: Array, b: Array) -> Array:
    """Share of both sources' contrasts that the fused image keeps, weighted by their squares."""
    of_a, of_b = smaller(f, a) / larger(f, a), smaller(f, b) / larger(f, b)
    return (a * a * of_a + b * b * of_b) / (a * a + b * b)


@metric(
    "Qcb", "vifb", reference=CHEN_BLUM, range=(0.0, 1.0), identity=1.0, undefined=CONSTANT,
    note="the two Gaussians of the contrast are cut at 31 pixels and not normalised, and zeros surround the image",
)  # fmt: skip
def q_cb(t: Triple) -> Array:
    """Share of each source's local contrast that the fused image keeps, weighted by the squared contrasts, mean.

    The eye's contrast sensitivity (a difference of Gaussians, 30 pixels for a degree) filters the stretched image;
    contrast is |G2 / G4 - 1| with Gaussian means of deviations 2 and 4, masked as C³ / (C² + 1e-4). 0 to 1.
    """
    height, width = t.fused.size
    return summed(contrast_kept, *(masked_contrast(image) for image in (t.fused, t.a, t.b))) / (height * width)


def blocks(x: Array) -> Array:
    """Sum over blocks of 16 x 16 pixels; those at the right and lower border are filled with zeros: (N, h, w)."""
    xp = namespace(x)
    for axis in (1, 2):
        lack = -x.shape[axis] % BLOCK
        if lack:
            zeros = xp.zeros_like(x[:, :1] if axis == 1 else x[:, :, :1])
            x = xp.concat([x, *[zeros] * lack], axis=axis)
    n, height, width = x.shape
    # the sum along the rows as a product with ones, which a BLAS does faster than any sum over short axes
    narrow = xp.reshape(x, (n, height // BLOCK, BLOCK, width // BLOCK, BLOCK)) @ like(np.ones(BLOCK), x)
    return xp.sum(narrow, axis=2)


@pixelwise
def fifth_power(along: Array, down: Array) -> Array:
    """Length of the gradient to the power 5."""
    power = along * along + down * down
    return power * power * sqrt(power)


@feature
def saliency(image: Image) -> Array:
    """Sum over each block of the fifth power of the Sobel magnitude."""
    return blocks(fifth_power(*sobel(stretched(image))))


@metric(
    "Qcv", "vifb", reference=CHEN_VARSHNEY, better="lower", identity=0.0, flips=False,
    undefined="two constant sources have no salient region",
    note="incomplete blocks at the right and lower border are filled with zeros, which lowers their mean error",
)  # fmt: skip
def q_cv(t: Triple) -> Array:
    """Mean squared error as the eye sees it in blocks of 16 x 16, weighted by how salient each source's block is.

    The difference of the stretched images is filtered with the eye's contrast sensitivity (Mannos and Sakrison);
    the weight of a block is the sum of the fifth power of the Sobel magnitude. 0 is best; there is no upper bound.
    """
    response, size, weighted, weights = mannos_response(*t.fused.size), t.fused.size, [], []
    for source in t.sources:
        difference = eye_view(spectrum(source) - spectrum(t.fused), response, size, t.fused.data)
        weighted.append(total(saliency(source) * blocks(difference * difference)) / BLOCK**2)
        weights.append(total(saliency(source)))
    return (weighted[0] + weighted[1]) / (weights[0] + weights[1])


adopt("Qcv@vifb", "Q_CV", "liu", note="as Qcv@vifb, of one gray channel; the only one of the twelve to be small")
adopt("Qcb@vifb", "Q_CB", "liu", note="as Qcb@vifb, of one gray channel")
