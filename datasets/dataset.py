"""A loaded data set: a sequence of pairs that are known to be readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, letter
from .finding.splits import cited, split_notes
from .headers import Headers
from .images import Header, UnreadableImageError, probe, read_picture
from .pair import SIDES, Pair, Side, Source, Task
from .ranges import FULL, Ranges, Rule
from .remarks import is_odd, remarks_on
from .rgbt import read_rgbt
from .spec import DatasetSpec

SizePolicy = Literal["error", "crop", "resize"]
Image = NDArray[Any]


@dataclass(frozen=True, eq=False)
class FusionDataset(Sequence[Pair]):
    """A sequence of pairs; index it with a number, a slice or a pair's name.

    Attributes
    ----------
    name : of the data set; of the folder, where it is not in the catalogue.
    task : the task of all pairs, or "mixed".
    split : "test", "train", ..., "all", or the name of the list of names that was given.
    label : the name, with the split where it is not the one taken by default: "RoadScene", "RoadScene-all".
    spec : the entry of the catalogue.
    root : the data set's folder.
    pairs : the pairs.
    size_policy : what `read` does where the sources differ in size. "error" says so; "crop" keeps the common part
        from the top left corner (sizes that should agree mostly differ by rows or columns lost at the far end, so
        pixels stay on each other); "resize" brings the others to the size of a.
    skipped : name and reason of each pair that was left out (`on_error="skip"`).
    ranges : how values deeper than 8 bits become 0..255, by source.
    rgbt : whether each pair is one file: its last channel is a, its colours are b.
    headers : of the files, as far as they were looked at when the data set was loaded.
    video : whether the pairs are frames of videos, each after the one before it; see `videos.sequence_of`.
    """

    name: str
    task: Task | Literal["mixed"]
    split: str
    spec: DatasetSpec
    root: Path
    pairs: tuple[Pair, ...]
    size_policy: SizePolicy = "error"
    skipped: Mapping[str, str] = field(default_factory=dict)
    default_split: str = "all"
    ranges: Ranges = FULL
    rgbt: bool = False
    headers: Headers = field(default_factory=Headers, repr=False)
    video: bool = False

    @property
    def label(self) -> str:  # noqa: D102 - an attribute, described with the others
        return self.name if self.split == self.default_split else f"{self.name}-{self.split}"

    def __len__(self) -> int:
        return len(self.pairs)

    @overload
    def __getitem__(self, index: int | str) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pair]: ...
    def __getitem__(self, index: int | str | slice) -> Pair | Sequence[Pair]:
        return self._by_name[index] if isinstance(index, str) else self.pairs[index]

    @cached_property
    def _by_name(self) -> dict[str, Pair]:
        return {pair.name: pair for pair in reversed(self.pairs)}  # the first of a name counts

    def __repr__(self) -> str:
        return f"FusionDataset({self.name!r}, {self.task}, split={self.split!r}, {len(self)} pairs at {self.root})"

    def absolute(self) -> FusionDataset:
        """Write out the paths, so that they stay right in whichever folder they are used."""
        if self.root.is_absolute() and all(not isinstance(p.a, Path) or p.a.is_absolute() for p in self.pairs):
            return self
        pairs = tuple(pair.absolute() for pair in self.pairs)
        return replace(self, root=self.root.absolute(), pairs=pairs, headers=self.headers.absolute())

    def read(self, pair: Pair) -> tuple[Image, ...]:
        """Read the sources of a pair, in their order: the one reading that methods, metrics, figures and training see.

        Values deeper than 8 bits are brought to 0..255 by the rule of their source; then the size policy is applied.

        Returns
        -------
        a, b, … : uint8 arrays of equal height and width, (H, W) or RGB (H, W, 3); two, or as many as the scene has.

        Raises
        ------
        InputError
            If a file cannot be read, or its values have no known range and the rule gives none; or the sizes differ
            and the policy is "error".
        """
        return read_pair(pair, self.size_policy, self.ranges, self.rgbt)

    def read_truth(self, pair: Pair) -> Image | None:
        """Read the ideal fused image, at the size that `read` gives; None where there is none."""
        needed = pair.truth is not None and self.size_policy != "error"
        return read_truth(pair, self.read(pair)[0] if needed else None, self.size_policy)

    @cached_property
    def remarks(self) -> list[str]:
        """What a run should know of the files: a small part of the range used, alpha dropped; see `remarks_on`."""
        odd = self._look.odd
        return [remark for side in SIDES for remark in remarks_on(side, odd[side], self.ranges[side], self.rgbt)]

    @property
    def split_notes(self) -> list[str]:
        """Say, for tables and manifests, whose pairs these are, where a list that ships has chosen them."""
        notes = list(split_notes(self.spec, self.split, (*(pair.name for pair in self), *self.skipped)))
        if notes and self.split == self.default_split in {split.name for split in self.spec.splits}:
            notes.append(
                f"No list of names lies beside the images of {self.name}, so that {self.split} is the default."
            )
        return notes

    @property
    def pair_list(self) -> str | None:
        """The list that ships and that the pairs are of, as captions cite it: "TNO/tang42 (3e9b2502)"; or None."""
        return cited(self.spec, self.split, (*(pair.name for pair in self), *self.skipped))

    def header(self, source: Path) -> Header:
        """Return the header of a source's file."""
        return self.headers.get(source) or probe(source)

    @property
    def uneven(self) -> tuple[str, ...]:
        """Names of the pairs whose sources differ in size, for which the size policy has something to do."""
        return self._look.uneven

    def is_deep(self, side: Side) -> bool:
        """Whether any source of this side has values that a rule has to bring to 0..255."""
        return side in self._look.deep

    @cached_property
    def _look(self) -> _Look:
        """Look once at the headers of all sources, of which there may be many."""
        look, uneven = _Look({side: {} for side in SIDES}), []
        for pair in self.pairs:
            sizes: set[tuple[int, int]] = set()
            for side in SIDES:
                for source in pair.of_side(side):
                    if not isinstance(source, Path):
                        sizes.add((source.shape[0], source.shape[1]))
                        if source.dtype != np.uint8:
                            look.deep.add(side)
                        continue
                    header = self.header(source)
                    sizes.add((header.height, header.width))
                    if header.deep:
                        look.deep.add(side)
                    if is_odd(header):
                        look.odd[side][source] = header
            if len(sizes) > 1:
                uneven.append(pair.name)
        return replace(look, uneven=tuple(uneven))


