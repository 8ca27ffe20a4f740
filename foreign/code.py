"""Which files the code of a method is made of: its own, the local modules that it imports, the data that it names."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from modulefinder import ModuleFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..files import is_file, write_bytes, writing

_LONGEST = 255  # of a file's name
_LARGEST = 1 << 20  # bytes of a source
_OURS = __name__.partition(".")[0]


def files_of_code(cls: type, source: Path | None) -> list[Path]:
    """List the files from which what a class computes follows.

    Imports are read from the code, also those within functions; they are followed where they lead to files beside it
    or in other folders of the user's, and not into the standard library or installed packages. Of what the code names
    in quotes, what is a file beside it or in the current folder counts, too: weights, configuration.

    Parameters
    ----------
    cls : a class; one of this package has none.
    source : the user's file that it was loaded from; None where it was imported by its name.
    """
    if source is None and cls.__module__.partition(".")[0] == _OURS:
        return []
    try:
        return _files(cls, source)
    except (Exception, SystemExit):  # of code that cannot be read, what is known
        return [source] if source else []


def _files(cls: type, source: Path | None) -> list[Path]:
    file = source or Path(inspect.getfile(cls)).resolve()
    package = None if source else cls.__module__.rpartition(".")[0]
    if package:
        root = file.parents[package.count(".") + 1]
        finder = _Finder([str(root)], cls.__module__.partition(".")[0])
        finder.import_hook(cls.__module__)
    else:
        finder = _Finder([str(file.parent), *_local_folders()])
        finder.run_script(str(file))
    everything: dict[str, Any] = finder.modules
    modules = [module for module in everything.values() if module.__file__]
    files = {Path(module.__file__).resolve() for module in modules}
    data = {path for module in modules for path in _named_in(module)} - files
    return [file, *sorted(files - {file}), *sorted(data)]


def neighbours(file: Path) -> dict[str, Path]:
    """Find the modules beside a file that it imports, by their names there; none where it cannot be read."""
    finder = _Finder([str(file.parent)])
    try:
        finder.run_script(str(file))
    except (Exception, SystemExit):
        return {}
    everything: dict[str, Any] = finder.modules
    files = {name: Path(module.__file__).resolve() for name, module in everything.items() if module.__file__}
    return {name: path for name, path in files.items() if name != "__main__"}


class _Finder(ModuleFinder):
    """Finds what is imported, but for what is this program's own; with `only`, within one package."""

    def __init__(self, path: list[str], only: str | None = None) -> None:
        super().__init__(path)
        self._only = only

    def import_module(self, partname: str, fqname: str, parent: Any) -> Any:
        top = fqname.partition(".")[0]
        if top == _OURS or top != (self._only or top):
            return None
        return super().import_module(partname, fqname, parent)


def _local_folders() -> list[str]:
    """List where modules are looked for that are no installed ones."""
    installed = {Path(path).resolve() for path in sysconfig.get_paths().values()} | {Path(sys.prefix).resolve()}
    folders = [Path(folder or os.curdir).resolve() for folder in sys.path]
    return [str(f) for f in folders if f.is_dir() and not any(f == i or i in f.parents for i in installed)]


def _named_in(module: Any) -> Iterator[Path]:
    """Find the files that a module names in quotes."""
    for text in _texts(module.__code__) if module.__code__ else ():
        if "." in text and len(text) <= _LONGEST and text.isprintable():
            for folder in (Path(module.__file__).parent, Path()):
                path = folder / text
                if is_file(path) and path.suffix not in (".py", ".pyc"):
                    yield path.resolve()


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _texts(constant)
        elif isinstance(constant, tuple):
            yield from (item for item in constant if isinstance(item, str))


def copy_code(folder: Path, cls: type, files: Iterable[Path]) -> None:
    """Copy the sources that ran: `fusionbench/` gets this package's, `method/` what else the code is made of.

    Of this package these are the modules that are loaded, and those beside the class, which a worker process may have
    loaded alone. What an earlier run copied there is replaced.

    Parameters
    ----------
    folder : to write to, which need not be there.
    cls : the class of the method or recipe.
    files : further ones; those that are no text (weights, images), or larger than a megabyte, are left out.
    """
    root = Path(__file__).resolve().parents[1]
    loaded = {Path(m.__file__).resolve() for m in list(sys.modules.values()) if _is_ours(m) and m.__file__}
    if cls.__module__.partition(".")[0] == _OURS:
        loaded |= set(Path(inspect.getfile(cls)).resolve().parent.rglob("*.py"))
    sources = {Path(_OURS) / file.relative_to(root): file for file in loaded if file.is_relative_to(root)}
    own = sorted({file.resolve() for file in files if _is_source(file)} - loaded)
    common = Path(os.path.commonpath([file.parent for file in own])) if own else Path()
    sources |= {Path("method") / file.relative_to(common): file for file in own}
    with writing(folder):
        for part in (_OURS, "method"):
            shutil.rmtree(folder / part, ignore_errors=True)
        for name, file in sources.items():
            write_bytes(folder / name, file.read_bytes())


def _is_ours(module: ModuleType) -> bool:
    return module.__name__.partition(".")[0] == _OURS and isinstance(getattr(module, "__file__", None), str)


def _is_source(file: Path) -> bool:
    """Whether a file is a text, as sources are."""
    if not is_file(file) or file.stat().st_size > _LARGEST:
        return False
    try:
        return "\0" not in file.read_text("utf-8")
    except UnicodeDecodeError:
        return False
