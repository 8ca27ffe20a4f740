"""Feature mutual information against a plain reading: loops over windows and over pairs of positions."""

from __future__ import annotations

from math import log2, sqrt

import numpy as np
import pytest
import pywt
import torch
from scipy.fft import dctn

from fusionbench.metrics import METRICS, Image, Triple
from fusionbench.metrics.formulas.fmi import binary_information, feature_information
from fusionbench.metrics.formulas.fmi_features import cosines, directed_edges, edges, horizontal_gradient, wavelets

NAMES = [key for key in METRICS if key.startswith("FMI_")]


def triple(*images: np.ndarray) -> Triple:
    return Triple(*(Image(np.asarray(image, dtype=np.float64)[None]) for image in images))


def scene(seed: int, shape: tuple[int, int] = (9, 11), levels: int = 256) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, levels, shape).astype(float) for _ in range(2))
    return [np.rint(0.7 * a + 0.3 * b), a, b]


def distribution(samples: list[float]) -> list[float]:
    low, high = min(samples), max(samples)
    scaled = [1.0] * 9 if low == high else [(x - low) / (high - low) for x in samples]
    total = 0.0
    for x in scaled:
        total += x
    return [x / total for x in scaled]


def entropy(masses: list[float]) -> float:
    return -sum(m * log2(abs(m)) for m in masses if m)


def deviation(p: list[float]) -> float:
    mean = sum((k + 1) * m for k, m in enumerate(p))
    return sqrt(max(sum((k + 1) ** 2 * m for k, m in enumerate(p)) - mean**2, 0))


def information(f: list[float], s: list[float]) -> float:
    """Nelsen's mixture of a Frechet bound with independence, cell by cell."""
    cf, cs = np.cumsum(f), np.cumsum(s)
    mf, ms = sum(f) / 9, sum(s) / 9
    power = sqrt(sum((x - mf) ** 2 for x in f) * sum((x - ms) ** 2 for x in s))
    c = sum((x - mf) * (y - ms) for x, y in zip(f, s, strict=True)) / power if power else 0.0
    bound = np.minimum.outer(cf, cs) if c >= 0 else np.maximum(np.add.outer(cf, cs) - 1, 0)
    spread = deviation(f) * deviation(s)
    weight = c * spread / (bound - np.outer(cf, cs)).sum() if c and spread else 0.0
    cumulated = np.pad(weight * bound + (1 - weight) * np.outer(cf, cs), ((1, 0), (1, 0)))
    joint = np.diff(np.diff(cumulated, axis=0), axis=1)
    joint[np.abs(joint) < 1e-15] = 0
    both = entropy(f) + entropy(s)
    return 2 * (both - entropy(list(joint.ravel()))) / both if both else 0.0


