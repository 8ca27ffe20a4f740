"""What may be an image: whatever becomes an array without a guess; and what is refused, in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from fusionbench.errors import InputError
from fusionbench.metrics import evaluate, prepare

F, A, B = (np.random.default_rng(seed).integers(2, 256, (20, 30)).astype(np.uint8) for seed in range(3))
WANTED = evaluate(F, A, B, metrics="EN,MSE,SF")


class Foreign:
    """An array of another library."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.pixels if dtype is None else self.pixels.astype(dtype)


class Device:
    """An array that is not to be copied to the host without a word."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed")


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.setflags(write=False)
    return x


SAME = {
    "read-only": read_only, "Fortran order": np.asfortranarray,
    "negative strides": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "every second": lambda x: np.repeat(np.repeat(x, 2, 0), 2, 1)[::2, ::2], "transposed": lambda x: x.T.copy().T,
    "big-endian": lambda x: x.astype(">u2"), "big-endian float": lambda x: x.astype(">f8"),
    "float16": lambda x: x.astype("f2"), "long double": lambda x: x.astype(np.longdouble),
    "int64": lambda x: x.astype("i8"),
    "matrix": lambda x: np.asmatrix(x), "foreign": Foreign, "data frame": pd.DataFrame,
    "memory map": lambda x: x.view(np.memmap),
    "no mask": np.ma.array, "mask without masked pixels": lambda x: np.ma.array(x, mask=np.zeros(x.shape, bool)),
    "Pillow L": Image.fromarray, "Pillow F": lambda x: Image.fromarray(x.astype("f4")),
    "Pillow I": lambda x: Image.fromarray(x.astype("i4")), "Pillow I;16": lambda x: Image.fromarray(x.astype("u2")),
    "Pillow P": lambda x: Image.fromarray(x).convert("P"), "Pillow RGB": lambda x: Image.fromarray(x).convert("RGB"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", SAME)
def test_what_becomes_an_array_scores_as_it(kind: str) -> None:
    change = SAME[kind]
    f, a, b = (change(x) for x in (F, A, B))
    assert evaluate(f, a, b, metrics="EN,MSE,SF") == pytest.approx(WANTED, rel=1e-12)
    assert evaluate(F, prepare(a, b), metrics="EN,MSE,SF") == pytest.approx(WANTED, rel=1e-12)
    tensor = evaluate(torch.from_numpy(F), a, b, metrics="EN,MSE,SF")  # the sources come to its device
    assert {name: float(value) for name, value in tensor.items()} == pytest.approx(WANTED, rel=1e-9)
    listed = evaluate([f], [a], [b], metrics="EN,MSE,SF")
    assert {name: value[0] for name, value in listed.items()} == pytest.approx(WANTED, rel=1e-12)


TENSORS = {
    "bfloat16": lambda x: x.bfloat16(), "float16": lambda x: x.half(), "float32": lambda x: x.float(),
    "int16": lambda x: x.short(), "int64": lambda x: x.long(), "uint16": lambda x: x.to(torch.uint16),
    "transposed": lambda x: x.T.contiguous().T, "gradient": lambda x: x.double().requires_grad_(),
}  # fmt: skip


@pytest.mark.parametrize("kind", TENSORS)
def test_every_type_of_tensor(kind: str) -> None:
    scores = evaluate(*(TENSORS[kind](torch.from_numpy(x)) for x in (F, A, B)), metrics="EN,MSE,SF")
    assert {name: value.item() for name, value in scores.items()} == pytest.approx(WANTED, rel=1e-9)


def missing() -> pd.DataFrame:
    frame = pd.DataFrame(F).astype("Int64")
    frame.iloc[2, 3] = pd.NA
    return frame


REFUSED: list[tuple[Any, str]] = [
    (np.ma.masked_greater(F, 200), r"fused has \d+ masked pixels: metrics need every pixel"),
    (np.ma.array(F, mask=np.arange(F.size).reshape(F.shape) == 3), "fused has 1 masked pixel: "),
    ([np.ma.masked_greater(F, 200)], r"fused\[0\] has \d+ masked pixels"),
    (F + 0j, "fused has type complex128: give uint8, or real numbers in 0..255"),
    (F.astype(object), "fused has type object"),
    (np.array([[None, 1]]), "fused has type object: .* none of them missing"),
    (missing(), "fused has type object: .* none of them missing"),
    (F.astype("m8[s]"), r"fused has type timedelta64\[s\]"),
    (F.astype("M8[s]"), r"fused has type datetime64\[s\]"),
    (np.zeros((4, 4), [("x", "f4")]), "fused has type"),
    (np.zeros((4, 4), "V2"), "fused has type"),
    (np.array([["a"]]), "fused has type <U1"),
    ("fused.png", "fused is of type str: give an array or a tensor, not the name of a file: read it first"),
    (Path("fused.png"), "fused is of type .*Path: .*read it first"),
    (None, "fused is of type NoneType: give an array or a tensor"),
    (7, "fused is of type int"),
    ({"image": F}, "fused is of type dict"),
    (F.tolist(), r"fused\[0\] is a list: give a list of arrays or of tensors"),
    ((), "fused is an empty list"),
    (Device(), "fused is of type Device that is no array: TypeError: implicit conversion"),
    (Image.fromarray(F).convert("RGBA"), "fused is a Pillow image of mode RGBA: give gray or RGB"),
    (Image.fromarray(F).convert("LA"), "Pillow image of mode LA"),
    (Image.fromarray(F).convert("RGB").convert("YCbCr"), "Pillow image of mode YCbCr"),
    (Image.fromarray(F).convert("RGB").convert("HSV"), "Pillow image of mode HSV"),
    (Image.fromarray(F).convert("CMYK"), "Pillow image of mode CMYK"),
    (torch.zeros(20, 30, device="meta"), "fused is on the meta device"),
    (torch.zeros(20, 30).to_sparse(), "fused is a tensor of layout torch.sparse_coo: give a dense one"),
    (torch.zeros(20, 30, dtype=torch.complex64), "fused has type torch.complex64"),
    (torch.zeros(20, 30, dtype=torch.bool), "fused has type bool: .*data_range=1"),
    ([F, torch.from_numpy(F)], "fused is a list of arrays and tensors: give tensors, or arrays"),
]


@pytest.mark.parametrize(("fused", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_what_is_no_image(fused: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(fused, A, B)
    if fused is not None:
        with pytest.raises(InputError, match=message.replace("fused", "b", 1)):
            evaluate(F, A, fused)
    with pytest.raises(InputError, match=message.replace("fused", "a", 1)):
        prepare(fused, B)


def test_a_bilevel_image_of_pillow_is_black_and_white() -> None:
    wanted = evaluate(np.where(F > 99, 255, 0), A, B, metrics="EN,MSE")
    assert evaluate(Image.fromarray(F > 99), A, B, metrics="EN,MSE") == pytest.approx(wanted)


def test_a_palette_is_its_colours() -> None:
    colours = Image.fromarray(np.stack([F // 64 * 60, A // 64 * 60, B // 64 * 60], -1)).quantize(200)
    wanted = evaluate(np.asarray(colours.convert("RGB")), A, B, metrics="EN,MSE")
    assert evaluate(colours, A, B, metrics="EN,MSE") == wanted
