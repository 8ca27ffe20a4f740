"""The conventions of VIFB against plain readings, and what the protocol does with colour."""

from __future__ import annotations

from collections import Counter
from math import inf, isnan, log, log2, log10, sqrt

import numpy as np
import pytest
from scipy.ndimage import correlate

from fusionbench.metrics import METRICS, Image, Triple, evaluate, get_protocol


def scene(seed: int, shape: tuple[int, ...] = (13, 17)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 256, shape).astype(float) for _ in range(2))
    return [np.rint(0.6 * a + 0.4 * b), a, b]


def value(name: str, images: list[np.ndarray]) -> float:
    return float(METRICS[f"{name}@vifb"].compute(Triple(*(Image(image[None]) for image in images)))[0])


def frequencies(image: np.ndarray) -> dict[float, float]:
    return {level: count / image.size for level, count in Counter(image.ravel().tolist()).items()}


def test_cross_entropy_skips_levels_of_one_image() -> None:
    f, a, b = scene(0)
    q = frequencies(f)
    want = [sum(p * log2(p / q[v]) for v, p in frequencies(source).items() if v in q) for source in (a, b)]
    assert value("Cross_entropy", [f, a, b]) == pytest.approx(sum(want) / 2, rel=1e-12)
    assert value("Cross_entropy", [np.full_like(f, 3.0), np.full_like(f, 4.0), np.full_like(f, 5.0)]) == 0


def test_mutual_information_is_in_nats() -> None:
    f, a, b = scene(1)
    want = 0.0
    for source in (a, b):
        pairs = Counter(zip(f.ravel().tolist(), source.ravel().tolist(), strict=True))
        p, q = frequencies(f), frequencies(source)
        want += sum(n / f.size * log(n / f.size / (p[x] * q[y])) for (x, y), n in pairs.items())
    assert value("Mutinf", [f, a, b]) == pytest.approx(want, rel=1e-12)


def test_errors_are_roots_of_sums() -> None:
    f, a, b = scene(2)
    want = sum(sqrt(((source - f) ** 2).sum()) / f.size for source in (a, b)) / 2
    assert value("Rmse", [f, a, b]) == pytest.approx(want, rel=1e-13)
    assert value("Psnr", [f, a, b]) == pytest.approx(20 * log10(255 / sqrt(want)), rel=1e-13)
    with np.errstate(divide="ignore"):
        assert value("Psnr", [f, f, f]) == inf


def test_gradients() -> None:
    f, a, b = scene(3)
    down, along = np.gradient(f)
    average = np.sqrt((along**2 + down**2) / 2).sum() / (12 * 16)
    assert value("Avg_gradient", [f, a, b]) == pytest.approx(average, rel=1e-12)
    kernel = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]])
    slopes = [correlate(f, k, mode="nearest") for k in (kernel, kernel.T)]
    assert value("Edge_intensity", [f, a, b]) == pytest.approx(np.hypot(*slopes).mean(), rel=1e-12)
    assert value("Variance", [f, a, b]) == pytest.approx(f.std(), rel=1e-12)


def test_edge_transfer_where_strengths_are_equal() -> None:
    """A mirrored ramp has the sources' strengths: then the strength is taken for the ratio, in units of 1/255."""
    ramp = np.tile(np.arange(12.0), (12, 1))
    values = {name: METRICS[name].compute(Triple(*(Image(ramp[None]) for _ in range(3))))[0] for name in
              ("Qabf@vifb", "Qabf@film")}  # fmt: skip
    assert values["Qabf@vifb"] == pytest.approx(values["Qabf@film"], rel=1e-6)
    faint = [np.pad(np.ones((1, 1)), 5) for _ in range(3)]
    film, vifb = (METRICS[f"Qabf@{c}"].compute(Triple(*(Image(i[None]) for i in faint)))[0] for c in ("film", "vifb"))
    assert vifb == pytest.approx(0.9994 * 0.9879 / (1 + np.exp(-4.4)), rel=1e-9)
    assert 1e-7 < vifb - film < 1e-6


def test_spatial_frequency_counts_the_seams_of_the_channels() -> None:
    fused, a, b = (image.astype(np.uint8) for image in scene(4, (13, 17, 3)))
    wide = np.concatenate([fused[..., k] for k in range(3)], axis=1).astype(float)
    squares = (np.diff(wide, axis=0) ** 2).sum() + (np.diff(wide, axis=1) ** 2).sum()
    got = evaluate(fused, a, b, protocol="vifb", metrics="Spatial_frequency")["Spatial_frequency"]
    assert got == pytest.approx(sqrt(squares / wide.size), rel=1e-12)


def test_protocol_takes_the_mean_of_the_channels() -> None:
    fused, a, b = (image.astype(np.uint8) for image in scene(5, (24, 26, 3)))
    infrared = a[..., 0]
    scores = evaluate(fused, infrared, b, protocol="vifb")
    assert list(scores) == [key.partition("@")[0] for key in get_protocol("vifb").metrics]
    assert len(scores) == 13
    for name in set(scores) - {"Spatial_frequency"}:
        channels = [value(name, [fused[..., k] * 1.0, infrared * 1.0, b[..., k] * 1.0]) for k in range(3)]
        assert scores[name] == pytest.approx(np.mean(channels), rel=1e-10)


def test_constant_images_have_a_value_or_a_reason() -> None:
    for level in (0, 128, 255):
        flat = np.full((24, 30), level, dtype=np.uint8)
        scores = evaluate(flat, flat, flat, protocol="vifb")
        # zeros surround the image, so that only black has no edge at all
        undefined = {"Qcb", "Qcv"} if level else {"Qcb", "Qcv", "Qabf"}
        assert {name for name, score in scores.items() if isnan(score)} == undefined
        assert set(scores.reasons) == undefined