@dataclass(frozen=True)
class _Look:
    """What the headers of a data set's sources tell.

    Attributes
    ----------
    odd : by side, the files that something is worth saying of.
    deep : the sides of which any source is deeper than 8 bits.
    uneven : the names of the pairs whose sources differ in size.
    """

    odd: dict[Side, dict[Path, Header]]
    deep: set[Side] = field(default_factory=set)
    uneven: tuple[str, ...] = ()


def read_pair(
    pair: Pair, size_policy: SizePolicy = "error", ranges: Ranges = FULL, rgbt: bool = False
) -> tuple[NDArray[np.uint8], ...]:
    """Read the sources of a pair; see `FusionDataset.read`."""
    if rgbt and isinstance(pair.a, Path):
        return read_rgbt(pair.a, ranges)
    sources = [load_source(source, ranges[side]) for side in SIDES for source in pair.of_side(side)]
    return fit(sources, size_policy, pair.name)


def read_truth(pair: Pair, a: Image | None, size_policy: SizePolicy = "error") -> NDArray[np.uint8] | None:
    """Read the ideal fused image at the size of source `a`, as it was read; None where there is none.

    With the size policy "error", or no `a`, it has its own size, and an image that is smaller stays so where the policy
    crops.
    """
    if pair.truth is None:
        return None
    truth = load_source(pair.truth)
    return truth if a is None or size_policy == "error" else fit((a, truth), size_policy, pair.name)[1]


def load_source(source: Source, rule: Rule = FULL.a) -> NDArray[np.uint8]:
    """Read a source, a file or an array, as uint8: (H, W) or RGB (H, W, 3).

    Parameters
    ----------
    rule : how values deeper than 8 bits become 0..255.

    Raises
    ------
    InputError
        (`UnreadableImageError` of a file) if it cannot be read, or has no known range and the rule gives none.
    """
    if not isinstance(source, Path):
        if source.ndim != 2 and (source.ndim != 3 or source.shape[2] != 3):
            raise InputError(f"a source has shape (H, W) or (H, W, 3), not {source.shape}")
        if source.dtype.kind not in "uif" or not np.isfinite(source).all():
            raise InputError(f"a source of {source.dtype} has to hold numbers, without NaN or infinity")
        return rule.eight_bit(source, {np.dtype("u1"): 255, np.dtype("u2"): 65535}.get(source.dtype))
    picture = read_picture(source)
    try:
        return rule.eight_bit(picture.pixels, picture.maximum)
    except InputError as error:
        raise UnreadableImageError(source, str(error)) from error


def require_effect(datasets: Sequence[FusionDataset]) -> None:
    """Refuse a rule that somebody gave for values deeper than 8 bits where there are none.

    Raises
    ------
    InputError
        No source that the rule is for is deeper, in any of the data sets.
    """
    names = ", ".join(dict.fromkeys(dataset.name for dataset in datasets))
    if any(dataset.skipped for dataset in datasets):
        return  # what the pairs that were left out hold is not known
    for ranges in {dataset.ranges for dataset in datasets}:
        deep = [side for side in SIDES if any(dataset.is_deep(side) for dataset in datasets)] if ranges.asked else []
        if sentence := ranges.without_effect(deep, names):
            raise InputError(sentence)


def require_pairs(dataset: FusionDataset) -> None:
    """Refuse scenes of more than two sources, where pairs are learnt from.

    Raises
    ------
    InputError
        There is one.
    """
    for pair in dataset:
        if pair.further:
            raise InputError(
                f"{pair.name} of {dataset.name} has {len(pair.sources)} sources: training learns from pairs of two"
            )


def fit(images: Sequence[Image], policy: SizePolicy, name: str) -> tuple[Image, ...]:
    """Bring images to one size; see `FusionDataset.size_policy`."""
    shapes = [image.shape[:2] for image in images]
    if len(set(shapes)) == 1:
        return tuple(images)
    if policy == "crop":
        height, width = np.min(shapes, axis=0)
        return tuple(image[:height, :width] for image in images)
    if policy == "resize":
        return tuple(image if image.shape[:2] == shapes[0] else resized(image, shapes[0]) for image in images)
    raise InputError(f"the sources of {name} differ in size: {sizes(shapes)}")


def sizes(shapes: Sequence[Sequence[int]]) -> str:
    """Say the size of a, and the first other one, given as (height, width), as `--size` takes them."""
    place = next(place for place, shape in enumerate(shapes) if shape != shapes[0])
    (height, width), (high, wide) = shapes[0], shapes[place]
    return f"a is {height}x{width}, {letter(place)} is {high}x{wide}; say what to do with --size-policy crop or resize"


def resized(image: Image, size: Sequence[int]) -> Image:
    """Bring an image to (height, width): by the area mean where it shrinks, else bilinearly."""
    import cv2

    shrinks = size[0] <= image.shape[0] and size[1] <= image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR  # the area mean is free of aliasing
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=method))
