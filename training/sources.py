"""From the options to the pairs that are learnt from, and those held out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import FusionDataset, load_source
from ..datasets.finding import Lookup, read_list
from ..datasets.finding import lookup_of as lookup
from ..datasets.images import is_image_name, probe, to_gray
from ..datasets.load import held_out_names, load_dataset
from ..datasets.locate import locate
from ..datasets.pair import SIDES, Pair
from ..datasets.ranges import parse_ranges
from ..errors import InputError
from .options import TrainOptions
from .patches import Images, TrainingPair
from .settings import Colour

PHOTOS = "photos:"
_SHOWN = 3  # wrong names told in one error
_Pair = TypeVar("_Pair")
Photo = NDArray[np.uint8]


def training_pairs(options: TrainOptions, colour: Colour = "gray") -> list[TrainingPair[Images]]:
    """List the pairs of all data sets of a run, cut to `train_num` evenly.

    Parameters
    ----------
    colour : "gray" makes sources gray, "rgb" leaves them as they are.

    Raises
    ------
    InputError
        A data set is not found, or nothing is left to learn from.
    """
    pairs: list[TrainingPair[Images]] = []
    deep: set[str] = set()
    for name in options.dataset:
        read = _photographs if name.startswith(PHOTOS) else _dataset
        more, deeper = read(name, options, colour)
        pairs += more
        deep |= deeper
    idle = parse_ranges(options.range).without_effect(deep, ", ".join(options.dataset))
    if idle:
        raise InputError(idle)
    if options.exclude is not None:
        pairs = _without(pairs, options)
    if options.train_num is not None and options.train_num < len(pairs):
        keep = np.linspace(0, len(pairs) - 1, options.train_num).round().astype(int)
        pairs = [pairs[i] for i in keep]
    if not pairs:
        raise InputError(f"there is nothing to learn from in {', '.join(options.dataset)}")
    return pairs


def hold_out(pairs: Sequence[_Pair], part: float, seed: int) -> tuple[list[_Pair], list[_Pair]]:
    """Split pairs into those to learn from and those to measure on; which ones depends on the seed alone.

    Examples
    --------
    >>> pairs = [TrainingPair(str(i), "IVF", lambda rng: None) for i in range(10)]
    >>> [len(half) for half in hold_out(pairs, 0.2, seed=0)]
    [8, 2]
    """
    count = round(part * len(pairs))
    if part and not count and len(pairs) > 1:
        count = 1
    chosen = set(np.random.default_rng([seed, 99]).permutation(len(pairs))[:count].tolist())
    learn = [pair for i, pair in enumerate(pairs) if i not in chosen]
    return learn, [pairs[i] for i in sorted(chosen)]


def _dataset(name: str, options: TrainOptions, colour: Colour) -> tuple[list[TrainingPair[Images]], set[str]]:
    """List the pairs of a data set, and say which sources a range has something to do for."""
    dataset, left_out = _split(name, options)
    chosen = [pair for pair in dataset if pair.name not in left_out]
    deep: set[str] = {side for side in SIDES if dataset.ranges.asked and dataset.is_deep(side)}
    return [_pair(dataset, pair, number, colour) for number, pair in enumerate(chosen)], deep


def _split(name: str, options: TrainOptions) -> tuple[FusionDataset, set[str]]:
    """Load the pairs that may be learnt from, and say which of them are not to be."""
    load = partial(load_dataset, name, options.data_root, range=parse_ranges(options.range), rgbt=options.rgbt)
    if options.split is not None:
        return load(options.split), set()
    try:
        return load("train"), set()
    except InputError:
        everything = load("all")
    tested = held_out_names(name, options.data_root, rgbt=options.rgbt)
    left_out = {pair.name for pair in everything if pair.name.casefold() in tested}
    # A data set of which nothing but the test part is there must be named as such to be learnt from.
    if len(left_out) == len(everything):
        split = everything.default_split
        raise InputError(f"{name} at {everything.root} has only test pairs: say --split {split} to learn from them")
    return everything, left_out


def _pair(dataset: FusionDataset, pair: Pair, number: int, colour: Colour) -> TrainingPair[Images]:
    def read(draw: np.random.Generator) -> Images:
        a, b = dataset.read(pair)
        return _convert(a, colour), _convert(b, colour)

    return TrainingPair(f"{dataset.name}/{pair.name}", pair.task, read, number=number)


def _photographs(name: str, options: TrainOptions, colour: Colour) -> tuple[list[TrainingPair[Images]], set[str]]:
    """Make a multi-focus and a multi-exposure pair of each photograph, and say whether a range has something to do.

    A photograph is read by the rule of b, the visible source.
    """
    folder = Path(name.removeprefix(PHOTOS)).expanduser()
    files = sorted(path for path in folder.rglob("*") if path.is_file() and is_image_name(path))
    if not files:
        raise InputError(f"there are no photographs in {folder}")
    pairs, rule = [], parse_ranges(options.range).b
    for number, file in enumerate(files):
        for task, degrade in (("MFF", foci), ("MEF", exposures)):

            def read(draw: np.random.Generator, file: Path = file, degrade=degrade) -> Images:  # type: ignore[no-untyped-def]
                return degrade(_convert(load_source(file, rule), colour), draw)

            pairs.append(TrainingPair(f"{folder.name}/{file.stem}:{task}", task, read, fixed=False, number=number))
    return pairs, {"b"} if options.range is not None and any(probe(file).deep for file in files) else set()


def _convert(image: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
    """Make a source gray, unless channels are to be learnt from."""
    return to_gray(image).astype(np.uint8) if colour == "gray" or image.ndim == 2 else image


def _without(pairs: list[TrainingPair[Images]], options: TrainOptions) -> list[TrainingPair[Images]]:
    """Leave out the pairs, or photographs, that a list names; what the data sets do not have is a mistake of the list.

    Names that the split leaves out anyway may be in it.
    """
    names = {pair.name: pair.name.partition("/")[2].removesuffix(f":{pair.task}") for pair in pairs}
    called = {name: set[str]() for name in names.values()}
    for dataset in options.dataset:
        if not dataset.startswith(PHOTOS):
            found = locate(dataset, options.data_root, None, None, None)[1]
            called |= lookup(found).called if found is not None else dict[str, set[str]]()
    listed = read_list(Path(str(options.exclude)), Lookup(called), f"it is in none of {', '.join(options.dataset)}")
    wrong = [f"{each.name}: {each.problem}" for each in listed if each.problem is not None]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise InputError(f"the list of names to leave out has {'; '.join(wrong[:_SHOWN])}{more}")
    left_out = {each.name for each in listed}
    return [pair for pair in pairs if names[pair.name] not in left_out]


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
