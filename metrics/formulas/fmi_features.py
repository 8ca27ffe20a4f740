"""Features of which FMI measures the information: levels, gradients, edges, and transforms of the whole image."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays.filters import like, neighbours, pad
from ..arrays.pixelwise import divided
from ..arrays.triple import Image, feature
from ..arrays.types import Array, Namespace, is_tensor


def pixels(image: Image) -> Array:
    """Return the gray values themselves."""
    return image.data


@feature
def horizontal_gradient(image: Image) -> Array:
    """Derivative along the rows of (N, H, W): central differences, one-sided at the border."""
    west, east, *_ = neighbours(image.data)
    return (east - west) / 2


@lru_cache(maxsize=16)
def cosine_matrix(size: int) -> Any:
    """Return the orthonormal DCT-II of `size` points as a matrix."""
    k, x = np.arange(size)[:, None], np.arange(size)[None]
    matrix = np.sqrt(2 / size) * np.cos(np.pi * k * (2 * x + 1) / (2 * size))
    matrix[0] = np.sqrt(1 / size)
    return matrix


@feature
def cosines(image: Image) -> Array:
    """Two-dimensional orthonormal DCT of each whole image."""
    down, along = (like(cosine_matrix(size), image.data) for size in image.size)
    return down @ image.data @ along.T


@feature
def wavelets(image: Image) -> Array:
    """One level of the discrete Meyer wavelet as [approximation, horizontal; vertical, diagonal], stretched to 0..1.

    Where the image is saturated the details are rounding noise, which the windows then stretch: tensors too are
    transformed by PyWavelets, so that all devices agree.
    """
    import pywt

    data = image.data.detach().cpu().numpy() if is_tensor(image.data) else image.data
    approximation, (horizontal, vertical, diagonal) = pywt.dwt2(data, "dmey", "symmetric")
    bands = np.block([[approximation, horizontal], [vertical, diagonal]])
    low, high = bands.min(axis=(1, 2), keepdims=True), bands.max(axis=(1, 2), keepdims=True)
    return like((bands - low) / np.where(high > low, high - low, 1.0), image.data)


@feature
def slopes(image: Image, white: float) -> tuple[Array, Array]:
    """Sobel derivatives of the image divided by `white`, down and along, over 8, border replicated.

    Many pixels are exactly as strong as a neighbour. On 0..1 it is the rounding that decides which of them is a crest,
    so the order of the additions is part of the definition: each side of the window in turn, the first side first.
    """
    padded = pad(divided(image.data, white), 1, 1, "replicate")
    rows, columns = image.size

    def tap(y: int, x: int, weight: float) -> Array:
        return weight * padded[:, y : y + rows, x : x + columns]

    above = tap(0, 0, 0.125) + tap(0, 1, 0.25) + tap(0, 2, 0.125)
    left = tap(0, 0, 0.125) + tap(1, 0, 0.25) + tap(2, 0, 0.125)
    down = above - tap(2, 0, 0.125) - tap(2, 1, 0.25) - tap(2, 2, 0.125)
    right = left - tap(0, 2, 0.125) - tap(1, 2, 0.25) - tap(2, 2, 0.125)
    return down, right


def within(data: Array) -> tuple[Array, Array, Array, Array]:
    """Return the left, right, upper and lower neighbour of each pixel, 0 outside."""
    padded = pad(data, 1, 1, "zero")
    return padded[:, 1:-1, :-2], padded[:, 1:-1, 2:], padded[:, :-2, 1:-1], padded[:, 2:, 1:-1]


def strength(xp: Namespace, down: Array, right: Array) -> tuple[Array, Array]:
    """Return the square of the gradient, and that of twice its root mean square (N, 1, 1)."""
    power = down * down + right * right
    return power, 4 * xp.mean(power, axis=(-2, -1), keepdims=True)


@feature
def edges(image: Image) -> Array:
    """Binary Sobel edges: local maxima along a row or along a column, stronger than twice the root mean square."""
    xp = image.xp
    power, threshold = strength(xp, *slopes(image, 255.0))
    west, east, north, south = within(power)
    crest = ((power > west) & (power > east)) | ((power > north) & (power > south))
    return xp.astype(crest & (power >= threshold), image.data.dtype)


@feature
def directed_edges(image: Image) -> Array:
    """Binary Sobel edges as `edges`, but maxima only along the axis in which the gradient is the steeper."""
    xp = image.xp
    down, right = slopes(image, 1.0)
    power, threshold = strength(xp, down, right)
    west, east, north, south = within(power)
    steep = xp.abs(right) - xp.abs(down)
    slack = 100 * 2.0**-52
    crest = ((steep >= -slack) & (power >= west) & (power > east)) | (
        (steep <= slack) & (power >= north) & (power > south)
    )
    return xp.astype(crest & (power > threshold), image.data.dtype)
