"""From two sources as they were read to the fused image as it is scored and shown."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import SizePolicy, load_source
from ..datasets.pair import Pair
from ..errors import InputError, RunError, one_line
from .colour import attach, chroma_of_pair, is_colour, luminance
from .contained import contained, is_users
from .fit import fit_fused
from .method import Gray, Image, Method
from .quantise import RULES, quantise

_WILD = 1.5  # no image in [0, 1] has such a mean, whatever its overshoot; one in 0..255 has
_BELOW = -0.05  # nor such a one: filters that undershoot keep the mean of what they are given


@dataclass(frozen=True, eq=False)
class Fused:
    """One fused pair.

    Attributes
    ----------
    image : uint8, what the method itself gave: (H, W) where it fused luminance, or RGB (H, W, 3) where it saw whole
        images (`Method.fuse_images`) and made colour itself.
    colour : RGB (H, W, 3) uint8, the luminance with the sources' chroma; None where there is none to re-attach.
    seconds : wall time inside the method, without reading, colour and 8 bit; NaN for one that does not compute.
    note : what was done about its size, where it has another than the sources (`fit.fit_fused`).
    """

    image: NDArray[np.uint8]
    colour: NDArray[np.uint8] | None
    seconds: float
    note: str = ""

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The image for people: in colour where there is any."""
        return self.image if self.colour is None else self.colour

    def scored(self, policy: str) -> NDArray[np.uint8]:
        """Choose the image that a protocol with this colour policy scores.

        A protocol of colour channels sees the colour; every other one what the method itself gave, as the field's
        evaluators do, and makes it gray in its own way.
        """
        return self.shown if policy == "channels" else self.image


def fuse_pair(method: Method, a: Image, b: Image, pair: Pair, size_policy: SizePolicy = "error") -> Fused:
    """Fuse one pair, with everything around the method: luminance, 8 bit, chroma, and checks.

    Parameters
    ----------
    method : from `get_method`.
    a, b : the sources as `FusionDataset.read` gives them, (H, W) or RGB (H, W, 3), of the same height and width. What
        is not uint8 is brought there first by the rule "full": uint16 has white at 65535.
    pair : the pair that they belong to.
    size_policy : what is done with a whole image of another size, as folders and commands give; see `fit.fit_fused`.

    Returns
    -------
    Fused

    Raises
    ------
    RunError
        The method failed, or what it returned is no fused image of this pair; says which method and which pair.
    InputError
        The sources differ in size, or the method found its own set-up wrong (no weights, for instance).
    """
    a, b = load_source(a), load_source(b)
    if a.shape[:2] != b.shape[:2]:
        raise InputError(f"the sources of pair {pair.name!r} differ in size: {_size(a)} and {_size(b)}")
    start = time.perf_counter()
    image = _guarded(method, pair, method.fuse_images, a.copy(), b.copy(), _own(pair))
    seconds = time.perf_counter() - start if method.computes else math.nan
    if image is not None:
        return _from_image(method, image, a.shape[:2], pair, seconds, size_policy)
    gray_a, gray_b = luminance(a)[None, None], luminance(b)[None, None]
    start = time.perf_counter()
    output = _guarded(method, pair, method.fuse, gray_a, gray_b, pairs=(_own(pair),))
    seconds = time.perf_counter() - start if method.computes else math.nan
    fused = check_output(output, gray_a.shape, method, pair.name)
    gray = quantise(fused[0, 0], method.quantise)
    chroma = chroma_of_pair(a, b, pair.colour)
    return Fused(gray, None if chroma is None else attach(gray, chroma), seconds)


def _own(pair: Pair) -> Pair:
    """Copy the images of a pair that lies in memory: a method may write into what it is given."""
    arrays: dict[str, Any] = {
        name: image.copy() for name in "ab" if isinstance(image := getattr(pair, name), np.ndarray)
    }
    return replace(pair, **arrays) if arrays else pair


def check_output(output: Any, shape: tuple[int, ...], method: Method, pair: str) -> Gray:
    """Return what a method returned as float32, if it is a fused image.

    Parameters
    ----------
    output : whatever the method returned.
    shape : what it should have, (N, 1, H, W) of the sources, or (H, W, 3) for a colour image.
    method, pair : who to name.

    Raises
    ------
    RunError
        It is no array, has another shape or no floating type, holds NaN or infinity, or is not in [0, 1] at all.
    """
    problem = _problem(output, shape, method.quantise)
    if problem:
        raise RunError(f"method {method.label!r} failed on pair {pair!r}: {problem}")
    return np.asarray(output, dtype=np.float32)


def _problem(output: Any, shape: tuple[int, ...], rule: str) -> str | None:
    """Say what is wrong with a method's output."""
    if not isinstance(output, np.ndarray):
        return (
            f"it returned {_article(type(output).__name__)}; return a NumPy array of shape {shape}, float32 in [0, 1]"
        )
    if output.shape != shape:
        return f"it returned shape {output.shape}; return {shape}, the shape of the sources"
    if not np.issubdtype(output.dtype, np.floating):
        return f"it returned {output.dtype}; return float32 in [0, 1]"
    bad = output.size - int(np.isfinite(output).sum())
    if bad:
        return f"it returned NaN or infinity in {bad} of {output.size} pixels"
    if rule in ("round", "truncate") and output.mean() > _WILD:
        return f"it returned values up to {output.max():.4g}; return float32 in [0, 1], not 0..255"
    if rule in ("round", "truncate") and output.mean() < _BELOW:
        return f"it returned values down to {output.min():.4g}, nearly all of them black; return float32 in [0, 1]"
    return None


def _from_image(
    method: Method, image: Any, size: tuple[int, ...], pair: Pair, seconds: float, size_policy: SizePolicy
) -> Fused:
    """Finish an image that a method made of whole sources."""
    note = ""
    if isinstance(image, np.ndarray) and image.ndim in (2, 3) and image.size:
        image, note = _guarded(method, pair, fit_fused, image, size, size_policy)
        size = image.shape[:2]
    size = tuple(size)
    shape = (*size, 3) if np.ndim(image) == 3 else size
    if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.shape == shape):
        if method.quantise not in RULES and isinstance(image, np.ndarray):
            given = f"{image.dtype} of shape {image.shape}"
            problem = f"it returned {given}; return uint8 of shape {size} or {(*size, 3)}"
            raise RunError(f"method {method.label!r} failed on pair {pair.name!r}: {problem}")
        image = quantise(check_output(image, shape, method, pair.name), method.quantise)
    gray = image if image.ndim == 2 or is_colour(image) else np.ascontiguousarray(image[..., 0])
    return Fused(gray, None, seconds, note)


def _guarded(method: Method, pair: Pair, call: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a method, and tell any failure as a RunError that names the method and the pair."""
    try:
        return contained(method.label, call, *args, **kwargs)
    except InputError:
        raise
    except BaseException as error:  # sys.exit too, with which many a script ends
        if is_users(error):
            raise
        what = str(error) if isinstance(error, RunError) else one_line(error)
        raise RunError(f"method {method.label!r} failed on pair {pair.name!r}: {what}") from error


def _size(image: Image) -> str:
    return f"{image.shape[0]}x{image.shape[1]}"


def _article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
