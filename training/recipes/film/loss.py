"""The losses that FILM is trained with."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

C1, C2 = 1e-4, 9e-4
WINDOW, SIGMA = 5, 1.5


def fusion_losses(
    fused: Tensor, a: Tensor, b: Tensor, gradient_weight: float = 20.0, ssim_weight: float = 0.0, signed: bool = False
) -> dict[str, Tensor]:
    """Compute the loss and its parts.

    Parameters
    ----------
    fused, a, b : (N, 1, H, W), about [0, 1].
    gradient_weight : of the gradients' part.
    ssim_weight : of the part that is computed and logged, but not learnt from as published (0).
    signed : whether gradients have directions, in the part that is learnt from; as published they have sizes only.

    Returns
    -------
    `loss`: intensity_loss + gradient_weight * gradient_loss + ssim_weight * ssim_loss;
    `intensity_loss`: mean distance from the larger of the sources' values at each pixel;
    `gradient_loss`: the same of the magnitudes of their Sobel gradients, or `signed_gap`;
    `ssim_loss`: `distance` from a and from b, added.
    """
    intensity = (fused - torch.maximum(a, b)).abs().mean()
    gradient = signed_gap(fused, a, b) if signed else (sobel(fused) - torch.maximum(sobel(a), sobel(b))).abs().mean()
    # Without a gradient, the root's at identical images would spoil nothing but would be computed for nothing.
    with torch.set_grad_enabled(ssim_weight != 0 and torch.is_grad_enabled()):
        structure = distance(a, fused) + distance(b, fused)
    loss = intensity + gradient_weight * gradient
    if ssim_weight:
        loss = loss + ssim_weight * structure
    return {"loss": loss, "intensity_loss": intensity, "gradient_loss": gradient, "ssim_loss": structure}


def sobel(x: Tensor) -> Tensor:
    """Return |Sobel_x * x| + |Sobel_y * x| of (N, 1, H, W), with zeros beyond the border.

    Examples
    --------
    >>> sobel(torch.ones(1, 1, 3, 3))[0, 0]
    tensor([[6., 4., 6.],
            [4., 0., 4.],
            [6., 4., 6.]])
    """
    return gradients(x).abs().sum(dim=1, keepdim=True)


def signed_gap(fused: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return the mean distance of the fused image's Sobel gradients from those of the source in which they are larger.

    Both directions count, each with its sign: a negative of the image has the same magnitudes, but not these.
    """
    f, x, y = (gradients(image) for image in (fused, a, b))
    return (f - torch.where(x.abs() >= y.abs(), x, y)).abs().sum(dim=1).mean()


def gradients(x: Tensor) -> Tensor:
    """Return the Sobel gradients of (N, 1, H, W) along rows and columns, (N, 2, H, W), with zeros beyond the border."""
    kernel = x.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return functional.conv2d(x, torch.stack([kernel, kernel.T])[:, None], padding=1)


def distance(x: Tensor, y: Tensor) -> Tensor:
    """Return ||x - y||_2 of the whole batch + floor(sqrt(H W)) * (1 - SSIM)."""
    weight = int((x.shape[-2] * x.shape[-1]) ** 0.5)
    return torch.linalg.vector_norm(x - y) + weight * (1 - ssim(x, y))


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean SSIM of (N, 1, H, W) images: Gaussian window 5x5 of sigma 1.5, zeros beyond the border.

    Wang, Bovik, Sheikh, Simoncelli (2004): Image quality assessment: from error visibility to structural similarity.
    IEEE TIP 13(4), 600-612. doi:10.1109/TIP.2003.819861
    """
    window = _window(x.dtype, x.device)

    def mean(image: Tensor) -> Tensor:
        return functional.conv2d(image, window, padding=WINDOW // 2)

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    numerator = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    return (numerator / ((mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2))).mean()


@lru_cache(maxsize=8)
def _window(dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):
        places = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
        row = torch.exp(-(places**2) / (2 * SIGMA**2))
        row = row / row.sum()
        return torch.outer(row, row)[None, None].to(device, dtype)
