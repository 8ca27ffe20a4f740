"""What was given to be scored: checked, and brought to (N, 1, H, W) or (N, 3, H, W) in 0..255."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ..arrays.types import Array, is_tensor, namespace
from .axes import Axes, settle
from .kinds import as_array, is_uint8
from .policies import Planes
from .ranges import DataRange, Extent, Range, extents, is_common, scaled, stated_ranges


@dataclass(frozen=True)
class Batches:
    """One side of the triples: a batch of planes, or one batch of length 1 per image of a list."""

    parts: list[Planes]
    single: bool  # the input was one image
    listed: bool  # the input was a list
    extents: list[Extent]  # of each image

    @property
    def count(self) -> int:
        """Number of images."""
        return sum(part.shape[0] for part in self.parts)

    def singles(self) -> list[Planes]:
        """One batch of length 1 per image."""
        return [part[i : i + 1] for part in self.parts for i in range(part.shape[0])]


def read(
    given: Mapping[str, Any],
    data_range: DataRange | None = None,
    axes: Axes | None = None,
    beside: Sequence[Batches] = (),
) -> list[Batches]:
    """Check images and bring them to (N, C, H, W), uint8 where they were, else float64 in 0..255.

    Parameters
    ----------
    given : images, batches, or lists of single images, by name: "fused", "a", "b".
    data_range, axes : as `evaluate` takes them.
    beside : sources that were read before.

    Raises
    ------
    InputError
        for another type, shape or range, NaN, masked pixels, an empty image, and for what can be read in two ways.
    """
    sides = {name: _arrays(image, name) for name, image in given.items()}
    listed = {name: isinstance(image, list | tuple) for name, image in given.items()}
    found = settle(sides, listed, axes, beside[0].count if beside else None)
    planes = {name: [_planes(x, a) for x, a in zip(sides[name], found[name], strict=True)] for name in given}
    looked = _looked_at(planes, listed, data_range)
    beside_all = [one for side in beside for one in side.extents[:1]]
    result = []
    for name, parts in planes.items():
        others = [side[0][0] for other, side in looked.items() if other != name] + beside_all
        checked = [scaled(x, seen, others) for x, seen in zip(parts, looked[name], strict=True)]
        single = not listed[name] and not found[name][0].startswith("N")
        result.append(Batches(checked, single, listed[name], [one for seen in looked[name] for one in seen]))
    return result


def _arrays(given: Any, name: str) -> list[Array]:
    """Bring an input to a list of arrays."""
    if not isinstance(given, list | tuple):
        return [as_array(given, name)]
    for i, image in enumerate(given):
        if isinstance(image, list | tuple | int | float):
            raise InputError(f"{name}[{i}] is a {type(image).__name__}: give a list of arrays or of tensors")
    found = [as_array(image, f"{name}[{i}]") for i, image in enumerate(given)]
    if not found:
        raise InputError(f"{name} is an empty list: give at least one image")
    if len({is_tensor(x) for x in found}) > 1:
        raise InputError(f"{name} is a list of arrays and tensors: give tensors, or arrays")
    return found


def _planes(x: Array, axes: str) -> Planes:
    """Bring an array to (N, C, H, W)."""
    if axes.endswith("C"):
        x = namespace(x).moveaxis(x, -1, -3)
    if "C" not in axes:
        x = x[..., None, :, :]
    return x if axes.startswith("N") else x[None]


def _looked_at(
    planes: Mapping[str, list[Planes]], listed: Mapping[str, bool], data_range: DataRange | None
) -> dict[str, list[list[Extent]]]:
    """Look at the numbers of all images, with what `data_range` says about them.

    A range that is said for all is that of every image but uint8 ones, whose type says theirs; unless all are uint8.
    """
    stated = stated_ranges(data_range, tuple(planes))
    only_others = is_common(data_range) and not all(is_uint8(x) for parts in planes.values() for x in parts)

    def said(name: str, x: Planes) -> Range | None:
        return None if only_others and is_uint8(x) else stated[name]

    return {
        name: [extents(x, f"{name}[{i}]" if listed[name] else name, said(name, x)) for i, x in enumerate(parts)]
        for name, parts in planes.items()
    }
