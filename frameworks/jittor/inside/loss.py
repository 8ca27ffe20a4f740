"""The losses that FILM is trained with, in Jittor; `training.recipes.film.loss`, in PyTorch, explains them."""

from __future__ import annotations

from functools import cache

import jittor as jt
import numpy as np

from .convolutions import convolution
from .operators import Operators, Var

C1, C2 = 1e-4, 9e-4
WINDOW, SIGMA = 5, 1.5


def fusion_losses(
    fused: Var, a: Var, b: Var, ops: Operators, gradient_weight: float = 20.0, ssim_weight: float = 0.0,
    signed: bool = False,
) -> dict[str, Var]:  # fmt: skip
    """Compute `loss` and its parts, `intensity_loss`, `gradient_loss` and `ssim_loss`, of images (N, 1, H, W)."""
    intensity = ops.magnitude(fused - ops.maximum(a, b)).mean()
    gradient = (signed_gap if signed else gap)(fused, a, b, ops)
    loss = intensity + gradient_weight * gradient
    if ssim_weight:
        structure = distance(a, fused) + distance(b, fused)
        loss = loss + ssim_weight * structure
    else:
        with jt.no_grad():
            structure = distance(a, fused) + distance(b, fused)
    return {"loss": loss, "intensity_loss": intensity, "gradient_loss": gradient, "ssim_loss": structure}


def gap(fused: Var, a: Var, b: Var, ops: Operators) -> Var:
    """Return the mean distance of |Sobel_x| + |Sobel_y| of the fused image from the larger one of the sources."""
    f, x, y = (ops.magnitude(convolution(image, _sobel(), 1)).sum(1) for image in (fused, a, b))
    return ops.magnitude(f - ops.maximum(x, y)).mean()


def signed_gap(fused: Var, a: Var, b: Var, ops: Operators) -> Var:
    """Return the mean distance of the fused image's Sobel gradients from those of the source that has larger ones."""
    f, x, y = (convolution(image, _sobel(), 1) for image in (fused, a, b))
    return ops.magnitude(f - jt.ternary(jt.abs(x) >= jt.abs(y), x, y)).sum(1).mean()


def distance(x: Var, y: Var) -> Var:
    """Return ||x - y||_2 of the whole batch + floor(sqrt(H W)) * (1 - SSIM)."""
    weight = int((x.shape[-2] * x.shape[-1]) ** 0.5)
    difference = x - y
    return jt.sqrt((difference * difference).sum()) + weight * (1 - ssim(x, y))


def ssim(x: Var, y: Var) -> Var:
    """Return the mean SSIM of (N, 1, H, W) images: Gaussian window 5x5 of sigma 1.5, zeros beyond the border."""

    def mean(image: Var) -> Var:
        return convolution(image, _window(), WINDOW // 2)

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x * mean_x, mean(y * y) - mean_y * mean_y
    covariance = mean(x * y) - mean_x * mean_y
    numerator = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    return (numerator / ((mean_x * mean_x + mean_y * mean_y + C1) * (var_x + var_y + C2))).mean()


@cache
def _sobel() -> Var:
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    return jt.array(np.stack([across, across.T])[:, None]).stop_grad()


@cache
def _window() -> Var:
    places = np.arange(WINDOW) - WINDOW // 2
    row = np.exp(-(places**2) / (2 * SIGMA**2))
    row /= row.sum()
    return jt.array(np.outer(row, row)[None, None].astype(np.float32)).stop_grad()
