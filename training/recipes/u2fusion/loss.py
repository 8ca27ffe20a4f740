"""What U2Fusion minimises: the fused image shall be like each source as far as that source holds information.

Values lie in [0, 1]; F is the fused image, I1 and I2 are the sources, w1 and w2 their shares (`information`).
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

WINDOW, SIGMA = 11, 1.5
C1, C2 = 1e-4, 9e-4
LEVELS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # the exponents of Wang, Simoncelli and Bovik 2003


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity of each image, (N, 1, H, W) to (N,).

    Gaussian window 11x11 of sigma 1.5, where it fits into the image (valid), C1 = 1e-4, C2 = 9e-4.

    Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE
    Transactions on Image Processing 13(4), 2004, https://doi.org/10.1109/TIP.2003.819861.
    """
    similarity, _ = _ssim_and_contrast(x, y, WINDOW)
    return similarity


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity over five scales, each brought from [-1, 1] to [0, 1], (N, 1, H, W) to (N,).

    The window shrinks to the image where that is smaller than 11 pixels; between scales 2x2 pixels are averaged.

    Wang, Simoncelli, Bovik, "Multiscale Structural Similarity for Image Quality Assessment", Asilomar Conference on
    Signals, Systems and Computers, 2003, https://doi.org/10.1109/ACSSC.2003.1292216.
    """
    product = torch.ones(x.shape[0], dtype=x.dtype, device=x.device)
    for level, exponent in enumerate(LEVELS):
        similarity, contrast = _ssim_and_contrast(x, y, min(WINDOW, *x.shape[-2:]))
        last = level == len(LEVELS) - 1
        product = product * (((similarity if last else contrast) + 1) / 2) ** exponent
        if not last:
            x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
    return product


def mse(x: Tensor, y: Tensor) -> Tensor:
    """Mean squared difference of each image, (N, 1, H, W) to (N,)."""
    return (x - y).square().mean(dim=(1, 2, 3))


def shared(first: Tensor, second: Tensor, shares: Tensor, of_batch: bool = False) -> Tensor:
    """Weigh two losses (N,) by shares (N, 2) and take the mean over the batch.

    Parameters
    ----------
    of_batch : weigh the batch's mean loss by the batch's mean share, as the authors' code does with the squared
        difference (a shape of (N,) meets one of (N, 1) there) and as the ports do; the paper weighs each pair.
    """
    if of_batch:
        return shares[:, 0].mean() * first.mean() + shares[:, 1].mean() * second.mean()
    return (shares[:, 0] * first + shares[:, 1] * second).mean()


def gradient_gap(fused: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Mean distance of the fused image's gradient from the stronger one of the sources', a scalar.

    Differences along rows and columns; at each pixel and direction the source with the larger one counts.
    """
    gaps = []
    for axis in (-1, -2):
        f, a, b = (image.diff(dim=axis) for image in (fused, first, second))
        gaps.append((f - torch.where(a.abs() >= b.abs(), a, b)).abs().mean())
    return torch.stack(gaps).mean()


def _ssim_and_contrast(x: Tensor, y: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the similarity and its contrast-structure factor, each (N,)."""
    moments = _blur(torch.cat([x, y, x * x, y * y, x * y]), size)
    mean_x, mean_y, square_x, square_y, product = moments.chunk(5)
    variance = square_x - mean_x.square() + square_y - mean_y.square()
    covariance = product - mean_x * mean_y
    contrast = (2 * covariance + C2) / (variance + C2)
    luminance = (2 * mean_x * mean_y + C1) / (mean_x.square() + mean_y.square() + C1)
    return (luminance * contrast).mean(dim=(1, 2, 3)), contrast.mean(dim=(1, 2, 3))


def _blur(x: Tensor, size: int) -> Tensor:
    window = _gaussian(size).to(x)
    return functional.conv2d(functional.conv2d(x, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))


@cache
def _gaussian(size: int) -> Tensor:
    distance = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    window = torch.exp(-(distance**2) / (2 * SIGMA**2))
    return window / window.sum()
