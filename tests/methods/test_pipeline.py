"""From two sources to the fused image; and what happens when a method fails."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.datasets.images import read, to_gray
from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError, RunError
from fusionbench.methods import Method, default_methods, fuse_pair, get_method
from fusionbench.methods.method import Gray


class Gives(Method):
    """Returns what it is told to."""

    name = "gives"

    def __init__(self, what: Any = None) -> None:
        self.what = what

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Any:
        self.context = context
        return self.what(a) if callable(self.what) else self.what

    def _default_label(self) -> str:
        return self.name


def sources(shape: tuple[int, ...] = (10, 12)) -> tuple[Any, Any, Pair]:
    random = np.random.default_rng(0)
    a, b = (random.integers(0, 256, shape).astype(np.uint8) for _ in range(2))
    return a, b, Pair("street", a, b, "IVF")


def with_one(value: float) -> Any:
    def change(a: Gray) -> Gray:
        a = a.copy()
        a[0, 0, 0, 0] = value
        return a

    return change


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        (None, "it returned a NoneType; return a NumPy array of shape (1, 1, 10, 12), float32 in [0, 1]"),
        (lambda a: a[0], "it returned shape (1, 10, 12); return (1, 1, 10, 12), the shape of the sources"),
        (lambda a: a[..., :-1], "it returned shape (1, 1, 10, 11); return (1, 1, 10, 12), the shape of the sources"),
        (lambda a: (a * 255).astype(np.uint8), "it returned uint8; return float32 in [0, 1]"),
        (lambda a: a.astype(complex), "it returned complex128; return float32 in [0, 1]"),
        (with_one(np.nan), "it returned NaN or infinity in 1 of 120 pixels"),
        (with_one(np.inf), "it returned NaN or infinity in 1 of 120 pixels"),
        (lambda a: np.full_like(a, 250), "it returned values up to 250; return float32 in [0, 1], not 0..255"),
        (lambda a: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda a: (_ for _ in ()).throw(MemoryError()), "MemoryError"),
    ],
)
def test_failures_name_the_method_and_the_pair(what: Any, problem: str) -> None:
    with pytest.raises(RunError) as caught:
        fuse_pair(Gives(what), *sources())
    assert str(caught.value) == f"method 'gives' failed on pair 'street': {problem}"
    assert caught.value.exit_code == 1


def test_a_wrong_set_up_is_not_a_failed_pair() -> None:
    def no_weights(a: Gray) -> Gray:
        raise InputError("no weights at x.safetensors")

    with pytest.raises(InputError, match=r"^no weights at x.safetensors$"):
        fuse_pair(Gives(no_weights), *sources())


def test_sources_of_different_size() -> None:
    a, _, pair = sources()
    with pytest.raises(InputError, match="the sources of pair 'street' differ in size: 10x12 and 10x11"):
        fuse_pair(get_method("average"), a, a[:, 1:], pair)


def test_other_floats_are_taken() -> None:
    for kind in (np.float16, np.float64):
        fused = fuse_pair(Gives(lambda a, kind=kind: a.astype(kind)), *sources())
        assert np.abs(fused.image.astype(int) - sources()[0]).max() <= (1 if kind is np.float16 else 0)


def test_the_method_sees_the_fields_gray_and_the_pair() -> None:
    a, b, pair = sources((10, 12, 3))
    method = Gives(lambda x: x)
    fused = fuse_pair(method, a, b, pair)
    assert np.array_equal(fused.image, to_gray(a).astype(np.uint8))
    assert [given.name for given in method.context["pairs"]] == [pair.name]
    assert fused.seconds >= 0


def test_gray_sources_stay_gray_and_colour_comes_back() -> None:
    a, _, _ = sources()
    b = np.random.default_rng(1).integers(90, 160, (10, 12, 3)).astype(np.uint8)
    assert fuse_pair(get_method("average"), a, a, Pair("p", a, a, "IVF")).colour is None
    fused = fuse_pair(Gives(lambda x: x), b, a, Pair("p", b, a, "IVF", "a"))
    assert fused.colour is not None
    assert np.abs(fused.colour.astype(int) - b).max() <= 1
    assert np.array_equal(fused.shown, fused.colour)


def test_sixteen_bit_sources() -> None:
    a, b, pair = sources((10, 12, 3))
    fused = fuse_pair(get_method("laplacian"), a, b, pair)
    wide = fuse_pair(get_method("laplacian"), a.astype(np.uint16) * 257, b.astype(np.uint16) * 257, pair)
    assert np.array_equal(fused.image, wide.image)
    assert fused.colour is not None
    assert wide.colour is not None
    assert np.array_equal(fused.colour, wide.colour)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (17, 16, 3)])
def test_the_image_has_the_shape_of_the_sources(shape: tuple[int, ...]) -> None:
    fused = fuse_pair(get_method("average"), *sources(shape))
    assert fused.shown.shape == shape
    assert fused.shown.dtype == np.uint8


@pytest.mark.parametrize("name", default_methods())
@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("rule", ["round", "minmax", "max"])
def test_black_and_white_images(name: str, level: int, rule: str) -> None:
    a = np.full((20, 20), level, np.uint8)
    fused = fuse_pair(get_method(name, quantise=rule), a, a, Pair("p", a, a, "IVF"))
    assert np.array_equal(fused.image, a)


def test_the_rule_of_the_method_is_used() -> None:
    a = np.array([[50, 100]], np.uint8)
    fused = fuse_pair(get_method("average[quantise=minmax]"), a, a, Pair("p", a, a, "IVF"))
    assert fused.image.tolist() == [[0, 255]]


def test_real_colours_come_back(shared_data: Path) -> None:
    """On a real PET image, hue is that of the source wherever there is any."""
    mri = next(iter(sorted((shared_data / "Harvard" / "MRI_PET" / "MRI").iterdir())))
    pet = next((shared_data / "Harvard" / "MRI_PET" / "PET").glob(f"{mri.stem}.*"))
    a, b = read(mri), read(pet)
    fused = fuse_pair(get_method("laplacian"), a, b, Pair(mri.stem, mri, pet, "MIF", "b"))
    assert fused.colour is not None
    inside = (fused.colour.max(axis=2) < 255) & (fused.colour.min(axis=2) > 0) & (b.max(axis=2) > 0)
    source, result = b[inside].astype(int), fused.colour[inside].astype(int)
    assert inside.sum() > 1000
    assert np.abs((source[:, 0] - source[:, 2]) - (result[:, 0] - result[:, 2])).max() <= 2


def test_fused_can_be_pickled() -> None:
    fused = fuse_pair(get_method("average"), *sources())
    assert np.array_equal(pickle.loads(pickle.dumps(fused)).image, fused.image)
