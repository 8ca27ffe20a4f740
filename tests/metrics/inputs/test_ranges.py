"""What the numbers of an image mean: types and ranges, said and unsaid, against a plain reading with NumPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionbench.errors import InputError
from fusionbench.metrics import RangeWarning, evaluate, prepare

from ..readings import READINGS

FEW = settings(max_examples=60, deadline=None, derandomize=True, database=None)
SHAPE = (44, 47)


def scene(seed: int) -> np.ndarray:
    """A gray image, uint8, in 5..250."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    waves = 127 + 60 * np.sin(x / 7 + seed) + 40 * np.cos(y / 5 - seed) + rng.normal(0, 6, SHAPE)
    image = np.clip(np.rint(waves), 5, 250).astype(np.uint8)
    image[0, 0], image[-1, -1] = 5, 250
    return image


F, A, B = (scene(seed) for seed in range(3))
THREE = {"fused": F, "a": A, "b": B}


def plain(*three: np.ndarray) -> dict[str, float]:
    """EN, SD, MSE of images in 0..255, read plainly."""
    return {name: READINGS[f"{name}@film"](*three) for name in ("EN", "SD", "MSE")}


def expect(scores: Any, wanted: dict[str, float]) -> None:
    assert {name: float(value) for name, value in scores.items()} == pytest.approx(wanted, rel=1e-6, abs=1e-9)


# type and range in which the image is written: from 0..255 to numbers, and what data_range says of them
WRITTEN: dict[str, tuple[str, float, float]] = {
    "float32 0..1": ("f4", 0, 1), "float64 0..1": ("f8", 0, 1), "float16 0..1": ("f2", 0, 1),
    "float32 -1..1": ("f4", -1, 1), "float64 -1..1": ("f8", -1, 1), "float32 0..255": ("f4", 0, 255),
    "uint16": ("u2", 0, 65535), "big-endian uint16": (">u2", 0, 65535), "int32 of 16 bit": ("i4", 0, 65535),
    "int16 signed": ("i2", -128, 127), "uint8": ("u1", 0, 255), "big-endian float32": (">f4", 0, 255),
    "int64 0..255": ("i8", 0, 255), "percent": ("f8", 0, 100), "any": ("f8", -12.5, 640.25),
}  # fmt: skip


def written(image: np.ndarray, kind: str) -> tuple[np.ndarray, tuple[float, float]]:
    dtype, black, white = WRITTEN[kind]
    numbers = black + image.astype(np.float64) / 255 * (white - black)
    return (np.rint(numbers) if dtype[-2] in "iu" else numbers).astype(dtype), (black, white)


def levels(numbers: np.ndarray, stated: tuple[float, float]) -> np.ndarray:
    """The plain reading of a range."""
    black, white = stated
    return np.clip((numbers.astype(np.float64) - black) * 255 / (white - black), 0, 255)


@FEW
@given(
    kinds=st.tuples(*[st.sampled_from([*WRITTEN])] * 3), tensors=st.booleans(), said=st.sampled_from(["dict", "row"])
)
def test_every_type_and_range_by_name(kinds: tuple[str, str, str], tensors: bool, said: str) -> None:
    images, ranges = zip(*(written(image, kind) for image, kind in zip((F, A, B), kinds, strict=True)), strict=True)
    wanted = plain(*(levels(*one) for one in zip(images, ranges, strict=True)))
    if tensors:
        native = [image.astype(image.dtype.newbyteorder("=")) for image in images]
        images = tuple(torch.from_numpy(image.astype("i4") if image.dtype == "u2" else image) for image in native)
    data_range = dict(zip(THREE, ranges, strict=True)) if said == "dict" else ranges
    expect(evaluate(*images, metrics="EN,SD,MSE", data_range=data_range), wanted)
    sources = prepare(*images[1:], data_range=dict(zip("ab", ranges[1:], strict=True)))
    expect(evaluate(images[0], sources, metrics="EN,SD,MSE", data_range=ranges[0]), wanted)


@pytest.mark.parametrize("kind", [k for k in WRITTEN if k != "uint8"])
def test_one_range_for_all_leaves_uint8_what_it_is(kind: str) -> None:
    fused, stated = written(F, kind)
    wanted = plain(levels(fused, stated), A, B)
    expect(evaluate(fused, A, B, metrics="EN,SD,MSE", data_range=stated), wanted)
    a, b = (written(image, kind)[0] for image in (A, B))
    all_three = plain(*(levels(image, stated) for image in (fused, a, b)))
    expect(evaluate(fused, a, b, metrics="EN,SD,MSE", data_range=stated), all_three)
    if not stated[0]:
        expect(evaluate(fused, a, b, metrics="EN,SD,MSE", data_range=stated[1]), all_three)


