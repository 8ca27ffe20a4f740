"""Which methods there are, and how a name, a file or a command line becomes one.

What `--method` takes:

===================================== ==============================================================
`laplacian`                           a built-in method, or one that an installed package provides
`laplacian[levels=5,quantise=minmax]` with options
`path/to/file.py:MyMethod[gain=2]`    a class in a file of the user's
`folder:DIR`                          images that were fused before, found by the names of the pairs
`cmd:python fuse.py {a} {b} {out}`    a command line, run once for each pair
`nice name=` before any of these      the label under which the results stand
===================================== ==============================================================
"""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from ..errors import FusionBenchError, InputError, one_line, unknown
from .flag import Offer
from .method import Method, common_options, option_parameters
from .options import hint_of, parse_options, read_options
from .tiles import check_tile
from .userfile import checked, classes_of, load_file, load_point, split_file
from .verified import Verified, year_of

GROUP = "fusionbench.methods"
EXTERNAL = {"folder": "directory", "cmd": "command"}  # name: the option that the text after the colon fills
_ROOM = Path(__file__).parent
_LABEL = re.compile(r"^(?P<label>[^=:\[\]/\\]+)=(?P<rest>.*)$", re.DOTALL)
_EXTERNAL = re.compile(rf"^(?P<name>{'|'.join(EXTERNAL)})(?:\[(?P<options>[^\]]*)\])?:(?P<argument>.*)$", re.DOTALL)
_DIRS = re.compile(r"\{(a|b|out)_dir\}")  # of a command that fuses whole folders
_NAMED = re.compile(r"^(?P<name>[^\[]+?)\s*(?:\[(?P<options>.*)\])?$", re.DOTALL)


@dataclass(frozen=True)
class MethodInfo:
    """What a listing shows of a method; `year` is that of its paper, None without one."""

    name: str
    summary: str
    tasks: tuple[str, ...]
    reference: str
    learned: bool
    origin: str  # "built in", or the distribution that provides it
    quantise: str = ""
    verified: Verified | None = None

    @property
    def year(self) -> int | None:
        """Of the paper."""
        return year_of(self.reference)


def list_methods() -> list[MethodInfo]:
    """Return every built-in method and every one of an installed package, by name; imports neither torch nor jittor.

    A package's method that cannot be imported is listed with its error as the summary: one broken package must not
    hide the others.
    """
    infos = [_info(cls, "built in") for cls in built_in().values()]
    for name, point in sorted(provided().items()):
        try:
            infos.append(_info(_load_entry_point(point), point.dist.name if point.dist else "a package"))
        except InputError as error:
            infos.append(MethodInfo(name, f"not usable: {error}", (), "", False, point.value))
    return sorted(infos, key=lambda info: (info.learned, info.name))


def built_in() -> dict[str, type[Method]]:
    """Return this package's methods: each file of `classical/` and `zoo/`, `method.py` of a learned method's folder."""
    modules = [f".classical.{path.stem}" for path in sorted((_ROOM / "classical").glob("[!_]*.py"))]
    modules += [f".{path.parent.name}.method" for path in sorted(_ROOM.glob("*/method.py"))]
    modules += [f"..zoo.{path.stem}" for path in sorted((_ROOM.parent / "zoo").glob("[!_]*.py"))]
    classes = (cls for name in modules for cls in classes_of(importlib.import_module(name, __package__)))
    return {cls.name: cls for cls in classes}


def provided() -> dict[str, EntryPoint]:
    """Return the entry points of installed packages that name a method class."""
    return {point.name: point for point in entry_points(group=GROUP)}


def offers() -> list[Offer]:
    """List the options of built-in methods that `fusionbench run` offers under names of their own."""
    return [
        Offer(name, cls.name, hint_of(cls, name), option_parameters(cls)[name].default, flag)
        for cls in built_in().values()
        for name, flag in cls.flags.items()
    ]


