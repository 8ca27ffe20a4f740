"""Which axis of an array is which: stated with `axes`, or found where a shape can be read in one way only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import InputError, unknown
from ..arrays.types import Array, is_tensor

AXES = ("HW", "HWC", "CHW", "NHW", "NHWC", "NCHW")
NARROW = 4  # pixels: a last axis this short is taken for channels, not for the width, unless `axes` says otherwise
Axes = str | Mapping[str, str | None] | Sequence[str | None]
Sides = Mapping[str, list[Array]]  # arrays by name: several for a list of single images, else one


def count(axes: str, x: Array) -> int:
    """Return how many images an array of these axes holds."""
    return int(x.shape[0]) if axes.startswith("N") else 1


def settle(
    sides: Sides, listed: Mapping[str, bool], axes: Axes | None, number: int | None = None
) -> dict[str, list[str]]:
    """Find the axes of every array.

    One shape can be read in two ways, (3, H, W): it is read as its partners allow, which hold as many images.

    Parameters
    ----------
    sides : the arrays of "fused", "a", "b".
    listed : whether they came in a list, each of them one image.
    axes : as `evaluate` takes it.
    number : the number of images, where sources were prepared.

    Raises
    ------
    InputError
        for a shape that is no image, or that can be read in several ways, and for `axes` that do not fit.
    """
    stated = by_name(axes, tuple(sides), "axes", lambda words: isinstance(words, str))
    everywhere = isinstance(axes, str)
    options = {
        name: [
            _options(x, f"{name}[{i}]" if listed[name] else name, stated[name], everywhere, listed[name])
            for i, x in enumerate(side)
        ]
        for name, side in sides.items()
    }
    if everywhere and not any(x.ndim == len(str(axes)) for side in sides.values() for x in side):
        shapes = ", ".join(f"{name} {tuple(side[0].shape)}" for name, side in sides.items())
        raise InputError(f"axes={axes!r} fits no image: {shapes}")
    counts = {number} if number is not None else set()
    for name, side in sides.items():
        if listed[name]:
            counts.add(len(side))
        elif len(options[name][0]) == 1:
            counts.add(count(options[name][0][0], side[0]))
    return {
        name: [_chosen(x, each, counts, name) for x, each in zip(side, options[name], strict=True)]
        for name, side in sides.items()
    }


def by_name(statement: Any, names: tuple[str, ...], what: str, is_common: Callable[[Any], bool]) -> dict[str, Any]:
    """Spread what is said once, by name or in order over the images `names`; None where nothing is said.

    Parameters
    ----------
    what : what is said, for errors: "axes", "data_range".
    is_common : tells what is said once for all.
    """
    if statement is None or is_common(statement):
        return dict.fromkeys(names, statement)
    if isinstance(statement, Mapping):
        for name in statement:
            if name not in names:
                raise _not_here(str(name), names, what)
        return {name: statement.get(name) for name in names}
    if isinstance(statement, Sequence) and not isinstance(statement, str | bytes) and len(statement) == len(names):
        return dict(zip(names, statement, strict=True))
    each = ", ".join(names)
    raise InputError(f"{what} is {statement!r}: say one for all images, or a dict with one for each of {each}")


def _not_here(name: str, names: tuple[str, ...], what: str) -> InputError:
    if names == ("fused",) and name in ("a", "b"):
        return InputError(f"{what} names {name!r}, which was prepared: say it in prepare(a, b, {what}=...)")
    return unknown("image", name, names)


def _options(x: Array, what: str, stated: str | None, everywhere: bool, alone: bool) -> tuple[str, ...]:
    """Axes that an array may have; raises InputError where there are none."""
    if 0 in x.shape or not 2 <= x.ndim <= 4:
        raise InputError(f"{what} has shape {tuple(x.shape)}: give {_expected(x)}, without an empty axis")
    if stated is not None and (x.ndim == len(stated) or not everywhere):
        options: tuple[str, ...] = (_fitting(x, what, stated),)
    else:
        options = _readings(x, alone)
    if not options:
        raise InputError(f"{what} has shape {tuple(x.shape)}: give {_expected(x)}{_hint(x)}")
    if alone and options[0].startswith("N"):
        raise InputError(f"{what} has shape {tuple(x.shape)}: each item of a list is one image")
    return options


def _fitting(x: Array, what: str, stated: str) -> str:
    """Check axes that were said."""
    axes = str(stated).upper()
    if axes not in AXES:
        raise InputError(f"axes {stated!r} is unknown: there are {', '.join(AXES)}")
    if len(axes) != x.ndim:
        raise InputError(f"{what} has shape {tuple(x.shape)}, whose axes cannot be {axes}")
    channels = x.shape[axes.index("C")] if "C" in axes else 1
    if channels not in (1, 3):
        raise InputError(f"{what} has shape {tuple(x.shape)}, in which {axes} means {channels} channels: give 1 or 3")
    return axes


def _readings(x: Array, alone: bool) -> tuple[str, ...]:
    """Axes that a shape may stand for, where nothing is said."""
    first, second, last = x.shape[0], x.shape[1], x.shape[-1]
    if x.ndim == 2:
        return ("HW",)
    if x.ndim == 4:
        if is_tensor(x) and second in (1, 3):
            return ("NCHW",)
        if last in (1, 3):
            return ("NHWC",)
        return ("NCHW",) if second in (1, 3) and last > NARROW else ()
    if last in (1, 3):
        return ("CHW", "HWC") if is_tensor(x) and first == last == 3 else ("HWC",)
    if last <= NARROW:
        return ()
    if alone:
        return ("CHW",) if first in (1, 3) else ("NHW",)
    return ("CHW", "NHW") if first == 3 else ("NHW",)


def _chosen(x: Array, options: tuple[str, ...], counts: set[int], name: str) -> str:
    """Pick the reading that holds as many images as the partners."""
    fitting = [axes for axes in options if not counts or count(axes, x) in counts] or [options[-1]]
    if len(fitting) == 1:
        return fitting[0]
    others = {"CHW": "one RGB image, channels first", "HWC": "one RGB image, channels last", "NHW": "three gray images"}
    read = " or ".join(f"{others[axes]} (axes={axes!r})" for axes in fitting)
    raise InputError(f"{name} has shape {tuple(x.shape)}, which may be {read}: say which with axes")


def _expected(x: Array) -> str:
    if is_tensor(x):
        return "(H, W), (N, H, W) or (N, 3, H, W)"
    return "(H, W), (H, W, 3), (N, H, W) or (N, H, W, 3)"


def _hint(x: Array) -> str:
    """Say what an array of too many channels may be, and how to make it an image."""
    places = (-1,) if x.ndim == 3 else (1, -1) if is_tensor(x) else (-1, 1)
    axis = next((axis for axis in places if x.shape[axis] in (2, 4)), None)
    if axis is None:
        return " of 1 or 3 channels, or say with axes which axis is which"
    kind, keep = ("gray and alpha", ":1") if x.shape[axis] == 2 else ("RGB and alpha", ":3")
    part = f"[:, {keep}]" if axis == 1 else f"[..., {keep}]"
    batch = f", or say axes='NHW' for {x.shape[0]} images {x.shape[2]} pixels wide" if x.ndim == 3 else ""
    return f"; {kind} is not scored: leave alpha out, {part}{batch}"