def test_one_range_holds_for_uint8_where_all_are() -> None:
    masks = [(image > 127).astype(np.uint8) for image in (F, A, B)]
    wanted = plain(*(255.0 * mask for mask in masks))
    expect(evaluate(*masks, metrics="EN,SD,MSE", data_range=1), wanted)
    expect(evaluate(*(mask.astype(bool) for mask in masks), metrics="EN,SD,MSE", data_range=1), wanted)
    expect(evaluate(F, A, B, metrics="EN,SD,MSE", data_range=255), plain(*(x.astype(float) for x in (F, A, B))))


def test_levels_of_16_bit_are_those_of_8_bit_exactly() -> None:
    deep = [image.astype(np.uint16) * 257 for image in (F, A, B)]
    assert evaluate(*deep, data_range=65535) == pytest.approx(evaluate(F, A, B), rel=1e-12)
    assert evaluate(deep[0], A, B, data_range=65535) == pytest.approx(evaluate(F, A, B), rel=1e-12)


@pytest.mark.parametrize("beyond", [1.0, 1.001, 1.004, 1.5, 2.0])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_fractions_up_to_about_1_are_refused_and_both_ranges_named(beyond: float, dtype: str) -> None:
    fused = (F / F.max() * beyond).astype(dtype)
    for images in ([fused, A, B], [torch.from_numpy(fused.astype(dtype[-2:])), A, B], [[fused], [A], [B]]):
        with pytest.raises(InputError, match=r"holds fractions from 0\.\d+ to \S+ \(a.* holds 5 to 250.*_range=1"):
            evaluate(*images)
    with pytest.raises(InputError, match=r"a holds fractions.*fused holds 5 to 250"):
        evaluate(F, fused, B)
    with pytest.raises(InputError, match=r"a holds fractions.*b holds 5 to 250"):
        prepare(fused, B)


def test_a_slight_overshoot_of_a_stated_range_is_clipped() -> None:
    unit = F / F.max()
    for fused in (unit * 1.004, (unit * 1.004).astype("f4"), unit - 0.004):
        expect(evaluate(fused, A, B, metrics="EN,SD,MSE", data_range=1), plain(np.clip(fused, 0, 1) * 255, A, B))
    with pytest.warns(
        RangeWarning, match=r"fused holds values from .* to 1\.2, outside data_range 0\.\.1: they are clip"
    ):
        scores = evaluate(unit * 1.2, A, B, metrics="EN,SD,MSE", data_range=1)
    expect(scores, plain(np.clip(unit * 1.2, 0, 1) * 255, A, B))
    with pytest.raises(InputError, match=r"fused holds values from 5 to 250, far outside data_range 0\.\.1"):
        evaluate(F, A.astype(float), B, data_range={"fused": 1})
    with pytest.raises(InputError, match="far outside data_range"):
        evaluate(F.astype(float), A, B, data_range=1)


@pytest.mark.parametrize(
    ("fused", "message"),
    [
        (F / 127.5 - 1, r"values from -0.96\d+ to 0.96\d+: images are scored in 0..255 \(a holds 5 to 250.*\(-1, 1\)"),
        (F.astype("u2") * 257, r"values from 1285 to 64250: images are scored.*data_range=65535 for 16 bit"),
        (F.astype("i4") * 257, r"data_range=65535 for 16 bit"),
        (F.astype("u2") + 10, r"values from 15 to 260: .*data_range=65535 for 16 bit"),
        ((F - 127.5) / 60, r"values from -2.* to 2.*data_range=\(black, white\)"),
        (F.astype("i2") - 1000, r"values from -995 to -750.*data_range=\(black, white\)"),
        (F * 1e6, r"data_range=\(black, white\)"),
        (F + 5.4, r"values from 10.4 to 255.4: .*say data_range=255, and they are clipped"),
        (np.where(F > 200, np.nan, F), r"fused holds NaN"),
        (np.where(F > 200, np.inf, F), r"values from 5 to inf: .*mend those pixels"),
        (np.where(F > 200, -np.inf, F), r"values from -inf to 2"),
        (F > 99, r"fused has type bool: .*data_range=1"),
    ],
)
def test_what_is_not_in_0_255_names_all_ranges(fused: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(fused, A, B)
    with pytest.raises(InputError, match=message):
        evaluate(torch.from_numpy(fused if fused.dtype != np.uint16 else fused.astype("i4")), A, B)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_stated_range_excuses_no_missing_pixel(value: float) -> None:
    with pytest.raises(InputError, match="fused holds"):
        evaluate(np.where(F > 200, value, F), A, B, data_range=255)


DARK = {
    "fractions": F / 255 * 3,
    "mask": (F > 127).astype(np.uint8),
    "mask of floats": (F > 127).astype(np.float32),
    "mask of int64": (F > 127).astype(np.int64),
}


@pytest.mark.parametrize("name", DARK)
def test_a_dark_image_of_another_unit_perhaps_is_scored_with_a_warning(name: str) -> None:
    fused = DARK[name]
    for images in ([fused, A, B], [torch.from_numpy(fused), A, B]):
        with pytest.warns(
            RangeWarning, match=r"fused holds \S+ to \S+, a holds 5 to 250, b holds 5 to 250: all are"
        ) as seen:
            scores = evaluate(*images, metrics="EN,SD,MSE")
        assert seen[0].filename == __file__
        expect(scores, plain(fused.astype(float), A, B))
    with pytest.warns(RangeWarning, match="b holds"):
        evaluate(F, A, fused)
    assert evaluate(fused, A, B, data_range={"fused": 255}, metrics="EN") == {"EN": pytest.approx(scores["EN"])}


def test_a_warning_counts_the_images_of_a_batch() -> None:
    fused = np.stack([F, F / 100, F / 90, F])
    with pytest.warns(RangeWarning, match=r"^fused\[1\] holds \S+ to 2.5 \(and 1 more\), a\[1\] holds"):
        evaluate(fused, np.stack([A] * 4), np.stack([B] * 4), metrics="EN")


@pytest.mark.parametrize(
    "fused",
    [np.zeros(SHAPE), np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8), np.rint(F / 100), F // 100, F * 0.1, F / 30,
     np.full(SHAPE, 255)],
)  # fmt: skip
def test_dark_images_without_a_sign_of_another_unit_are_quiet(fused: np.ndarray) -> None:
    expect(evaluate(fused, A, B, metrics="EN,SD,MSE"), plain(fused.astype(float), A, B))


