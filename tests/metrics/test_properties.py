"""What every metric of the catalogue declares about itself, on random images; metrics that are added are tested too."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionbench.metrics import METRICS, Metric, evaluate

ALL = pytest.mark.parametrize("record", METRICS.values(), ids=METRICS)
SHAPE = (46, 51)  # an even and an odd side, just above what the most demanding metric needs
FEW = settings(max_examples=3, deadline=None, derandomize=True, database=None)
Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def declared(flag: str) -> pytest.MarkDecorator:
    """Parametrise over the metrics that declare the property."""
    records = {key: record for key, record in METRICS.items() if getattr(record, flag) not in (False, None)}
    return pytest.mark.parametrize("record", records.values(), ids=records)


def smooth(rng: np.random.Generator) -> np.ndarray:
    """A few waves and some noise."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / 50
    waves = sum(np.sin(2 * np.pi * (rng.uniform(-4, 4) * x + rng.uniform(-4, 4) * y + rng.random())) for _ in range(4))
    return 128 + 28 * waves + rng.normal(0, 4, SHAPE)


def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0, 256, SHAPE)


def blocks(rng: np.random.Generator) -> np.ndarray:
    """Flat patches with hard edges, some of them saturated."""
    return np.kron(rng.integers(-2, 10, (6, 6)) * 32.0, np.ones((9, 9)))[: SHAPE[0], : SHAPE[1]]