def find_class(name: str) -> type[Method]:
    """Return the class of a built-in method, of a method of an installed package, or of an external one.

    Raises
    ------
    InputError
        No method has this name (with the nearest that has), or its package cannot be imported.

    Examples
    --------
    >>> find_class("average").reference[:4]
    'none'
    >>> find_class("laplacain")
    Traceback (most recent call last):
    fusionbench.errors.InputError: unknown method 'laplacain': did you mean 'laplacian'?
    """
    if name in EXTERNAL:
        return _load_external(name)
    classes = built_in()
    if name in classes:
        return classes[name]
    points = provided()
    if name in points:
        return _load_entry_point(points[name])
    raise unknown("method", name, [*classes, *points, *EXTERNAL])


def get_method(spec: str, /, *, device: str = "cpu", **options: Any) -> Method:
    """Make the method that a spec (see the top of this module) names.

    Parameters
    ----------
    spec : what stands after `--method`.
    device : where the method computes, see `Method.to`.
    **options : options by name, on top of those in the spec; strings are read as the option's type asks.

    Raises
    ------
    InputError
        No such method, file or class; an option that the method does not have, or a value that it does not take; a
        file that cannot be imported.

    Examples
    --------
    >>> get_method("laplacian[levels=5]").label
    'laplacian[levels=5]'
    >>> get_method("five=laplacian", levels="5").label
    'five'
    """
    prefix = _LABEL.match(spec)
    label, rest = (prefix["label"].strip(), prefix["rest"]) if prefix else (None, spec)
    cls, written = _resolve(rest.strip())
    method = _construct(cls, written | options)
    if label:
        method.label = label
    method.to(device)
    return method


def default_methods() -> list[str]:
    """Return the names of the methods that run where none is named: all built-in ones without weights."""
    return sorted(name for name, cls in built_in().items() if not cls.learned)


def _resolve(spec: str) -> tuple[type[Method], dict[str, Any]]:
    """Find the class that a spec without label names, and the options that it states."""
    if external := _EXTERNAL.match(spec):
        name, argument = external["name"], external["argument"].strip()
        written = {EXTERNAL[name]: argument, **parse_options(external["options"] or "")}
        return (_load_external("cmd_dirs") if _DIRS.search(argument) and name == "cmd" else find_class(name)), written
    named = _NAMED.match(spec)
    if named is None:
        raise InputError(f"cannot read the method {spec!r}: write NAME, NAME[option=value] or file.py:CLASS")
    name, options = named["name"].strip(), parse_options(named["options"] or "")
    if name in EXTERNAL:
        raise InputError(f"method {name!r} needs something after a colon: {name}:{EXTERNAL[name].upper()}")
    if file := split_file(name):
        return load_file(*file), options
    if ":" in name:
        raise InputError(f"unknown kind of method {name!r}: write NAME, file.py:CLASS, folder:DIR or cmd:COMMAND")
    return find_class(name), options


def _load_external(module: str) -> type[Method]:
    return classes_of(importlib.import_module(f".external.{module}", __package__))[0]


def _construct(cls: type[Method], given: dict[str, Any]) -> Method:
    """Make the method, and turn what its constructor objects to into a sentence."""
    values = read_options(cls, given)
    common = {name: values.pop(name) for name in common_options(cls) if name in values}
    check_tile(common.get("tile"))
    try:
        method = cls(**values)
    except FusionBenchError:
        raise
    except Exception as error:
        raise InputError(f"method {cls.name!r} cannot be made: {one_line(error)}") from error
    vars(method).update(common)
    try:
        _ = method.label, method.options
    except AttributeError as error:
        raise InputError(f"method {cls.name!r} does not keep an option under its own name: {error}") from error
    return method


def _info(cls: type[Method], origin: str) -> MethodInfo:
    summary = (inspect.getdoc(cls) or "").partition("\n")[0]
    return MethodInfo(cls.name, summary, cls.tasks, cls.reference, cls.learned, origin, cls.quantise, cls.verified)


def _load_entry_point(point: EntryPoint) -> type[Method]:
    """Import the class that an entry point names."""
    return checked(load_point(point, "method"), point.value)
