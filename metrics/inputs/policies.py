"""Colour and size policies, on images that were checked."""

from __future__ import annotations

import numpy as np
from array_api_compat import array_namespace, is_numpy_array, is_torch_array

from ...errors import InputError
from ..arrays.triple import Array, Image
from ..protocols import Colour, Sizes

Planes = Array  # (N, C, H, W) with C = 1 or 3, uint8 or float64
Side = dict[str, Image]  # one side of a triple, by `Metric.channels`


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
