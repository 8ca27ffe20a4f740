"""From the options to the pairs that are learnt from, and those held out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import FusionDataset, require_pairs
from ..datasets.finding import Lookup, read_list
from ..datasets.finding import lookup_of as lookup
from ..datasets.finding.folders import has_images
from ..datasets.images import to_gray
from ..datasets.load import held_out_names, load_dataset
from ..datasets.locate import locate
from ..datasets.pair import SIDES, Pair
from ..datasets.problems import listing
from ..datasets.ranges import parse_ranges
from ..errors import InputError
from .options import TrainOptions
from .patches import Images, TrainingPair
from .photographs import PHOTOS, pairs_of, photographs
from .scenes import file_keys, hold_out
from .settings import Colour

__all__ = ["PHOTOS", "hold_out", "to_learn_from", "training_pairs"]
_SHOWN = 3  # wrong names told in one error
Group = list[TrainingPair[Images]]  # what is made of one pair, or of one photograph
_Found = tuple[list[Group], set[str], dict[str, str]]  # and sources for which a range does something; what is skipped


def training_pairs(
    options: TrainOptions, colour: Colour = "gray", least: int = 1, skipped: dict[str, str] | None = None
) -> list[TrainingPair[Images]]:
    """List the pairs of all data sets of a run, cut to `train_num` pairs and photographs evenly.

    Parameters
    ----------
    colour : "gray" makes sources gray, "rgb" leaves them as they are.
    least : pixels that each side of a source must have.
    skipped : receives the names of pairs and photographs that are left out, with the reasons; see
        `TrainOptions.on_error`.

    Raises
    ------
    InputError
        A data set is not found, or nothing is left to learn from; or, unless such are to be skipped, a pair or a
        photograph cannot be used.
    """
    groups: list[Group] = []
    deep: set[str] = set()
    for name in options.dataset:
        read = _photographs if name.startswith(PHOTOS) else _dataset
        more, deeper, left_out = read(name, options, colour, least)
        groups += more
        deep |= deeper
        if skipped is not None:
            skipped.update(left_out)
    idle = parse_ranges(options.range).without_effect(deep, ", ".join(options.dataset))
    if idle:
        raise InputError(idle)
    if options.exclude is not None:
        groups = _without(groups, options)
    if options.train_num is not None and options.train_num < len(groups):
        keep = np.linspace(0, len(groups) - 1, options.train_num).round().astype(int)
        groups = [groups[i] for i in keep]
    if not groups:
        raise InputError(f"there is nothing to learn from in {', '.join(options.dataset)}")
    return [pair for group in groups for pair in group]


def _dataset(name: str, options: TrainOptions, colour: Colour, least: int) -> _Found:
    """Take the pairs of a data set."""
    dataset, left_out = to_learn_from(name, options)
    require_pairs(dataset)
    chosen = [pair for pair in dataset if pair.name not in left_out]
    deep: set[str] = {side for side in SIDES if dataset.ranges.asked and dataset.is_deep(side)}
    skipped = {f"{dataset.name}/{each}": reason for each, reason in dataset.skipped.items()}
    groups = []
    for number, pair in enumerate(chosen):
        made = _pair(dataset, pair, number, colour)
        reason = _too_small(dataset, pair, least)
        if reason is None:
            groups.append([made])
        elif options.on_error == "skip":
            skipped[made.name] = reason
        else:
            raise InputError(f"pair {made.name!r} {reason}: choose a smaller patch, or leave the pair out")
    return groups, deep, skipped


def _too_small(dataset: FusionDataset, pair: Pair, least: int) -> str | None:
    if isinstance(pair.a, Path):
        header = dataset.header(pair.a)
        height, width = header.height, header.width
    else:
        height, width = pair.a.shape[:2]
    if min(height, width) >= least:
        return None
    return f"is {height}x{width}, smaller than a patch of {least}x{least}"


def to_learn_from(name: str, options: TrainOptions) -> tuple[FusionDataset, set[str]]:
    """Load the pairs that may be learnt from, and say which of them are not to be."""
    _find(name, options)
    load = partial(
        load_dataset, name, options.data_root, a=options.a, b=options.b, task=options.task,
        on_error=options.on_error or "stop", range=parse_ranges(options.range), rgbt=options.rgbt,
    )  # fmt: skip
    if options.split is not None:
        return load(options.split), set()
    try:
        return load("train"), set()
    except InputError:
        everything = load("all")
    tested = held_out_names(
        name, options.data_root, a=options.a, b=options.b, task=options.task, rgbt=options.rgbt
    )  # fmt: skip
    left_out = {pair.name for pair in everything if pair.name.casefold() in tested}
    # A data set of which nothing but the test part is there must be named as such to be learnt from.
    if len(left_out) == len(everything):
        split = everything.default_split
        raise InputError(f"{name} at {everything.root} has only test pairs: say --split {split} to learn from them")
    return everything, left_out


def _find(name: str, options: TrainOptions) -> dict[str, set[str]]:
    """Return what the pairs are called; where a folder has none, but images, these may be meant as photographs."""
    try:
        found = locate(name, options.data_root, options.a, options.b, options.task, options.rgbt)[1]
    except InputError as error:
        folder = Path(name).expanduser()
        if options.a is None and not options.rgbt and folder.is_dir() and has_images(folder):
            raise InputError(
                f"{error}; if these are ordinary photographs, of which pairs are to be made, say --dataset "
                f"{PHOTOS}{name}"
            ) from error
        raise
    return lookup(found).called if found is not None else {}


def _pair(dataset: FusionDataset, pair: Pair, number: int, colour: Colour) -> TrainingPair[Images]:
    def read(draw: np.random.Generator) -> Images:
        a, b = dataset.read(pair)
        return _convert(a, colour), _convert(b, colour)

    name = f"{dataset.name}/{pair.name}"
    files = file_keys(*(source for source in (pair.a, pair.b, pair.truth) if isinstance(source, Path)))
    scene = (f"{dataset.name}/{pair.scene}",) if pair.scene else ()
    return TrainingPair(name, pair.task, read, number=number, scenes=(name, *files, *scene))


def _photographs(name: str, options: TrainOptions, colour: Colour, least: int) -> _Found:
    """Make pairs of each photograph, which is read by the rule of b, the visible source."""
    folder, rule = Path(name.removeprefix(PHOTOS)).expanduser(), parse_ranges(options.range).b
    good, skipped = photographs(folder, least, rule)
    strict = options.on_error == "stop"
    if skipped and strict:
        count = f"{len(skipped)} of {len(good) + len(skipped)} photographs in {folder}"
        raise InputError(f"{count} cannot be learnt from: {listing(skipped)}; mend them, or say --on-error skip")
    convert = partial(_convert, colour=colour)
    groups = [pairs_of(folder, number, file, rule, convert, spare=not strict) for number, file, _ in good]
    deep = options.range is not None and any(header.deep for _, _, header in good)
    return groups, {"b"} if deep else set(), skipped


def _convert(image: NDArray[np.uint8], colour: Colour) -> NDArray[np.uint8]:
    """Make a source gray, unless channels are to be learnt from."""
    return to_gray(image).astype(np.uint8) if colour == "gray" or image.ndim == 2 else image


def _without(groups: Sequence[Group], options: TrainOptions) -> list[Group]:
    """Leave out the pairs, or photographs, that a list names; what the data sets do not have is a mistake of the list.

    Names that the split leaves out anyway may be in it.
    """
    names = [group[0].name.partition("/")[2].removesuffix(f":{group[0].task}") for group in groups]
    called = {name: set[str]() for name in names}
    for dataset in options.dataset:
        if not dataset.startswith(PHOTOS):
            called |= _find(dataset, options)
    listed = read_list(Path(str(options.exclude)), Lookup(called), f"it is in none of {', '.join(options.dataset)}")
    wrong = [f"{each.name}: {each.problem}" for each in listed if each.problem is not None]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise InputError(f"the list of names to leave out has {'; '.join(wrong[:_SHOWN])}{more}")
    left_out = {each.name for each in listed}
    return [group for group, name in zip(groups, names, strict=True) if name not in left_out]
