"""What may be scored: checks images, brings them to (N, H, W) or (N, 3, H, W), applies colour and size policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array, is_torch_array

from ...errors import InputError
from ..blocks.triple import Array, Image
from .protocols import Colour, Sizes

Planes = Array  # (N, C, H, W) with C = 1 or 3, uint8 or float64
Side = dict[str, Image]  # one side of a triple, by `Metric.channels`


@dataclass(frozen=True)
class Batches:
    """Checked input: one batch of planes, or one batch of length 1 per image of a list."""

    parts: list[Planes]
    single: bool  # the input was one image
    listed: bool  # the input was a list

    @property
    def count(self) -> int:
        """Number of images."""
        return sum(part.shape[0] for part in self.parts)

    def singles(self) -> list[Planes]:
        """One batch of length 1 per image."""
        return [part[i : i + 1] for part in self.parts for i in range(part.shape[0])]


def batches(given: Any, what: str) -> Batches:
    """Check an image, a batch, or a list of single images; see `planes`."""
    if not isinstance(given, list | tuple):
        part, single = planes(given, what)
        return Batches([part], single, listed=False)
    found = []
    for i, image in enumerate(given):
        if not (is_torch_array(image) or is_numpy_array(image)):
            raise InputError(f"{what}[{i}] is a {type(image).__name__}: give a list of arrays or of tensors")
        part, single = planes(image, f"{what}[{i}]")
        if not single:
            raise InputError(f"{what}[{i}] has shape {tuple(image.shape)}: each item of a list is one image")
        found.append(part)
    if not found:
        raise InputError(f"{what} is an empty list: give at least one image")
    return Batches(found, single=False, listed=True)


def planes(image: Any, what: str) -> tuple[Planes, bool]:
    """Check an image or a batch of one size and bring it to (N, C, H, W).

    Parameters
    ----------
    image : NumPy (H, W), (H, W, 3), (N, H, W) or (N, H, W, 3); torch (H, W), (N, H, W) or (N, 3, H, W);
        uint8, or anything real in 0..255. Three axes of which the last is 3 are one RGB image.
    what : how an error calls it: "fused", "a", "b".

    Returns
    -------
    planes : (N, C, H, W), uint8 where the input was, else float64.
    single : whether the input was one image.

    Raises
    ------
    InputError
        for another shape, type or range, NaN, an empty image, or 0..1 where 0..255 is meant.
    """
    x = image if is_torch_array(image) else np.asarray(image)
    shape, rgb = tuple(x.shape), is_numpy_array(x) and x.ndim in (3, 4) and x.shape[-1] == 3
    expected = (
        "(H, W), (N, H, W) or (N, 3, H, W)" if is_torch_array(x) else "(H, W), (H, W, 3), (N, H, W) or (N, H, W, 3)"
    )
    if 0 in shape or not 2 <= x.ndim <= 4 or (x.ndim == 4 and not rgb and (is_numpy_array(x) or shape[1] != 3)):
        raise InputError(f"{what} has shape {shape}: give {expected}, without an empty axis")
    x = _checked(x, what)
    single = x.ndim == 2 or (x.ndim == 3 and rgb)
    if single:
        x = x[None]
    if rgb:
        x = np.moveaxis(x, -1, 1)
    return (x if x.ndim == 4 else x[:, None]), single


def _checked(x: Array, what: str) -> Array:
    """Check type and range; uint8 stays, everything else becomes float64."""
    xp = array_namespace(x)
    if x.dtype == xp.uint8:
        return x
    if not xp.isdtype(x.dtype, ("integral", "real floating")):
        raise InputError(f"{what} has type {x.dtype}: give uint8, or real numbers in 0..255")
    values = x.detach() if is_torch_array(x) else x
    low, high = float(xp.min(values)), float(xp.max(values))
    if not (low >= 0 and high <= 255):
        found = "NaN" if np.isnan([low, high]).any() else f"values from {low:g} to {high:g}"
        raise InputError(f"{what} holds {found}: images are scored in 0..255")
    x = xp.astype(x, xp.float64)
    if 0 < high <= 1 and bool(xp.any(values != xp.round(values))):
        raise InputError(f"{what} holds fractions from {low:g} to {high:g}: multiply images in 0..1 by 255")
    return x


def sized(triple: tuple[Planes, Planes, Planes], sizes: Sizes) -> tuple[Planes, Planes, Planes]:
    """Apply a size policy (see `Protocol`) to fused, a and b; raises InputError where "equal" is broken."""
    shapes = [tuple(x.shape[-2:]) for x in triple]
    if len(set(shapes)) == 1:
        return triple
    if sizes == "equal":
        spelled = ", ".join(f"{what} {w}x{h}" for what, (h, w) in zip(("fused", "a", "b"), shapes, strict=True))
        raise InputError(
            f"images of one triple differ in size ({spelled}): align them, or use sizes 'crop' or 'resize'"
        )
    if sizes == "crop":
        height, width = (min(s[i] for s in shapes) for i in (0, 1))
        fused, a, b = (_crop(x, height, width) for x in triple)
    else:
        fused, a, b = (_resize(x, *shapes[1]) for x in triple)
    return fused, a, b


def _crop(x: Planes, height: int, width: int) -> Planes:
    """Cut out the centre (the offset is rounded down)."""
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]


def _resize(x: Planes, height: int, width: int) -> Planes:
    """Resample bilinearly, pixel centres aligned; the result is float64 and not rounded."""
    if tuple(x.shape[-2:]) == (height, width):
        return x
    xp = array_namespace(x)
    x = xp.astype(x, xp.float64)
    if is_torch_array(x):
        from torch.nn.functional import interpolate

        return interpolate(x, (height, width), mode="bilinear", align_corners=False)
    import cv2

    flat = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for image in x for plane in image]
    return np.stack(flat).reshape(*x.shape[:2], height, width)


def images(x: Planes, colour: Colour) -> Side:
    """Apply a colour policy to (N, C, H, W).

    Returns
    -------
    dict
        "mean": an image of N (gray) or, for the policy "channels" and RGB, 3 N planes; "joined": N images, the
        channels of each side by side.
    """
    n, c, height, width = x.shape
    if c == 3 and colour != "channels":
        x, c = _gray(x, colour)[:, None], 1
    xp = array_namespace(x)
    if is_numpy_array(x):
        x = np.ascontiguousarray(x)  # sums run along memory: a view is to score as its copy
    found = {"mean": Image(xp.reshape(x, (n * c, height, width)))}
    found["joined"] = found["mean"]
    if c == 3:
        found["joined"] = Image(xp.reshape(xp.permute_dims(x, (0, 2, 1, 3)), (n, height, c * width)))
    return found


def _gray(x: Planes, colour: Colour) -> Array:
    """RGB (N, 3, H, W) to one plane (N, H, W), float64, whole numbers."""
    xp = array_namespace(x)
    if colour == "gray":
        return xp.astype(xp.round(_opencv_gray(x)), xp.float64)
    x = xp.astype(x, xp.float64)
    if colour == "rgb2gray":
        gray = x[:, 0] * 0.298936021293776 + x[:, 1] * 0.587043074451121 + x[:, 2] * 0.114020904255103
    else:
        gray = 16 + (x[:, 0] * 65.481 + x[:, 1] * 128.553 + x[:, 2] * 24.966) / 255
    return xp.floor(gray + 0.5)


def _opencv_gray(x: Planes) -> Array:
    """OpenCV's BGR2GRAY on float32: g, b, r in this order, each product fused with its addition.

    Equal to OpenCV on all 256^3 colours; another order or plain float64 rounds hundreds of them to another level.
    """
    xp = array_namespace(x)
    red, green, blue = (float(np.float32(weight)) for weight in (0.299, 0.587, 0.114))
    x = xp.astype(x, xp.float64)  # holds the products of two float32 exactly: rounding each sum is a fused operation
    gray = xp.astype(x[:, 1] * green, xp.float32)
    gray = xp.astype(x[:, 2] * blue + xp.astype(gray, xp.float64), xp.float32)
    return xp.astype(x[:, 0] * red + xp.astype(gray, xp.float64), xp.float32)
