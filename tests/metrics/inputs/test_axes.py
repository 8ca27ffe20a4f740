"""Which axis is which: every type, tensor or array, and arrangement against a plain reading with NumPy."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionbench.errors import InputError
from fusionbench.metrics import evaluate, prepare
from fusionbench.metrics.inputs.axes import AXES

from ..readings import READINGS

FEW = settings(max_examples=120, deadline=None, derandomize=True, database=None)
NAMES = "EN,MSE"


def arranged(images: np.ndarray, axes: str) -> np.ndarray:
    """Images (N, H, W, C) in other axes."""
    present = [letter for letter in "NHWC" if letter in axes]
    images = images[tuple(slice(None) if letter in axes else 0 for letter in "NHWC")]
    return images.transpose([present.index(letter) for letter in axes])


def plain_gray(images: np.ndarray) -> np.ndarray:
    """OpenCV's gray, rounded half to even, of (N, H, W, C)."""
    if images.shape[-1] == 1:
        return images[..., 0].astype(float)
    each = [cv2.cvtColor(image[..., ::-1].astype(np.float32), cv2.COLOR_BGR2GRAY) for image in images]
    return np.rint(each).astype(float)


def plain(*images: np.ndarray) -> dict[str, np.ndarray]:
    """EN and MSE of each triple, read plainly."""
    triples = list(zip(*map(plain_gray, images), strict=True))
    return {name: np.array([READINGS[f"{name}@film"](*three) for three in triples]) for name in ("EN", "MSE")}


def expect(scores: Any, wanted: dict[str, np.ndarray], single: bool) -> None:
    for name, value in wanted.items():
        assert np.shape(scores[name]) == (() if single else value.shape)
        np.testing.assert_allclose(np.atleast_1d(scores[name]), value, rtol=1e-9)


