"""The conventions of Tang's code, today's and that of 2022, against plain readings."""

from __future__ import annotations

from collections import Counter
from math import exp, isnan, log2, log10, sqrt

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from skimage.metrics import structural_similarity

from fusionbench.metrics import METRICS, Image, Triple, evaluate, get_protocol


def scene(seed: int, shape: tuple[int, int] = (13, 17), top: int = 256) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, top, shape).astype(float) for _ in range(2))
    return [np.rint(0.6 * a + 0.4 * b), a, b]


def value(key: str, images: list[np.ndarray]) -> float:
    return float(METRICS[key].compute(Triple(*(Image(image[None]) for image in images)))[0])


def bits(*images: np.ndarray) -> float:
    counts = Counter(zip(*(image.ravel().tolist() for image in images), strict=True))
    return -sum(n / images[0].size * log2(n / images[0].size) for n in counts.values())


def test_mutual_information_merges_white_in_the_joint_histogram_only() -> None:
    f, a, b = (np.where(image > 200, 254 + image % 2, image) for image in scene(0))
    want = sum(bits(s) + bits(f) - bits(np.minimum(s, 254), np.minimum(f, 254)) for s in (a, b))
    plain = sum(bits(s) + bits(f) - bits(s, f) for s in (a, b))
    assert want - plain > 0.01
    for convention in ("tang", "tang2022"):
        assert value(f"MI@{convention}", [f, a, b]) == pytest.approx(want, rel=1e-12)


def test_errors_mix_units() -> None:
    f, a, b = scene(1)
    mse = (((f - a) / 255) ** 2).mean() / 2 + (((f - b) / 255) ** 2).mean() / 2
    assert value("MSE@tang", [f, a, b]) == pytest.approx(mse, rel=1e-12)
    assert value("PSNR@tang2022", [f, a, b]) == pytest.approx(20 * log10(255 / sqrt(mse)), rel=1e-12)


def test_spatial_frequency_on_0_to_1_in_2022() -> None:
    f, a, b = scene(2)
    want = sqrt((np.diff(f, axis=0) ** 2).mean() + (np.diff(f, axis=1) ** 2).mean())
    assert value("SF@tang", [f, a, b]) == pytest.approx(want, rel=1e-12)
    assert value("SF@tang2022", [f, a, b]) == pytest.approx(want / 255, rel=1e-12)


def test_similarity_has_the_constants_of_a_range_of_1() -> None:
    f, a, b = scene(3, (21, 23))
    full = []
    for source in (a, b):
        padded = [np.pad(image, 5, mode="edge") for image in (f, source)]
        _, index = structural_similarity(*padded, data_range=1, gaussian_weights=True, sigma=1.5, truncate=3.4,
                                         use_sample_covariance=False, full=True)  # fmt: skip
        full.append(index[5:-5, 5:-5].mean())
    assert value("SSIM@tang", [f, a, b]) == pytest.approx(np.mean(full), rel=1e-9)


def integers(x: np.ndarray) -> np.ndarray:
    """MATLAB's uint8: rounded half away from zero, cut to 0..255."""
    return np.clip(np.floor(np.abs(x) + 0.5) * np.sign(x), 0, 255)


def test_deviation_of_integers_that_stop_at_255() -> None:
    f, a, b = scene(4)
    squares = integers(integers(f - f.mean()) ** 2)
    assert value("SD@tang2022", [f, a, b]) == pytest.approx(sqrt(squares.mean()), rel=1e-12)
    assert value("SD@tang", [f, a, b]) == pytest.approx(f.std(), rel=1e-12)


