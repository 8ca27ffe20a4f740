"""The losses that FILM is trained with, in Jittor; `methods.film.loss` says the same in PyTorch, and explains it."""

from __future__ import annotations

from functools import cache

import jittor as jt
import numpy as np

from .ops import Operators, Var
from .products import convolution

C1, C2 = 1e-4, 9e-4
WINDOW, SIGMA = 5, 1.5


def fusion_losses(
    fused: Var, a: Var, b: Var, ops: Operators, gradient_weight: float = 20.0, ssim_weight: float = 0.0
) -> dict[str, Var]:
    """Compute `loss` and its parts, `intensity_loss`, `gradient_loss` and `ssim_loss`, of images (N, 1, H, W)."""
    intensity = ops.magnitude(fused - ops.maximum(a, b)).mean()
    steepest = ops.maximum(sobel(a, ops), sobel(b, ops))
    gradient = ops.magnitude(sobel(fused, ops) - steepest).mean()
    loss = intensity + gradient_weight * gradient
    if ssim_weight:
        structure = distance(a, fused) + distance(b, fused)
        loss = loss + ssim_weight * structure
    else:
        with jt.no_grad():
            structure = distance(a, fused) + distance(b, fused)
    return {"loss": loss, "intensity_loss": intensity, "gradient_loss": gradient, "ssim_loss": structure}


def sobel(x: Var, ops: Operators) -> Var:
    """Return |Sobel_x * x| + |Sobel_y * x| of (N, 1, H, W), with zeros beyond the border."""
    return ops.magnitude(convolution(x, _sobel(), 1)).sum(1, keepdims=True)


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
