"""What a metric does wrong is its own NaN, with its reason: the other metrics and images keep their values."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from math import isnan
from typing import Any

import numpy as np
import pytest
import torch

from fusionbench.errors import InputError, RunError
from fusionbench.metrics import METRICS, Triple, evaluate, metric, prepare

Toy = Callable[[Callable[[Triple], Any]], str]
F, A, B = (np.random.default_rng(seed).integers(0, 256, (20, 30)).astype(np.uint8) for seed in range(3))
WANTED = evaluate(F, A, B, metrics="EN,SF")


@pytest.fixture
def toy() -> Iterator[Toy]:
    """Registers a metric for the time of a test."""

    def register(compute: Callable[[Triple], Any]) -> str:
        metric("TOY", "toy", reference="none", no_reference=True)(compute)
        return "TOY@toy"

    yield register
    METRICS.pop("TOY@toy", None)


def raising(error: BaseException) -> Callable[[Triple], Any]:
    def compute(t: Triple) -> Any:
        raise error

    return compute


def singular(t: Triple) -> Any:
    return np.linalg.inv(np.zeros((2, 2)))


def recursive(t: Triple) -> Any:
    return recursive(t)


def warning(t: Triple) -> Any:
    warnings.warn("two\nlines", stacklevel=1)
    return t.fused.data[:, 0, 0]


FAILURES: list[tuple[Callable[[Triple], Any], str]] = [
    (raising(ValueError("no such thing")), "ValueError: no such thing"),
    (lambda t: 1 // 0, "ZeroDivisionError: "),
    (raising(MemoryError()), "MemoryError"),
    (raising(SystemExit(3)), "SystemExit: 3"),
    (raising(StopIteration()), "StopIteration"),
    (raising(KeyError("x")), "KeyError: 'x'"),
    (raising(InputError("fused is too small for toys")), "fused is too small for toys"),
    (raising(RunError("toys are out")), "toys are out"),
    (raising(ValueError("many " * 500)), "ValueError: many many"),
    (singular, "LinAlgError: Singular matrix"),
    (recursive, "RecursionError: "),
    (warning, "UserWarning: two lines"),
    (lambda t: None, r"it returned a NoneType: a metric gives a float64 (array|tensor) of shape \(1,\)"),
    (lambda t: "7", "it returned a str: "),
    (lambda t: True, "it returned a bool: "),
    (lambda t: 1j, "it returned a complex: "),
    (lambda t: [1.0], "it returned a list: "),
    (lambda t: {"value": 1}, "it returned a dict: "),
    (lambda t: t.xp.zeros(7), r"it returned shape \(7,\): a metric gives"),
    (lambda t: t.xp.zeros((1, 1)), r"it returned shape \(1, 1\): "),
    (lambda t: t.fused.data, r"it returned shape \(1, 20, 30\)"),
    (lambda t: t.xp.zeros(0), r"it returned shape \(0,\): "),
    (lambda t: t.xp.zeros(1) + 1j, "it returned numbers of type (torch.)?complex"),
    (lambda t: t.xp.zeros(1) > 0, "it returned numbers of type (torch.)?bool"),
    (lambda t: np.array(["a"]), "it returned (numbers of type <U1|a ndarray)"),
    (lambda t: np.array([None]), "it returned (numbers of type object|a ndarray)"),
    (
        lambda t: torch.zeros(1) if isinstance(t.fused.data, np.ndarray) else np.zeros(1),
        "it returned a (Tensor|ndarray)",
    ),
    (lambda t: t.xp.nan * t.fused.data[:, 0, 0], "the definition gives no value for these images"),
]


def tracked(x: np.ndarray) -> torch.Tensor:
    """A tensor that metrics see as one: without a gradient to hand on it would be an array to them."""
    return torch.from_numpy(x.astype(float)).requires_grad_()


@pytest.mark.parametrize("tensors", [False, True])
@pytest.mark.parametrize(("compute", "reason"), FAILURES, ids=[reason[:30] for _, reason in FAILURES])
def test_a_failing_metric_is_nan_with_its_reason(
    toy: Toy, compute: Callable[[Triple], Any], reason: str, tensors: bool
) -> None:
    key = toy(compute)
    images = [tracked(x) for x in (F, A, B)] if tensors else [F, A, B]
    for scores in (
        evaluate(*images, metrics=["EN", key, "SF"]),
        evaluate(images[0], prepare(*images[1:]), metrics=["EN", key, "SF"]),
    ):
        assert list(scores) == ["EN", key, "SF"]
        assert isnan(scores[key])
        assert pytest.approx(WANTED) == {
            name: scores[name].item() if tensors else scores[name] for name in ("EN", "SF")
        }
        assert list(scores.reasons) == [key]
        assert re.match(reason, scores.reasons[key]), scores.reasons
        assert "\n" not in scores.reasons[key]
        assert len(scores.reasons[key]) < 400


def test_ctrl_c_ends_the_call(toy: Toy) -> None:
    key = toy(raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        evaluate(F, A, B, metrics=["EN", key])


@pytest.mark.parametrize("tensors", [False, True])
@pytest.mark.parametrize("colour", [False, True])
def test_the_other_images_of_a_batch_keep_their_values(toy: Toy, tensors: bool, colour: bool) -> None:
    def brightest(t: Triple) -> Any:
        """Fail for an image with a black corner."""
        if bool((t.fused.data[:, 0, 0] == 0).any()):
            raise ValueError("a black corner")
        return t.fused.data.reshape(len(t.fused.data), -1).max(1) if not tensors else t.fused.data.amax(dim=(1, 2))

    key = toy(brightest)
    rng = np.random.default_rng(0)
    batch = rng.integers(1, 200, (5, 20, 30, 3) if colour else (5, 20, 30)).astype(np.uint8)
    batch[3, 0, 0] = 0
    given = batch.transpose(0, 3, 1, 2) if tensors and colour else batch
    images = [tracked(given)] * 3 if tensors else [given] * 3
    protocol = "vifb" if colour else "film"
    scores = evaluate(*images, protocol=protocol, metrics=[key])
    wanted = batch.reshape(5, -1).max(1).astype(float) if not colour else batch.max(axis=(1, 2)).mean(axis=1)
    wanted[3] = np.nan
    np.testing.assert_allclose(np.asarray(scores[key]), wanted)
    assert scores.reasons == {key: "ValueError: a black corner"}


def test_different_reasons_are_all_told(toy: Toy) -> None:
    def fail(t: Triple) -> Any:
        raise ValueError(f"corner {t.fused.data[0, 0, 0]:.0f}")

    key = toy(fail)
    batch = np.repeat(np.arange(2, 8, dtype=np.uint8), 600).reshape(6, 20, 30)
    told = "ValueError: corner 2; ValueError: corner 3; ValueError: corner 4; and 3 other reasons"
    for images in ([batch] * 3, [torch.from_numpy(batch)] * 3, [tracked(batch)] * 3):
        assert evaluate(*images, metrics=[key]).reasons == {key: told}


def test_a_metric_of_one_image_serves_batches_of_tensors(toy: Toy) -> None:
    key = toy(lambda t: t.fused.data.max())  # one number, where one for each image is due
    batch = np.random.default_rng(0).integers(0, 256, (4, 20, 30)).astype(np.uint8)
    wanted = batch.max(axis=(1, 2)).astype(float)
    for images in ([batch] * 3, [torch.from_numpy(batch)] * 3, [tracked(batch)] * 3):
        scores = evaluate(*images, metrics=[key])
        np.testing.assert_array_equal(np.asarray(scores[key]), wanted)
        assert scores.reasons == {}


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, np.float16])
def test_any_real_numbers_will_do(toy: Toy, dtype: type) -> None:
    key = toy(lambda t: np.full(1, 7, dtype) if isinstance(t.fused.data, np.ndarray) else torch.full((1,), 7))
    assert evaluate(F, A, B, metrics=[key])[key] == 7.0
    for fused in (torch.from_numpy(F), tracked(F)):
        assert evaluate(fused, A, B, metrics=[key])[key].dtype == torch.float64


def test_negative_zero_is_zero(toy: Toy) -> None:
    key = toy(lambda t: t.fused.data[:, 0, 0] * -0.0)
    assert str(evaluate(F, A, B, metrics=[key])[key]) == "0.0"
    for fused in (torch.from_numpy(F), tracked(F)):
        assert not torch.signbit(evaluate(fused, A, B, metrics=[key])[key])


def test_a_failed_metric_has_no_gradient_to_give(toy: Toy) -> None:
    key = toy(raising(ValueError("no")))
    fused = torch.from_numpy(F.astype(np.float32)).requires_grad_()
    scores = evaluate(fused, A, B, metrics=[key, "MSE"])
    scores["MSE"].backward()
    assert not scores[key].requires_grad
    assert fused.grad is not None
