from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from fusionbench.training.recipes.film.loss import distance, fusion_losses, signed_gap, sobel, ssim

DRAW = np.random.default_rng(3)
A, B, F = DRAW.random((3, 2, 1, 13, 18))


def plain_sobel(x: np.ndarray) -> np.ndarray:
    kernel = np.outer([1, 2, 1], [-1, 0, 1])
    return np.abs(correlate2d(x, kernel, mode="same")) + np.abs(correlate2d(x, kernel.T, mode="same"))


def plain_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """One value for each pixel, from the 25 around it; those beyond the border are zeros and count."""
    i = np.arange(5) - 2
    window = np.exp(-(i[:, None] ** 2 + i**2) / (2 * 1.5**2))
    window /= window.sum()
    height, width = x.shape
    x, y = np.pad(x, 2), np.pad(y, 2)
    values = []
    for row in range(height):
        for column in range(width):
            p, q = (image[row : row + 5, column : column + 5] for image in (x, y))
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * p * p).sum() - mp**2, (window * q * q).sum() - mq**2
            cov = (window * p * q).sum() - mp * mq
            values.append((2 * mp * mq + 1e-4) * (2 * cov + 9e-4) / ((mp**2 + mq**2 + 1e-4) * (vp + vq + 9e-4)))
    return float(np.mean(values))


def plain_distance(x: np.ndarray, y: np.ndarray) -> float:
    similar = np.mean([plain_ssim(p[0], q[0]) for p, q in zip(x, y, strict=True)])
    return float(np.sqrt(((x - y) ** 2).sum()) + int(np.sqrt(x.shape[-1] * x.shape[-2])) * (1 - similar))


@pytest.mark.parametrize("weights", [(20.0, 0.0), (3.0, 2.0)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_term(weights: tuple[float, float], dtype: torch.dtype) -> None:
    f, a, b = (torch.from_numpy(x).to(dtype) for x in (F, A, B))
    losses = {name: float(loss) for name, loss in fusion_losses(f, a, b, *weights).items()}
    intensity = float(np.abs(F - np.maximum(A, B)).mean())
    fields = [np.stack([plain_sobel(x[0]) for x in batch]) for batch in (F, A, B)]
    gradient = float(np.abs(fields[0] - np.maximum(fields[1], fields[2])).mean())
    structure = plain_distance(A, F) + plain_distance(B, F)
    assert losses["intensity_loss"] == pytest.approx(intensity, rel=1e-6)
    assert losses["gradient_loss"] == pytest.approx(gradient, rel=1e-6)
    assert losses["ssim_loss"] == pytest.approx(structure, rel=1e-6)
    assert losses["loss"] == pytest.approx(intensity + weights[0] * gradient + weights[1] * structure, rel=1e-6)


def test_signed_gap() -> None:
    """Both directions, and at each pixel the source whose gradient is larger in it."""
    kernel = np.outer([1, 2, 1], [-1, 0, 1])
    gaps = []
    for f, a, b in zip(F[:, 0], A[:, 0], B[:, 0], strict=True):
        for k in (kernel, kernel.T):
            of_f, of_a, of_b = (correlate2d(x, k, mode="same") for x in (f, a, b))
            gaps.append(np.abs(of_f - np.where(np.abs(of_a) >= np.abs(of_b), of_a, of_b)))
    f, a, b = (torch.from_numpy(x) for x in (F, A, B))
    found = float(signed_gap(f, a, b))
    assert found == pytest.approx(2 * np.mean(gaps), rel=1e-12)
    assert float(fusion_losses(f, a, b, signed=True)["gradient_loss"]) == found
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))  # beyond the border both are black
    assert torch.equal(sobel(a)[inner], sobel(-a)[inner])
    assert float(signed_gap(-a, a, a)) == pytest.approx(2 * float(sobel(a).mean()))


def test_sobel_and_ssim_alone() -> None:
    a, b = torch.from_numpy(A), torch.from_numpy(B)
    np.testing.assert_allclose(sobel(a)[1, 0].numpy(), plain_sobel(A[1, 0]), atol=1e-12)
    assert float(ssim(a[:1], b[:1])) == pytest.approx(plain_ssim(A[0, 0], B[0, 0]), abs=1e-12)
    assert float(ssim(a, a)) == pytest.approx(1)
    assert float(distance(a, a)) == pytest.approx(0, abs=1e-9)


def test_the_weight_of_ssim_at_the_published_size() -> None:
    black, white = torch.zeros(1, 1, 288, 384), torch.ones(1, 1, 288, 384)
    wanted = (288 * 384) ** 0.5 + 332 * (1 - float(ssim(black, white)))
    assert float(distance(black, white)) == pytest.approx(wanted, rel=1e-6)


def test_the_ssim_term_is_not_learnt_from_by_default() -> None:
    a, b = torch.from_numpy(A), torch.from_numpy(B)
    f = torch.from_numpy(F).requires_grad_()
    losses = fusion_losses(f, a, b)
    assert losses["loss"].requires_grad
    assert not losses["ssim_loss"].requires_grad
    assert fusion_losses(f, a, b, ssim_weight=1)["ssim_loss"].requires_grad
