"""JSON values, held against the types of the fields that they are for."""

from __future__ import annotations

import json
import stat
from collections import Counter
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import InputError

DEEPEST = 50  # objects and lists within each other; ours have five
_NAMES = {str: "text", int: "whole number", float: "number", bool: "truth value"}


def read_object(path: Path, way_out: str) -> dict[str, Any] | None:
    """Read a JSON object; None where there is no file.

    Parameters
    ----------
    path : the file.
    way_out : what to do about a damaged one, as an error says it.

    Raises
    ------
    InputError
        It cannot be read, is no JSON, holds something else than an object, or a name twice.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it is no file")
        return _plain_object(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path} cannot be read ({reason}): {way_out}") from error


def _plain_object(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data.decode(), object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(content, dict):
        raise ValueError("it is no record")
    level: list[Any] = [content]
    depth = 0
    while level:  # of objects and lists alone: there may be many texts
        depth += 1
        if depth > DEEPEST:
            raise ValueError("it is nested too deep")
        inner = (value for each in level for value in (each.values() if isinstance(each, dict) else each))
        level = [value for value in inner if isinstance(value, dict | list)]
    if b"\\u" in data:
        json.dumps(content, ensure_ascii=False).encode()  # a half of a surrogate pair cannot be written again
    return content


def _once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(items)
    if len(content) < len(items):
        name = next(name for name, count in Counter(name for name, _ in items).items() if count > 1)
        raise ValueError(f"it has {name!r} twice")
    return content


def fitted(value: Any, kind: Any, name: str) -> Any:
    """Return a JSON value as a field of a type holds it: records parsed, lists as tuples where the field is one.

    Parameters
    ----------
    value : as it was read.
    kind : the annotation of the field.
    name : of the field, for errors.

    Raises
    ------
    ValueError
        It is of another type, or a number beyond what the type holds.

    Examples
    --------
    >>> fitted([3, 4], tuple[int, int], "size")
    (3, 4)
    >>> fitted(["a", 1], list[str], "pairs")
    Traceback (most recent call last):
    ValueError: its 'pairs' is no list of texts
    """
    for each in _choices(kind):
        inner: Any = get_args(each)[1] if get_origin(each) is dict else None
        if hasattr(each, "parse") and isinstance(value, dict):
            return each.parse(value, f"{name}.")
        if hasattr(inner, "parse") and _fits(value, dict[str, dict[str, Any]]):
            return {key: inner.parse(about, f"{name}.{key}.") for key, about in value.items()}
        if _fits(value, each):
            return tuple(value) if get_origin(each) is tuple else value
    raise ValueError(f"its {name!r} is no {_described(kind)}")


def _choices(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _fits(value: Any, kind: Any) -> bool:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in args)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in args)
    if origin is tuple and isinstance(value, list | tuple):
        kinds = args[:1] * len(value) if args[-1] is ... else args
        return len(value) == len(kinds) and all(map(_fits, value, kinds))
    if origin in (list, dict):
        if not isinstance(value, origin):
            return False
        inner = value.values() if isinstance(value, dict) else value
        return {*map(type, inner)} <= {args[-1]} & {str} or all(_fits(each, args[-1]) for each in inner)
    if kind is float:  # comparison, unlike arithmetic, takes whole numbers of any length
        return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return isinstance(kind, type) and isinstance(value, kind)


def _described(kind: Any, plural: str = "") -> str:
    """Say what a value should be."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(_described(each, plural) for each in args if each is not NoneType)
    if origin is Literal:
        return " or ".join(map(repr, args))
    if origin is dict and args[1] in _NAMES:
        return f"object{plural} of {_described(args[1], 's')}"
    if origin in (list, tuple):
        count = "" if origin is list or args[-1] is ... else f"{len(args)} "
        return f"list{plural} of {count}{_described(args[0], 's')}"
    return f"{_NAMES.get(kind, 'object')}{plural}"
