"""What was given to be scored: checked, and brought to (N, 1, H, W) or (N, 3, H, W) in 0..255."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ..arrays.types import Array, is_tensor, namespace
from .axes import Axes, settle
from .kinds import as_array, as_memory, is_uint8
from .policies import Planes
from .ranges import DataRange, Extent, Range, as_levels, extents, is_common, scaled, stated_ranges

CHUNK = 64 * 480 * 640  # pixels of the tensors that are scored at once; bounds the memory that features take


@dataclass(frozen=True)
class Batches:
    """One side of the triples: a batch of planes, or one batch of length 1 per image of a list."""

    parts: list[Planes]
    single: bool  # the input was one image
    listed: bool  # the input was a list
    extents: list[Extent]  # of each image
    tensors: bool  # the input was tensors, though those in this machine's memory are arrays here

    @property
    def count(self) -> int:
        """Number of images."""
        return sum(part.shape[0] for part in self.parts)

    def singles(self) -> list[Planes]:
        """One batch of length 1 per image."""
        return [part[i : i + 1] for part in self.parts for i in range(part.shape[0])]


def read(
    images: Mapping[str, Any],
    data_range: DataRange | None = None,
    axes: Axes | None = None,
    beside: Sequence[Batches] = (),
) -> list[Batches]:
    """Check images and bring them to (N, C, H, W), uint8 where they hold its numbers, else float64 in 0..255.

    Tensors that lie in this machine's memory and have no gradient to hand on become arrays of the same memory.

    Parameters
    ----------
    images : images, batches, or lists of single images, by name: "fused", "a", "b".
    data_range, axes : as `evaluate` takes them.
    beside : sources that were read before.

    Raises
    ------
    InputError
        for another type, shape or range, NaN, masked pixels, an empty image, and for what can be read in two ways.
    """
    sides = {name: _arrays(image, name) for name, image in images.items()}
    listed = {name: isinstance(image, list | tuple) for name, image in images.items()}
    letters = settle(sides, listed, axes, beside[0].count if beside else None)
    planes = {
        name: as_memory([_planes(x, a) for x, a in zip(sides[name], letters[name], strict=True)]) for name in images
    }
    if data_range is None:
        planes = {name: [as_levels(x) for x in parts] for name, parts in planes.items()}
    numbers = _extents(planes, listed, data_range)
    beside_all = [one for side in beside for one in side.extents[:1]]
    result = []
    for name, parts in planes.items():
        others = [side[0][0] for other, side in numbers.items() if other != name] + beside_all
        checked = [scaled(x, each, others) for x, each in zip(parts, numbers[name], strict=True)]
        single = not listed[name] and not letters[name][0].startswith("N")
        looked_at = [one for each in numbers[name] for one in each]
        result.append(Batches(checked, single, listed[name], looked_at, is_tensor(sides[name][0])))
    return result


def _arrays(side: Any, name: str) -> list[Array]:
    """Bring an input to a list of arrays."""
    if not isinstance(side, list | tuple):
        return [as_array(side, name)]
    for i, image in enumerate(side):
        if isinstance(image, list | tuple | int | float):
            raise InputError(f"{name}[{i}] is a {type(image).__name__}: give a list of arrays or of tensors")
    arrays = [as_array(image, f"{name}[{i}]") for i, image in enumerate(side)]
    if not arrays:
        raise InputError(f"{name} is an empty list: give at least one image")
    if len({is_tensor(x) for x in arrays}) > 1:
        raise InputError(f"{name} is a list of arrays and tensors: give tensors, or arrays")
    return arrays


def _planes(x: Array, axes: str) -> Planes:
    """Bring an array to (N, C, H, W)."""
    if axes.endswith("C"):
        x = namespace(x).moveaxis(x, -1, -3)
    if "C" not in axes:
        x = x[..., None, :, :]
    return x if axes.startswith("N") else x[None]


def _extents(
    planes: Mapping[str, list[Planes]], listed: Mapping[str, bool], data_range: DataRange | None
) -> dict[str, list[list[Extent]]]:
    """Look at the numbers of all images, with what `data_range` says about them.

    A range that is said for all is that of every image but uint8 ones, whose type says theirs; unless all are uint8.
    """
    stated = stated_ranges(data_range, tuple(planes))
    only_others = is_common(data_range) and not all(is_uint8(x) for parts in planes.values() for x in parts)

    def statement(name: str, x: Planes) -> Range | None:
        return None if only_others and is_uint8(x) else stated[name]

    return {
        name: [extents(x, f"{name}[{i}]" if listed[name] else name, statement(name, x)) for i, x in enumerate(parts)]
        for name, parts in planes.items()
    }


def triples(three: Sequence[Batches]) -> Iterator[tuple[tuple[int, ...], tuple[Planes, ...]]]:
    """Put fused images beside their sources; images of a list are put together where all sizes agree."""
    if any(side.tensors for side in three) and not three[0].tensors:
        raise InputError("a source is a tensor and the fused image is an array: give tensors, or arrays")
    if not any(side.listed for side in three):
        yield tuple(range(three[0].count)), _together([side.parts[0] for side in three])
        return
    groups: dict[tuple[Any, ...], list[int]] = {}
    singles = [side.singles() for side in three]
    for i, members in enumerate(zip(*singles, strict=True)):
        groups.setdefault(tuple((tuple(x.shape), str(x.dtype)) for x in members), []).append(i)
    for where in groups.values():
        yield tuple(where), _together([namespace(side[where[0]]).concat([side[i] for i in where]) for side in singles])


def _together(planes: Sequence[Planes]) -> tuple[Planes, ...]:
    """Arrays as they are; where one is a tensor, all as tensors where the fused image, the first, lies."""
    if not any(is_tensor(x) for x in planes):
        return tuple(planes)
    import torch

    device = planes[0].device if is_tensor(planes[0]) else torch.device("cpu")
    # torch takes no negative strides, and warns of what is read-only
    writable = (x if is_tensor(x) else np.require(x, requirements=["C", "W"]) for x in planes)
    return tuple(torch.as_tensor(x, device=device) for x in writable)


def chunks(triple: tuple[Planes, ...]) -> Iterator[tuple[int, tuple[Planes, ...]]]:
    """Cut a batch: arrays image by image, which suits the cache; tensors as many at once as memory allows."""
    f = triple[0]
    step = max(1, CHUNK // (f.shape[-1] * f.shape[-2])) if is_tensor(f) else 1
    for start in range(0, f.shape[0], step):
        yield start, tuple(side[start : start + step] for side in triple)
