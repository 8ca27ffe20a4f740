"""Multi-focus and multi-exposure pairs made of photographs that scikit-image ships, with the ideal result known."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..images import Image
from .shapes import Floats, f32

GAMMA = 2.2


def photograph(name: str, crop: tuple[int, int, int, int], size: tuple[int, int]) -> Image:
    """Read a photograph of scikit-image, and cut and shrink it.

    Parameters
    ----------
    name : the file in scikit-image's data folder.
    crop : top, bottom, left and right, in pixels.
    size : width and height of the result.

    Raises
    ------
    InputError
        If the installed scikit-image does not come with it.
    """
    import cv2
    from PIL import Image as Pillow

    package = find_spec("skimage")  # its folder, without the cost of importing it
    folders = [Path(place) / "data" for place in (package.submodule_search_locations or [])] if package else []
    for folder in folders:
        if (folder / name).is_file():
            top, bottom, left, right = crop
            with Pillow.open(folder / name) as file:  # libpng, through OpenCV, would complain of the colour profile
                picture = np.asarray(file.convert("RGB"))[top:bottom, left:right]
            return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    raise InputError(f"the sample set needs the photograph {name} of scikit-image, which is not there: install it anew")


def linear(image: Image) -> Floats:
    """Turn 8-bit values into light, 0..1."""
    return (f32(image) / f32(255)) ** f32(GAMMA)


def encode(light: Floats) -> NDArray[np.uint8]:
    """Turn light, 0..1, into 8-bit values."""
    return np.asarray(np.round(255 * np.clip(light, 0, 1) ** f32(1 / GAMMA)), np.uint8)


def focus_pair(sharp: Image, depth: Floats, blur: float, layers: int = 12) -> tuple[Image, Image]:
    """Take a picture twice, focused near and far.

    Defocus is a disc whose radius grows with the distance from the plane in focus. Layers of equal depth are put on
    each other from back to front, so that a blurred foreground spreads over a sharp background, as in a camera.

    Parameters
    ----------
    sharp : RGB picture in focus everywhere: the ideal fused image.
    depth : (H, W), 0 for the nearest to 1 for the farthest.
    blur : radius of the disc in pixels at the other end of the depth.

    Returns
    -------
    near, far : uint8 pictures.
    """
    light = linear(sharp)
    level = np.minimum((depth * layers).astype(int), layers - 1)
    near, far = (_focus(light, level, layers, blur, plane) for plane in (0.0, 1.0))
    return encode(near), encode(far)


def _focus(light: Floats, level: NDArray[np.intp], layers: int, blur: float, plane: float) -> Floats:
    import cv2

    total = np.zeros_like(light)
    for layer in reversed(range(layers)):
        # The layer goes on behind what is in front of it: else a dark rim would show where the front is blurred.
        cover = (level <= layer).astype(np.float32)
        kernel = _disc(blur * abs(layer / (layers - 1) - plane))
        colour = cv2.filter2D(light * cover[..., None], -1, kernel, borderType=cv2.BORDER_REFLECT)
        share = cv2.filter2D(cover, -1, kernel, borderType=cv2.BORDER_REFLECT)[..., None]
        total = total * (1 - share) + colour
    return total


def _disc(radius: float) -> Floats:
    """Make the kernel of a disc with smooth edges."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    weight = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(weight / weight.sum(), np.float32)


def exposure_pair(radiance: Floats, stops: tuple[float, float], seed: int) -> tuple[Image, Image]:
    """Take a picture twice, over- and under-exposed.

    The camera clips, rounds to 8 bits, and has shot and read noise, which shows in the dark frame.

    Parameters
    ----------
    radiance : (H, W, 3) light, 1 for a well-exposed white.
    stops : exposure of the two frames, in powers of two.
    seed : of the noise.

    Returns
    -------
    over, under : uint8 pictures.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for stop in stops:
        light = radiance * f32(2.0**stop)
        spread = np.sqrt(np.maximum(light, 0) * 1.5e-4 + 4e-7)
        frames.append(encode((light + spread * rng.standard_normal(light.shape)).astype(np.float32)))
    return frames[0], frames[1]


def window_light(height: int, width: int, centre: tuple[float, float], stops: float) -> Floats:
    """Make an uneven illumination: bright around a point, darker by `stops` powers of two at the far end."""
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot(y / height - centre[0], (x / width - centre[1]) * width / height)
    fall = 1 / (1 + np.exp(-9 * (away / away.max() - 0.45)))  # a soft edge, as of light that falls in by a window
    return np.asarray(2.0 ** (stops / 2 - stops * fall), np.float32)[..., None]


def ramp(height: int, width: int, top: float, bottom: float) -> Floats:
    """Make the depth of a table or floor seen from above: far at the top row, near at the bottom."""
    rows = np.clip((bottom - np.arange(height) / height) / (bottom - top), 0, 1)
    return np.tile(rows[:, None], (1, width)).astype(np.float32)


def dome(height: int, width: int, centre: tuple[float, float], radius: float) -> Floats:
    """Make the depth of a round thing in front of a background: nearest at its centre."""
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot(y / height - centre[0], (x / width - centre[1]) * width / height)
    return np.asarray(np.clip(away / radius, 0, 1), np.float32)


def cut_out(height: int, width: int, outline: list[tuple[float, float]]) -> Floats:
    """Make the depth of a flat figure in front of a background; the outline is in shares of width and height."""
    import cv2

    points = np.array([(x * width, y * height) for x, y in outline], np.int32)
    return 1 - np.asarray(cv2.fillPoly(np.zeros((height, width), np.float32), [points], [1.0]), np.float32)
