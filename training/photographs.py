"""Ordinary photographs as something to learn from: from each a multi-focus and a multi-exposure pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import load_source
from ..datasets.images import Header, UnreadableImageError, is_image_name, probe
from ..datasets.problems import listing
from ..datasets.ranges import Rule, refusal
from ..errors import InputError
from .patches import Images, TrainingPair
from .scenes import file_keys

PHOTOS = "photos:"
Photo = NDArray[np.uint8]


def photographs(folder: Path, least: int, rule: Rule) -> tuple[list[tuple[int, Path, Header]], dict[str, str]]:
    """List the photographs in a folder and in those below it; only their headers are read.

    Parameters
    ----------
    least : pixels that each side must have.
    rule : how values deeper than 8 bits become 0..255.

    Returns
    -------
    good, skipped
        Number, file and header of those that can be learnt from; the numbers count all files, so that a photograph
        keeps its own when another one breaks. File and reason of the others.

    Raises
    ------
    InputError
        There is none.
    """
    files = sorted(path for path in folder.rglob("*") if is_image_name(path) and path.is_file())
    if not files:
        raise InputError(f"there are no photographs in {folder}")
    good: list[tuple[int, Path, Header]] = []
    skipped: dict[str, str] = {}
    for number, file in enumerate(_counted(files, folder)):
        try:
            header = probe(file)
            reason = refusal(header, rule)
        except UnreadableImageError as error:
            skipped[str(file)] = error.reason
            continue
        if reason is None and min(header.height, header.width) < least:
            reason = f"it is {header.height}x{header.width}, smaller than a patch of {least}x{least}"
        if reason is None:
            good.append((number, file, header))
        else:
            skipped[str(file)] = reason
    if not good:
        raise InputError(f"none of the {len(files)} photographs in {folder} can be learnt from: {listing(skipped)}")
    return good, skipped


def pairs_of(
    folder: Path, number: int, file: Path, rule: Rule, convert: Callable[[Photo], Photo], spare: bool
) -> list[TrainingPair[Images]]:
    """Make the two pairs of a photograph; it is read, and they are drawn, each time that they are asked for.

    Parameters
    ----------
    convert : what is done to the photograph first.
    spare : whether another pair may take their place where the file turns out to be damaged.
    """
    scenes = file_keys(file)
    pairs = []
    for task, degrade in (("MFF", foci), ("MEF", exposures)):

        def read(draw: np.random.Generator, degrade: Callable[..., Images] = degrade) -> Images:
            return degrade(convert(load_source(file, rule)), draw)

        name = f"{folder.name}/{file.stem}:{task}"
        pairs.append(TrainingPair(name, task, read, fixed=False, number=number, scenes=scenes, spare=spare))
    return pairs


def _counted(files: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Show a bar on a terminal while files are looked at; a hundred thousand take a while."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(
        files, f"photographs in {folder.name}", console=console, transient=True, disable=not console.is_terminal
    )


def foci(photo: Photo, draw: np.random.Generator) -> Images:
    """Make a multi-focus pair: what is sharp in one is blurred in the other.

    The focal plane is a smooth random map, as objects at two depths are; the blur is Gaussian with sigma 1 to 4 pixels.
    """
    plane = _smooth_noise(photo.shape[:2], draw) > 0
    matte = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 1.5)  # focus falls off gradually
    sharp = photo.astype(np.float32)
    blurred = cv2.GaussianBlur(sharp, (0, 0), float(draw.uniform(1, 4)))
    matte = matte if photo.ndim == 2 else matte[..., None]
    near, far = sharp * matte + blurred * (1 - matte), sharp * (1 - matte) + blurred * matte
    return _to_uint8(near), _to_uint8(far)


def exposures(photo: Photo, draw: np.random.Generator) -> Images:
    """Make a multi-exposure pair: one over-, one underexposed by 1 to 3 stops, clipped as a sensor clips.

    The photograph's tone curve is taken for a gamma of 2.2.
    """
    light = (photo.astype(np.float32) / 255) ** 2.2
    over, under = (np.clip(light * 2**stops, 0, 1) ** (1 / 2.2) * 255
                   for stops in (draw.uniform(1, 3), -draw.uniform(1, 3)))  # fmt: skip
    return _to_uint8(over), _to_uint8(under)


def _smooth_noise(shape: tuple[int, ...], draw: np.random.Generator) -> NDArray[np.float32]:
    """Return noise with blobs of about 40 pixels, of median 0: both sides of it cover half of the image."""
    coarse = draw.standard_normal((max(2, shape[0] // 40 + 1), max(2, shape[1] // 40 + 1))).astype(np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine - np.median(fine), dtype=np.float32)


def _to_uint8(image: NDArray[np.floating]) -> Photo:
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
