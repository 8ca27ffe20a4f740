"""From sources as they were read to the fused image as it is scored and shown."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import SizePolicy, load_source
from ..datasets.images import to_gray
from ..datasets.pair import Pair
from ..devices.transfer import place_of
from ..errors import InputError, RunError, one_line
from ..foreign.contained import contained, is_users
from .colour import attach, chroma_of_pair, coloured_sources, is_colour, luminance
from .fit import crop_to, fit_fused
from .method import Gray, Image, Method
from .precision import computing
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
    file : where the image lies already as it is, of a method that knows such a file (`Method.stored`).
    """

    image: NDArray[np.uint8]
    colour: NDArray[np.uint8] | None
    seconds: float
    note: str = ""
    file: Path | None = None

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


def fuse_pair(
    method: Method, a: Image, b: Image, pair: Pair, size_policy: SizePolicy = "error", further: Sequence[Image] = ()
) -> Fused:
    """Fuse one pair, with everything around the method: luminance, 8 bit, chroma, and checks.

    More than two sources go to a method of `Method.any_number` at once. Any other one gets the first two, then what it
    made of them, in 8 bit, and the third, and so on: fuse(fuse(a, b), c). Chroma is always that of all sources.

    Parameters
    ----------
    method : from `get_method`.
    a, b : the sources as `FusionDataset.read` gives them, (H, W) or RGB (H, W, 3), of the same height and width. What
        is not uint8 is brought there first by the rule "full": uint16 has white at 65535.
    pair : the pair that they belong to.
    size_policy : what is done with a whole image of another size, as folders and commands give; see `fit.fit_fused`.
    further : the pair's sources after a and b, as they are.

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
    sources = [load_source(image) for image in (a, b, *further)]
    if len(sources) != len(pair.sources):
        raise InputError(f"pair {pair.name!r} has {len(pair.sources)} sources, and {len(sources)} images are given")
    for image in sources[1:]:
        if image.shape[:2] != sources[0].shape[:2]:
            sizes = f"{_size(sources[0])} and {_size(image)}"
            raise InputError(f"the sources of pair {pair.name!r} differ in size: {sizes}")
    if not method.computes:  # it knows the image by its name, and needs no sources
        sources = sources[:2]
    elif len(sources) > 2 and not method.any_number:
        return _fold(method, sources, pair, size_policy)
    return _fuse_whole(method, sources, pair, size_policy) or _fuse_luminance(method, sources, pair)


def takes_batches(method: Method) -> bool:
    """Whether pairs of two sources may go to `fuse` several at a time: a network's, that sees no whole images."""
    return method.learned and method.computes and not _sees_images(method)


def fuse_batch(method: Method, sources: Sequence[Sequence[Image]], pairs: Sequence[Pair]) -> list[Fused]:
    """Fuse several pairs in one call of a method's `fuse`, each with everything around it, as `fuse_pair` does.

    Parameters
    ----------
    method : one that `takes_batches`.
    sources : two images for each pair, (H, W) or RGB (H, W, 3), uint8, all of one height and width.
    pairs : that they belong to.

    Returns
    -------
    list of Fused
        One for each pair, of which each has an equal share of the seconds.

    Raises
    ------
    RunError, InputError
        As `fuse_pair`, where it fails for one of them or for all.
    """
    a, b = (np.stack([luminance(images[side])[None] for images in sources]) for side in (0, 1))
    start = time.perf_counter()
    output = _guarded(method, pairs[0], method.fuse, a, b, pairs=tuple(map(_own, pairs)))
    seconds = (time.perf_counter() - start) / len(pairs)
    whole = check_output(output, a.shape, method, pairs[0].name)
    grays = [
        quantise(check_output(image[0], image.shape[1:], method, pair.name), method.quantise)
        for image, pair in zip(whole, pairs, strict=True)
    ]
    place = place_of(method.device)
    if not place.tells:
        return [_coloured(*each, seconds) for each in zip(grays, sources, pairs, strict=True)]
    from .colour_device import attach_all

    coloured = [coloured_sources(images, pair.colour) for images, pair in zip(sources, pairs, strict=True)]
    return [Fused(*each, seconds) for each in zip(grays, attach_all(place, grays, coloured), strict=True)]


