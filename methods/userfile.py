"""Methods and recipes from a Python file of the user's."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError, one_line, unknown
from ..files import is_file
from ..foreign.code import neighbours
from ..foreign.contained import is_users, put_back
from .method import Method


def split_file(spec: str) -> tuple[Path, str | None] | None:
    """Split `path/to/file.py:NAME`, or the path alone; None where it is no file of Python.

    Examples
    --------
    >>> split_file("mine.py:Net"), split_file("mine.py"), split_file("laplacian")
    ((PosixPath('mine.py'), 'Net'), (PosixPath('mine.py'), None), None)
    """
    path, _, attribute = spec.rpartition(":")
    if path.endswith(".py"):
        return Path(path), attribute
    return (Path(spec), None) if spec.endswith(".py") else None


def load_file(path: Path, attribute: str | None) -> type[Method]:
    """Import a file, and return the method class named in it, or the only one that it holds.

    Parameters
    ----------
    path : the Python file. It may import what lies beside it.
    attribute : the name of the class; None where the file holds one method only.

    Raises
    ------
    InputError
        There is no such file or class, the file fails when it is imported, or the class is not a method.
    """

    def own(module: ModuleType) -> dict[str, object]:
        return {cls.__name__: cls for cls in classes_of(module)}

    return checked(*named_in(path, attribute, own, "method class"))


def named_in(
    path: Path, attribute: str | None, find: Callable[[ModuleType], Mapping[str, object]], kind: str
) -> tuple[object, str]:
    """Import a file; return what is named in it, or the only one of its kind that `find` finds, and where it is."""
    module = import_file(path)
    own = find(module)
    if attribute is not None and not hasattr(module, attribute):
        raise unknown(f"{kind} in {path}", attribute, own)
    if attribute is None and len(own) != 1:
        names = ", ".join(own) or "none"
        raise InputError(f"{path} must hold one {kind}, or say which (file.py:CLASS): it holds {names}")
    name = attribute or next(iter(own))
    return getattr(module, name), f"{path}:{name}"


def classes_of(module: ModuleType) -> list[type[Method]]:
    """Return the method classes that a module defines itself, in the order of its lines; bases without a name apart."""
    classes = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, Method)]
    return [cls for cls in classes if cls.__module__ == module.__name__ and not inspect.isabstract(cls)]


def checked(value: object, where: str) -> type[Method]:
    """Return `value` if it is a usable method class.

    Raises
    ------
    InputError
        It is no subclass of `Method`, leaves `fuse` out, or lacks `name`.
    """
    cls: type[Method] = checked_class(value, where, Method, ("name", "reference"))
    return cls


def checked_class(value: object, where: str, base: type, texts: Sequence[str]) -> Any:
    """Return `value` if it is a concrete class of a kind, with these attributes; InputError says what it lacks."""
    kind = base.__name__.lower()
    if not (inspect.isclass(value) and issubclass(value, base)):
        raise InputError(f"{where} is not a {kind}: make it a subclass of {base.__module__}.{base.__name__}")
    if inspect.isabstract(value):
        lacking = sorted(getattr(value, "__abstractmethods__", ()))
        raise InputError(f"{where} does not implement {', '.join(lacking)}")
    for attribute in texts:
        if not isinstance(getattr(value, attribute, None), str):
            raise InputError(f"{where} has no `{attribute}`: state it as a text in the class")
    return value


def load_point(point: EntryPoint, kind: str) -> Any:
    """Import what an entry point of another package names; InputError says why it cannot be."""
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # whatever a foreign module raises
        raise InputError(f"{kind} {point.name!r} ({point.value}) cannot be imported: {one_line(error)}") from error


def revive(path: str, name: str) -> Method:
    """Make a method of a class in a file without its constructor, as pickle needs it; imports the file if need be."""
    module = sys.modules.get(_module_name(Path(path)))
    cls: type[Method] = load_file(Path(path), name) if module is None else getattr(module, name)
    return cls.__new__(cls)


def _module_name(path: Path) -> str:
    """Name the module of a file, so that two files of one name do not meet."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    return f"fusionbench_file_{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}_{digest}"


def import_file(path: Path) -> ModuleType:
    """Import a file under a name of its own.

    Raises
    ------
    InputError
        It is not there, is no Python file, or fails when it is imported.
    """
    if not is_file(path):
        raise InputError(f"no file {path} to take a method from")
    name = _module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"method file {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    _forget_others(neighbours(path.resolve()))
    sys.modules[name] = module  # dataclasses look up the module of a class here
    try:
        with _beside(path), put_back():
            spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if is_users(error):
            raise
        raise InputError(f"method file {path} cannot be imported: {one_line(error)}") from error
    for cls in classes_of(module):
        cls._source_file, cls._revive = path.resolve(), staticmethod(revive)
    return module


_versions: dict[Path, int] = {}  # of neighbours, when they were imported


def _forget_others(modules: dict[str, Path]) -> None:
    """Let a file import its own neighbours, not those of its last version, or another file's of the same name."""
    for name, path in modules.items():
        loaded, version = sys.modules.get(name), path.stat().st_mtime_ns
        file = getattr(loaded, "__file__", None)
        if file is not None and (Path(file).resolve() != path or _versions.get(path, version) != version):
            del sys.modules[name]
        _versions[path] = version


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Let a file import its neighbours: they come first while it is imported, as for a script, and last from then on.

    First for good would let a research folder's `utils.py` or `datasets/` stand in for somebody else's later.
    """
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)