def vifp(source: np.ndarray, fused: np.ndarray) -> float:
    above = below = 0.0
    for scale, size in enumerate((17, 9, 5, 3)):
        x = np.arange(size) - size // 2
        window = np.exp(-(x[:, None] ** 2 + x[None] ** 2) / (2 * (size / 5) ** 2))
        window /= window.sum()

        def blurred(image: np.ndarray, window: np.ndarray = window) -> np.ndarray:
            return np.asarray(convolve2d(image, window, mode="valid"))

        if scale:
            source, fused = blurred(source)[::2, ::2], blurred(fused)[::2, ::2]
        cut = integers if scale == 0 else lambda image: image
        ms, mf = blurred(source), blurred(fused)
        vs = np.maximum(blurred(cut(source * source)) - ms * ms, 0)
        vf = np.maximum(blurred(cut(fused * fused)) - mf * mf, 0)
        covariance = blurred(cut(source * fused)) - ms * mf
        gain = covariance / (vs + 1e-10)
        rest = vf - gain * covariance
        gain, rest, vs = np.where(vs < 1e-10, 0, gain), np.where(vs < 1e-10, vf, rest), np.where(vs < 1e-10, 0, vs)
        gain, rest = np.where(vf < 1e-10, 0, gain), np.where(vf < 1e-10, 0, rest)
        rest, gain = np.where(gain < 0, vf, rest), np.where(gain < 0, 0, gain)
        rest = np.maximum(rest, 1e-10)
        above += np.log10(1 + gain**2 * vs / (rest + 2)).sum()
        below += np.log10(1 + vs / 2).sum()
    return float(above / below)


@pytest.mark.parametrize("top", [12, 60, 256])
def test_visual_information_of_integers_that_stop_at_255(top: int) -> None:
    f, a, b = scene(5, (46, 48), top)
    assert value("VIF@tang2022", [f, a, b]) == pytest.approx(vifp(a, f) + vifp(b, f), rel=1e-8)


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


def test_edge_transfer_in_the_order_of_2022() -> None:
    f, a, b = (np.kron(i, np.ones((2, 2))) for i in scene(6, (9, 8), 5))
    above = below = 0.0
    for y, x in np.ndindex(f.shape):
        gf, af = edge(f / 255, y, x)
        for source in (a, b):
            gs, angle = edge(source / 255, y, x)
            ratio = gf if gf == gs else min(gf, gs) / max(gf, gs)
            closeness = 1 - abs(angle - af) / (np.pi / 2)
            q = 0.9994 / (1 + exp(-15 * (ratio - 0.5))) * 0.9879 / (1 + exp(-22 * (closeness - 0.8)))
            above, below = above + q * gs, below + gs
    assert value("Qabf@tang2022", [f, a, b]) == pytest.approx(above / below, rel=1e-12)
    tensors = Triple(*(Image(torch.as_tensor(i[None])) for i in (f, a, b)))
    assert METRICS["Qabf@tang2022"].compute(tensors).item() == pytest.approx(above / below, rel=1e-12)


@pytest.mark.parametrize("protocol", ["tang", "tang2022"])
def test_constant_images_have_a_value_or_a_reason(protocol: str) -> None:
    names = {key.partition("@")[0] for key in get_protocol(protocol).metrics if "FMI" not in key}
    for level in (0, 128, 255):
        flat = np.full((48, 50), level, dtype=np.uint8)
        scores = evaluate(flat, flat, flat, protocol=protocol, metrics=sorted(names))
        without = {name for name, score in scores.items() if isnan(score)}
        # zeros surround the image, so that only black has no edge at all
        assert without == {"CC", "SCD", "VIF"} | ({"Qabf"} if level == 0 else set())
        assert set(scores.reasons) == without


@pytest.mark.parametrize("protocol", ["tang", "tang2022", "vifb"])
def test_tensors_agree_with_arrays(protocol: str) -> None:
    images = [np.stack([scene(seed, (50, 52))[k] for seed in range(2)]) for k in range(3)]
    arrays = evaluate(*images, protocol=protocol)
    tensors = evaluate(*(torch.as_tensor(image) for image in images), protocol=protocol)
    for name, scores in arrays.items():
        np.testing.assert_allclose(tensors[name].numpy(), scores, rtol=1e-7, atol=1e-12, err_msg=name)