def _sees_images(method: Method) -> bool:
    return getattr(method.fuse_images, "__func__", None) is not Method.fuse_images


def _fuse_whole(method: Method, sources: Sequence[Image], pair: Pair, size_policy: SizePolicy) -> Fused | None:
    """Let a method see whole images; None where it wants luminance."""
    if not _sees_images(method):
        return None
    a, b, *further = (image.copy() for image in sources)
    start = time.perf_counter()
    image = _guarded(method, pair, method.fuse_images, a, b, _own(pair), *further)
    seconds = time.perf_counter() - start if method.computes else math.nan
    return None if image is None else _from_image(method, image, a.shape[:2], pair, seconds, size_policy)


def _fuse_luminance(method: Method, sources: Sequence[Image], pair: Pair) -> Fused:
    """Fuse luminance, and attach the chroma of the sources."""
    grays = [luminance(image)[None, None] for image in sources]
    start = time.perf_counter()
    output = _guarded(method, pair, method.fuse, *grays, pairs=(_own(pair),))
    seconds = time.perf_counter() - start if method.computes else math.nan
    fused = check_output(output, grays[0].shape, method, pair.name)
    return _coloured(quantise(fused[0, 0], method.quantise), sources, pair, seconds)


def _coloured(gray: NDArray[np.uint8], sources: Sequence[Image], pair: Pair, seconds: float) -> Fused:
    a, b, *further = sources
    chroma = chroma_of_pair(a, b, pair.colour, further)
    return Fused(gray, None if chroma is None else attach(gray, chroma), seconds)


def _fold(method: Method, sources: Sequence[Image], pair: Pair, size_policy: SizePolicy) -> Fused:
    """Fuse the first two sources, then the result with the third, and so on, each time to 8 bit.

    A method that takes the luminance of the first two goes on with luminance.
    """
    done, *others = sources
    steps: list[Fused] = []
    whole = True
    for place, image in enumerate(others, start=1):
        step = replace(pair, a=done if steps else pair.a, b=pair.sources[place], further=())
        other = crop_to(image, done.shape[:2])  # a method that cuts its borders gives a smaller one
        fused = _fuse_whole(method, (done, other), step, size_policy) if whole else None
        whole = fused is not None
        steps.append(fused or _fuse_luminance(method, (_gray(done), _gray(other)), step))
        done = steps[-1].image
    last = steps[-1]
    if not whole:
        last = _coloured(last.image, [crop_to(image, done.shape[:2]) for image in sources], pair, 0.0)
    seconds, notes = math.fsum(step.seconds for step in steps), [step.note for step in steps if step.note]
    return replace(last, seconds=seconds, note=notes[0] if notes else "")


def _gray(image: Image) -> NDArray[np.uint8]:
    return to_gray(image).astype(np.uint8)


def _own(pair: Pair) -> Pair:
    """Copy the images of a pair that lies in memory: a method may write into what it is given."""
    sources = [image.copy() if isinstance(image, np.ndarray) else image for image in pair.sources]
    if all(isinstance(image, Path) for image in sources):
        return pair
    return replace(pair, a=sources[0], b=sources[1], further=tuple(sources[2:]))


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
    note, given = "", image
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
    return Fused(gray, None, seconds, note, method.stored(pair) if gray is given else None)


def _guarded(method: Method, pair: Pair, call: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a method, and tell any failure as a RunError that names the method and the pair."""
    try:
        return contained(method.label, _computed, method, call, *args, **kwargs)
    except InputError:
        raise
    except BaseException as error:  # sys.exit too, with which many a script ends
        if is_users(error):
            raise
        what = str(error) if isinstance(error, RunError) else one_line(error)
        raise RunError(f"method {method.label!r} failed on pair {pair.name!r}: {what}") from error


def _computed(method: Method, call: Any, *args: Any, **kwargs: Any) -> Any:
    with computing(method):
        return call(*args, **kwargs)


def _size(image: Image) -> str:
    return f"{image.shape[0]}x{image.shape[1]}"


def _article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
