"""Options of a method: from text to values of the right type."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ..errors import InputError, unknown
from .method import Method, common_options, option_parameters

_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse_options(text: str) -> dict[str, str]:
    """Split `levels=5,mode=fast`, as it stands in the brackets of a spec, into names and texts.

    Raises
    ------
    InputError
        A part is not of the form name=value, or a name comes twice.

    Examples
    --------
    >>> parse_options("levels=5, mode=fast")
    {'levels': '5', 'mode': 'fast'}
    """
    options: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise InputError(f"cannot read the option {part!r}: write name=value, several separated by commas")
        if name in options:
            raise InputError(f"option {name!r} is given twice, in {text!r}")
        options[name] = value
    return options


def read_options(cls: type[Method], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check options against what a method class takes, and read those that are texts as their type asks.

    Parameters
    ----------
    cls : the method.
    given : texts, or values as they are.

    Raises
    ------
    InputError
        An option that the method does not have, a value that its type does not take, or a missing one.
    """
    parameters = option_parameters(cls)
    for name in given:
        if name not in parameters:
            raise unknown(f"option of method {cls.name!r}", name, parameters)
    missing = [n for n, p in parameters.items() if p.default is p.empty and n not in given]
    if missing:
        raise InputError(f"method {cls.name!r} needs the option {missing[0]!r}: {cls.name}[{missing[0]}=…]")
    values = {}
    for name, value in given.items():
        hint = hint_of(cls, name)
        try:
            values[name] = read_value(value, hint)
        except (ValueError, TypeError, OverflowError):
            raise InputError(
                f"option {name!r} of method {cls.name!r} must be {in_words(hint)}, not {value!r}"
            ) from None
    return values


def hint_of(cls: type[Method], name: str) -> Any:
    """Return the type of an option: its annotation, or else that of its default.

    A user's file may annotate with names that do not resolve.
    """
    hints = {common: parameter.annotation for common, parameter in common_options(cls).items()}
    with contextlib.suppress(NameError, TypeError, AttributeError):
        hints |= get_type_hints(cls.__init__)
    default = option_parameters(cls)[name].default
    return hints.get(name, str if default is None else type(default))


def read_value(value: Any, hint: Any) -> Any:
    """Read one value, or text, as an annotation asks; ValueError, TypeError or OverflowError where it does not fit."""
    origin = get_origin(hint)
    if origin is Literal:
        return _one_of(value, get_args(hint))
    if origin in (Union, types.UnionType):
        return _read_union(value, get_args(hint))
    if hint is bool:
        return _read_bool(value)
    if hint is int and not isinstance(value, str):
        if isinstance(value, bool) or int(value) != value:
            raise ValueError
        return int(value)
    if hint in (int, float, str, Path):
        return hint(value)
    return value


def _read_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in _TRUTH:
        return _TRUTH[value.casefold()]
    raise ValueError


def _read_union(value: Any, hints: tuple[Any, ...]) -> Any:
    """Read as the first member that takes the value; None is written `none`."""
    if type(None) in hints and (value is None or (isinstance(value, str) and value.casefold() == "none")):
        return None
    members = [hint for hint in hints if hint is not type(None)]
    for hint in sorted(members, key=lambda h: h is str):  # str takes everything, so it comes last
        try:
            return read_value(value, hint)
        except (ValueError, TypeError, OverflowError):
            continue
    raise ValueError


def _one_of(value: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if value == choice or (isinstance(value, str) and value == str(choice)):
            return choice
    raise ValueError


def in_words(hint: Any) -> str:
    """Say in words what a type takes."""
    if get_origin(hint) is Literal:
        return "one of " * (len(get_args(hint)) > 1) + ", ".join(str(choice) for choice in get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join("none" if h is type(None) else in_words(h) for h in get_args(hint))
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}
    return words.get(hint, getattr(hint, "__name__", str(hint)))