def plain(f: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    found = []
    for y in range(f.shape[0] - 2):
        for x in range(f.shape[1] - 2):
            wf, wa, wb = ([float(v) for v in i[y : y + 3, x : x + 3].T.ravel()] for i in (f, a, b))
            pf, pa, pb = distribution(wf), distribution(wa), distribution(wb)
            stretched = [1.0] * 9 if min(wf) == max(wf) else [(v - min(wf)) / (max(wf) - min(wf)) for v in wf]
            from_a = 1.0 if wa == wf else information(pf, pa)
            from_b = 1.0 if wb == (wf if wa == wf else stretched) else information(pf, pb)
            found.append((from_a + from_b) / 2)
    return sum(found) / len(found)


@pytest.mark.parametrize("seed", range(4))
def test_matches_the_plain_reading(seed: int) -> None:
    f, a, b = scene(seed, levels=256 if seed % 2 else 6)
    got = METRICS["FMI_none@tang"].compute(triple(f, a, b))[0]
    assert got == pytest.approx(plain(f, a, b), rel=1e-10)


def test_weights_above_one_occur_and_are_kept() -> None:
    """Clipping the weight at 1 changes the value: the test image must have windows that tell."""
    f, a, b = scene(1)
    wide = [np.kron(i, np.ones((1, 2))) for i in (f, a, b)]
    assert METRICS["FMI_none@tang"].compute(triple(*wide))[0] == pytest.approx(plain(*wide), rel=1e-10)


def test_windows_equal_to_the_fused_one_score_one() -> None:
    f, _, b = scene(2)
    assert METRICS["FMI_none@tang"].compute(triple(f, f, f))[0] == pytest.approx(1, abs=1e-12)
    half = METRICS["FMI_none@tang"].compute(triple(f, f, b))[0]
    assert half == pytest.approx(plain(f, f, b), rel=1e-10)
    assert 0.5 < half < 1


def test_constant_windows_correlate_by_the_rounding_of_sequential_sums() -> None:
    grounds = [np.full((5, 5), level) for level in (10.0, 20.0, 30.0)]
    assert METRICS["FMI_none@tang"].compute(triple(*grounds))[0] == pytest.approx(1, abs=1e-12)


def test_features() -> None:
    image = Image(np.random.default_rng(0).integers(0, 256, (2, 12, 15)).astype(float))
    np.testing.assert_allclose(horizontal_gradient(image), np.gradient(image.data, axis=2), atol=1e-12)
    np.testing.assert_allclose(cosines(image), dctn(image.data, axes=(1, 2), norm="ortho"), atol=1e-10)
    approximation, (horizontal, vertical, diagonal) = pywt.dwt2(image.data[1], "dmey", "symmetric")
    bands = np.block([[approximation, horizontal], [vertical, diagonal]])
    np.testing.assert_allclose(wavelets(image)[1], (bands - bands.min()) / np.ptp(bands), atol=1e-12)


@pytest.mark.parametrize("view", [edges, directed_edges])
def test_a_step_has_one_edge(view) -> None:
    step = np.zeros((9, 12))
    step[:, 5] = 80
    step[:, 6:] = 200
    found = view(Image(step[None]))[0]
    assert found.sum() == 9
    assert (found[:, 5] == 1).all()


@pytest.mark.parametrize("view", [edges, directed_edges])
def test_each_pattern_once_is_every_window(view) -> None:
    smooth = [np.kron(image, np.ones((3, 3))) for image in scene(3)]
    images = triple(*smooth)
    assert binary_information(images, view)[0] == pytest.approx(feature_information(images, view)[0], rel=1e-12)


def test_the_sources_cannot_be_swapped() -> None:
    """After the comparison with a, b is compared with the stretched window: here b is that window."""
    f = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8.0]])
    scaled, other = f / 8, f[::-1] * 3
    first = METRICS["FMI_none@tang"].compute(triple(f, other, scaled))[0]
    assert first == pytest.approx(plain(f, other, scaled), rel=1e-10)
    assert METRICS["FMI_none@tang"].compute(triple(f, f, scaled))[0] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("key", NAMES)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_images_give_a_number(key: str, level: int) -> None:
    flat, (_, a, b) = np.full((9, 11), float(level)), scene(5)
    for images in ((flat, flat, flat), (flat, a, b), (a, flat, b)):
        assert -1e-9 <= METRICS[key].compute(triple(*images))[0] <= 1 + 1e-9


@pytest.mark.parametrize("key", NAMES)
def test_tensors_batches_and_arrays_agree(key: str) -> None:
    scenes = [scene(seed, (12, 14)) for seed in range(3)]
    single = [METRICS[key].compute(triple(*images))[0] for images in scenes]
    stacked = [np.stack(images) for images in zip(*scenes, strict=True)]
    np.testing.assert_allclose(METRICS[key].compute(Triple(*map(Image, stacked))), single, rtol=1e-12)
    tensors = Triple(*(Image(torch.as_tensor(images)) for images in stacked))
    np.testing.assert_allclose(METRICS[key].compute(tensors).numpy(), single, rtol=1e-9)