@st.composite
def arrangements(draw: st.DrawFn) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Axes of three images, and these as (N, H, W, C) uint8; batches where all three may be some."""
    axes, size = draw(st.tuples(*[st.sampled_from(AXES)] * 3)), draw(st.tuples(*[st.integers(5, 12)] * 2))
    n = draw(st.integers(1, 5)) if all(one.startswith("N") for one in axes) else 1
    channels = [3 if "C" in one and draw(st.booleans()) else 1 for one in axes]
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return axes, [rng.integers(0, 256, (n, *size, c)).astype(np.uint8) for c in channels]


@FEW
@given(arrangement=arrangements(), dtype=st.sampled_from(["u1", "f4", "f8", "i2", ">f4"]), tensors=st.booleans())
def test_stated_axes(arrangement: tuple[tuple[str, ...], list[np.ndarray]], dtype: str, tensors: bool) -> None:
    axes, images = arrangement
    wanted = plain(*images)
    three: list[Any] = [arranged(x, one).astype(dtype) for x, one in zip(images, axes, strict=True)]
    if tensors:
        three = [torch.from_numpy(x.astype(x.dtype.newbyteorder("=")).copy()) for x in three]
    single = not axes[0].startswith("N")
    expect(evaluate(*three, metrics=NAMES, axes=dict(zip(("fused", "a", "b"), axes, strict=True))), wanted, single)
    expect(evaluate(*three, metrics=NAMES, axes=[one.lower() for one in axes]), wanted, single)
    sources = prepare(*three[1:], axes=dict(zip("ab", axes[1:], strict=True)))
    expect(evaluate(three[0], sources, metrics=NAMES, axes=axes[0]), wanted, single)


@FEW
@given(arrangement=arrangements(), tensors=st.booleans())
def test_unstated_axes_are_read_right_or_refused(
    arrangement: tuple[tuple[str, ...], list[np.ndarray]], tensors: bool
) -> None:
    """Only a shape (3, H, W) may be refused, and only where no partner decides."""
    axes, images = arrangement
    three: list[Any] = [arranged(x, one) for x, one in zip(images, axes, strict=True)]
    shapes = [x.shape for x in three]
    if tensors:
        three = [torch.from_numpy(x.copy()) for x in three]
    if all(len(shape) == 3 and shape[0] == 3 for shape in shapes):
        with pytest.raises(
            InputError, match=r"which may be one RGB image, channels first \(axes='CHW'\) or three gray"
        ):
            evaluate(*three, metrics=NAMES)
        return
    one = axes[0].startswith("N") or (axes[0] == "CHW" and images[0].shape[-1] == 1)  # (1, H, W) is a batch of one
    expect(evaluate(*three, metrics=NAMES), plain(*images), single=not one)


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def test_one_axis_of_length_1_is_no_batch_of_columns() -> None:
    gray = image(20, 30)
    wanted = evaluate(gray, gray, gray, metrics="EN")
    assert evaluate(gray[..., None], gray, gray[None], metrics="EN") == wanted
    assert evaluate(gray[None, None], gray, gray, metrics="EN")["EN"].tolist() == [wanted["EN"]]
    assert float(evaluate(torch.from_numpy(gray[..., None]), gray, gray, metrics="EN")["EN"]) == pytest.approx(
        wanted["EN"]
    )
    column = image(20, 1)
    assert isinstance(evaluate(column, column, column, metrics="EN")["EN"], float)


def test_channels_first_is_what_partners_allow() -> None:
    first, gray = image(3, 20, 30), image(20, 30)
    last = np.moveaxis(first, 0, -1)
    wanted = evaluate(last, gray, gray)
    for a, b in ((gray, gray), (gray, gray[..., None]), (gray[None], gray), ([gray], [gray])):
        assert evaluate(first, a, b) == pytest.approx(wanted, nan_ok=True)
    assert evaluate(first, last, gray) == pytest.approx(evaluate(last, last, gray), nan_ok=True)
    assert evaluate(gray, first, first) == pytest.approx(evaluate(gray, last, last), nan_ok=True)
    assert evaluate(first, prepare(gray, gray)) == pytest.approx(wanted, nan_ok=True)
    assert evaluate([first], [gray], [gray], metrics="EN")["EN"].tolist() == [wanted["EN"]]
    batch = evaluate(first, [gray] * 3, [gray] * 3, metrics="EN")["EN"]
    np.testing.assert_array_equal(batch, evaluate(first, first, first, metrics="EN", axes="NHW")["EN"])


def test_axes_that_are_said_once_hold_for_images_with_as_many() -> None:
    first, gray = image(3, 20, 30), image(20, 30)
    last = np.moveaxis(first, 0, -1)
    assert evaluate(first, first, gray, metrics="EN", axes="CHW") == evaluate(last, last, gray, metrics="EN")
    assert evaluate(first, first, first, metrics="EN", axes="chw") == evaluate(last, last, last, metrics="EN")
    with pytest.raises(InputError, match=r"axes='CHW' fits no image: fused \(20, 30\), a"):
        evaluate(gray, gray, gray, axes="CHW")


@pytest.mark.parametrize("kind", ["array", "tensor"])
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((40, 50, 4), r"RGB and alpha is not scored: leave alpha out, \[..., :3\], or say axes='NHW' for 40 images 4 "),
        ((40, 50, 2), r"gray and alpha is not scored: leave alpha out, \[..., :1\], or say axes='NHW'"),
        ((2, 40, 50, 4), r"RGB and alpha is not scored: leave alpha out, \[..., :3\]$"),
        ((2, 4, 40, 50), r"RGB and alpha is not scored: leave alpha out, \[:, :3\]$"),
        ((2, 40, 5, 50), r"say with axes which axis is which"),
        ((1, 2, 3, 4, 5), r"give \(H, W\)"),
        ((7,), r"give \(H, W\)"),
        ((), r"give \(H, W\)"),
        ((0, 7), r"without an empty axis"),
        ((4, 0, 7, 3), r"without an empty axis"),
    ],
)
def test_shapes_that_are_no_image(shape: tuple[int, ...], message: str, kind: str) -> None:
    given = np.zeros(shape, np.uint8) if kind == "array" else torch.zeros(shape, dtype=torch.uint8)
    with pytest.raises(InputError, match=message):
        evaluate(given, given, given)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ("XYZ", "axes 'XYZ' is unknown: there are HW, HWC, CHW, NHW, NHWC, NCHW"),
        ("HWC", r"fused has shape \(3, 20, 30\), in which HWC means 30 channels: give 1 or 3"),
        ({"fused": "NCHW"}, r"fused has shape \(3, 20, 30\), whose axes cannot be NCHW"),
        ({"fusd": "CHW"}, "unknown image 'fusd': did you mean 'fused'"),
        (5, "axes is 5"),
        (("CHW", "CHW"), "axes is .*one for each of fused, a, b"),
        ({"a": "CHW", "fused": "NHW", "b": "NHW"}, r"the batches differ in length: fused 3, a 1, b 3"),
    ],
)
def test_axes_that_do_not_fit(axes: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(image(3, 20, 30), image(3, 20, 30), image(3, 20, 30), axes=axes)


def test_sources_alone_must_be_clear() -> None:
    with pytest.raises(InputError, match="a has shape"):
        prepare(image(3, 20, 30), image(3, 20, 30))
    with pytest.raises(InputError, match="axes names 'b', which was prepared"):
        evaluate(image(20, 30), prepare(image(20, 30), image(20, 30)), axes={"b": "HW"})


def test_items_of_a_list_are_single_images() -> None:
    gray = image(20, 30)
    assert evaluate([gray[None]], [gray], [gray], metrics="EN") == evaluate([gray], [gray], [gray], metrics="EN")
    for wrong, axes in ((image(2, 20, 30), None), (image(3, 20, 30), {"fused": "NHW"})):
        with pytest.raises(InputError, match=r"fused\[0\] has shape .*: each item of a list is one image"):
            evaluate([wrong], [gray], [gray], axes=axes)


def test_tensors_of_three_columns_and_rows_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"channels first \(axes='CHW'\) or one RGB image, channels last \(axes='HWC'\)"
    ):
        evaluate(*[torch.from_numpy(image(3, 20, 3))] * 3)
