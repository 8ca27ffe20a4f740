"""Q_S, Q_C, Q_Y and Piella's indices read plainly, with loops over the windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .registry import gaussian, reading, windows


def moments(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, float, float, float, float]:
    mx, my = (w * x).sum(), (w * y).sum()
    return mx, my, (w * (x - mx) ** 2).sum(), (w * (y - my) ** 2).sum(), (w * (x - mx) * (y - my)).sum()


def ssim(x: np.ndarray, y: np.ndarray, w: np.ndarray, c1: float, c2: float) -> float:
    mx, my, vx, vy, c = moments(x, y, w)
    return float((2 * mx * my + c1) * (2 * c + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))


def piella_like(
    images: list[np.ndarray], size: int, w: np.ndarray, index: Callable[..., float], weighted: bool
) -> float:
    above = below = 0.0
    for f, a, b in windows(size, *images):
        _, _, va, vb, _ = moments(a, b, w)
        share = va / (va + vb) if va + vb > 1e-9 else 0.5
        salience = max(va, vb) if weighted else 1.0
        above += salience * (share * index(f, a, w) + (1 - share) * index(f, b, w))
        below += salience
    return above / below


def ssim_255(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    return ssim(x, y, w, 2.55**2, 7.65**2)


def universal(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    mx, my, vx, vy, c = moments(x, y, w)
    luminance = 2 * mx * my / (mx**2 + my**2) if mx**2 + my**2 > 0 else 1.0
    return luminance * (2 * c / (vx + vy) if vx + vy > 1e-9 else 1.0)


def prewitt(x: np.ndarray) -> np.ndarray:
    p = np.pad(x, 1)
    h, w = x.shape
    out = np.zeros_like(x)
    for i in range(h):
        for j in range(w):
            n = p[i : i + 3, j : j + 3]
            out[i, j] = np.hypot(n[:, 2].sum() - n[:, 0].sum(), n[2].sum() - n[0].sum())
    return out


SSIM, INDEX = (11, gaussian(11, 1.5), ssim_255), (8, np.full((8, 8), 1 / 64), universal)
for _name, _part in (("Q_S@liu", SSIM), ("Q@piella", INDEX)):
    reading(_name)(lambda f, a, b, part=_part: piella_like([f, a, b], *part, False))
for _name, _part in (("Q_S_weighted@liu", SSIM), ("Q_W@piella", INDEX)):
    reading(_name)(lambda f, a, b, part=_part: piella_like([f, a, b], *part, True))
for _name, _part in (("Q_S_edge@liu", SSIM), ("Q_E@piella", INDEX)):
    reading(_name)(
        lambda f, a, b, part=_part: (
            piella_like([f, a, b], *part, True) * piella_like([prewitt(x) for x in (f, a, b)], *part, True)
        )
    )


@reading("Q_C@liu")
def q_c(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    w, values = gaussian(7, 1.5), []
    for wf, wa, wb in windows(7, f, a, b):
        cov_a, cov_b = moments(wa, wf, w)[4], moments(wb, wf, w)[4]
        s = cov_a / (cov_a + cov_b)
        mixed = s * ssim(wa, wf, w, 2e-16, 2e-16) + (1 - s) * ssim(wb, wf, w, 2e-16, 2e-16)
        values.append(0.0 if s < 0 else 1.0 if s > 1 else mixed)
    return float(np.mean(values))


@reading("Q_Y@liu")
def q_y(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    w, values = gaussian(7, 1.5), []
    for wf, wa, wb in windows(7, f, a, b):
        like_a, like_b, alike = (ssim(x, y, w, 2e-16, 2e-16) for x, y in ((wa, wf), (wb, wf), (wa, wb)))
        _, _, va, vb, _ = moments(wa, wb, w)
        share = va / (va + vb)
        values.append(share * like_a + (1 - share) * like_b if alike >= 0.75 else max(like_a, like_b))
    return float(np.mean(values))