@st.composite
def triples(draw: st.DrawFn, *kinds: Callable[[np.random.Generator], np.ndarray]) -> Three:
    """Two different sources and a mixture of them, uint8."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    a, b = (draw(st.sampled_from(kinds or (smooth, noise, blocks)))(rng) for _ in range(2))
    share = draw(st.floats(0.1, 0.9))
    fused = share * a + (1 - share) * b + rng.normal(0, 2, SHAPE)
    return tuple(np.clip(np.rint(x), 0, 255).astype(np.uint8) for x in (fused, a, b))  # type: ignore[return-value]


def score(record: Metric, images: tuple) -> float:
    scores = evaluate(*images, metrics=[record.key])
    value = next(iter(scores.values()))
    assert str(value) != "-0.0"
    assert isnan(value) == bool(scores.reasons), "a NaN has a reason, and only a NaN"
    return value


def same(record: Metric, images: Three, change: Callable[[np.ndarray], np.ndarray], tolerance: float = 1e-9) -> None:
    changed = tuple(np.ascontiguousarray(change(image)) for image in images)
    assert score(record, changed) == pytest.approx(score(record, images), rel=tolerance, abs=tolerance, nan_ok=True)


@ALL
@FEW
@given(images=triples())
def test_range(record: Metric, images: Three) -> None:
    value, (low, high) = score(record, images), record.range
    assert isnan(value) or low - 1e-9 <= value <= high + 1e-9


@declared("identity")
@FEW
@given(images=triples())
def test_identity(record: Metric, images: Three) -> None:
    textured = images[1] // 2 + np.random.default_rng(0).integers(0, 128, SHAPE).astype(np.uint8)
    assert score(record, (textured,) * 3) == pytest.approx(record.identity, rel=1e-6, abs=1e-9)


@declared("symmetric")
@FEW
@given(images=triples())
def test_sources_may_be_swapped(record: Metric, images: Three) -> None:
    fused, a, b = images
    assert score(record, (fused, b, a)) == pytest.approx(score(record, images), rel=1e-9, abs=1e-9, nan_ok=True)


@declared("no_reference")
@FEW
@given(images=triples())
def test_sources_do_not_matter(record: Metric, images: Three) -> None:
    assert score(record, (images[0],) * 3) == score(record, images)


@declared("flips")
@FEW
@given(images=triples())
def test_mirrored_images_score_the_same(record: Metric, images: Three) -> None:
    same(record, images, np.fliplr)
    same(record, images, np.flipud)


@declared("transposes")
@FEW
@given(images=triples())
def test_transposed_images_score_the_same(record: Metric, images: Three) -> None:
    same(record, images, np.transpose)


BLACK, WHITE = np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)
GRAY = np.full(SHAPE, 7, np.uint8)
HALVES = np.where(np.arange(SHAPE[1]) < 20, 0, 255).astype(np.uint8) * np.ones((SHAPE[0], 1), np.uint8)
TEXTURE = np.random.default_rng(1).integers(0, 256, SHAPE).astype(np.uint8)
DEGENERATE = {
    "black": (BLACK, BLACK, BLACK),
    "white": (WHITE, WHITE, WHITE),
    "constant": (GRAY, GRAY, GRAY),
    "three constants": (GRAY, BLACK, WHITE),
    "identical": (TEXTURE, TEXTURE, TEXTURE),
    "saturated": (HALVES, HALVES, HALVES[:, ::-1]),
    "saturated, identical": (HALVES, HALVES, HALVES),
    "constant fused": (GRAY, TEXTURE, HALVES),
    "black fused": (BLACK, TEXTURE, HALVES),
    "one constant source": (TEXTURE, TEXTURE, BLACK),
    "constant sources": (TEXTURE, GRAY, WHITE),
    "negative": (255 - TEXTURE, TEXTURE, TEXTURE),
}


@ALL
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_images_give_a_number_or_a_reason(record: Metric, name: str) -> None:
    """Warnings are errors here; NaN is allowed where the metric says when its definition gives no value."""
    value, (low, high) = score(record, DEGENERATE[name]), record.range
    if isnan(value):
        assert record.undefined, f"NaN, but {record.key} declares a value for all images"
    else:
        assert low - 1e-9 <= value <= high + 1e-9


@pytest.mark.parametrize("name", DEGENERATE)
def test_no_value_of_tensors_is_negative_zero(name: str) -> None:
    images = [torch.from_numpy(x.astype(float)).requires_grad_() for x in DEGENERATE[name]]
    values = evaluate(*images, metrics=[*METRICS]).values()
    assert not any(value == 0 and torch.signbit(value) for value in values)


def test_entropy_of_a_constant_image_is_zero() -> None:
    assert str(evaluate(GRAY, TEXTURE, TEXTURE, metrics="EN")["EN"]) == "0.0"


def batch() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    a, b = (np.stack([smooth(rng), noise(rng), blocks(rng)]) for _ in range(2))
    fused = 0.6 * a + 0.4 * b
    return [np.clip(np.rint(x), 0, 255).astype(np.uint8) for x in (fused, a, b)]


@ALL
def test_a_batch_equals_the_loop(record: Metric) -> None:
    f, a, b = batch()
    together = next(iter(evaluate(f, a, b, metrics=[record.key], axes="NHW").values()))
    assert together.shape == (3,)
    assert together.dtype == np.float64
    np.testing.assert_array_equal(together, [score(record, three) for three in zip(f, a, b, strict=True)])


@ALL
def test_tensors_equal_arrays(record: Metric) -> None:
    """The gradient that is asked for keeps them tensors, the sources too."""
    images = batch()
    arrays = next(iter(evaluate(*images, metrics=[record.key], axes="NHW").values()))
    fused, a, b = (torch.from_numpy(x) for x in images)
    tensors = next(iter(evaluate(fused.double().requires_grad_(), a, b, metrics=[record.key], axes="NHW").values()))
    assert isinstance(tensors, torch.Tensor)
    assert tensors.dtype == torch.float64
    np.testing.assert_allclose(tensors.detach().numpy(), arrays, rtol=1e-6, atol=1e-9)


@declared("differentiable")
def test_gradient(record: Metric) -> None:
    """The derivative along random directions, against finite differences in double precision."""
    rng = np.random.default_rng(4)
    side = max(record.min_size, 12)
    b, a = (rng.uniform(20, 230, (1, side, side + 1)) for _ in range(2))
    f, a, b = (torch.from_numpy(x) for x in (0.5 * a + 0.5 * b + rng.normal(0, 3, a.shape), a, b))

    def value(fused: torch.Tensor) -> torch.Tensor:
        return next(iter(evaluate(fused, a, b, metrics=[record.key]).values()))

    assert torch.autograd.gradcheck(value, f.requires_grad_(), fast_mode=True, eps=1e-4, atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("record", [m for m in METRICS.values() if not m.differentiable], ids=lambda m: m.key)
def test_no_gradient_without_declaration(record: Metric) -> None:
    """A gradient that nobody checked would train something else."""
    images = [torch.from_numpy(x.astype(np.float64)).requires_grad_() for x in batch()]
    assert not next(iter(evaluate(*images, metrics=[record.key], axes="NHW").values())).requires_grad