def test_three_dark_images_are_quiet() -> None:
    three = [image / 60 for image in (F, A, B)]
    expect(evaluate(*three, metrics="EN,SD,MSE"), plain(*three))


def test_a_stated_range_that_makes_an_image_black_is_doubted() -> None:
    with pytest.warns(
        RangeWarning, match=r"fused holds 5 to 250, a .*: data_range 0\.\.65535 makes fused nearly black"
    ):
        evaluate(F.astype(np.uint16), A, B, metrics="EN", data_range=65535)
    sources = prepare(A / 255, B.astype(float), data_range=(1, 255))  # one range for both, not one for each
    with pytest.warns(RangeWarning, match=r"a holds .*: data_range 1\.\.255 makes a nearly black"):
        evaluate(F, sources, metrics="EN")
    evaluate(np.zeros(SHAPE, np.uint16), A, B, metrics="EN", data_range=65535)


def test_warnings_can_be_filtered() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", RangeWarning)
        evaluate(F / 100, A, B, metrics="EN")


@pytest.mark.parametrize(
    ("data_range", "message"),
    [
        ("255", "data_range is '255'"),
        (True, "data_range is True"),
        (0, "data_range says 0: give the number of white"),
        (-1, "data_range says -1"),
        ((1, 1), r"data_range says \(1, 1\)"),
        ((255, 0), r"data_range says \(255, 0\)"),
        (float("nan"), "data_range says nan"),
        ((0, float("inf")), "data_range says"),
        ((1, 2, 3, 4), "data_range is .*one for each of fused, a, b"),
        ({"ir": 1}, "unknown image 'ir'"),
        ({"fuse": 1}, "unknown image 'fuse': did you mean 'fused'"),
        ({"fused": "1"}, "data_range says '1'"),
        ((1, "x", 1), "data_range says 'x'"),
    ],
)
def test_ranges_that_are_none(data_range: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(F, A, B, data_range=data_range)


def test_prepared_sources_have_said_theirs() -> None:
    sources = prepare(A / 255, B, data_range={"a": 1})
    wanted = evaluate(F, A, B, metrics="EN,SD,MSE")
    assert evaluate(F, sources, metrics="EN,SD,MSE") == pytest.approx(wanted)
    assert evaluate(F / 255, sources, metrics="EN,SD,MSE", data_range=1) == pytest.approx(wanted)
    assert evaluate(F / 255, sources, metrics="EN,SD,MSE", data_range={"fused": 1}) == pytest.approx(wanted)
    with pytest.raises(InputError, match=r"data_range names 'a', which was prepared: say it in prepare"):
        evaluate(F, sources, data_range={"a": 1})


def test_gradients_pass_through_a_stated_range() -> None:
    fused = torch.from_numpy(F / 255).requires_grad_()
    evaluate(fused, A, B, metrics="MSE", data_range=1)["MSE"].backward()
    assert fused.grad is not None
    error = (F - A.astype(float)) + (F - B.astype(float))
    np.testing.assert_allclose(fused.grad.numpy(), error * 255 / F.size, rtol=1e-9, atol=1e-12)
