"""Machine code on disk, so that a formula is compiled once on a machine and not in every process.

What is read here is run. So it is read only from a folder and files that belong to the user and that nobody else can
write to, and only where its checksum fits. Whatever else is found, and wherever nothing can be written, formulas are
compiled as if there were no such folder; nobody is told but who asks (`examine`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ...files import cache_folder

VARIABLE = "FUSIONBENCH_COMPILED"
OFF = "off"
MOST = 1000  # files; every metric together has less than a hundred, for each version and processor
DAY = 24 * 3600
SEAL = 32  # bytes of a checksum
FOREIGN = "others can write to it, or it belongs to somebody else"
OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Kept(NamedTuple):
    """What the cache holds.

    Attributes
    ----------
    folder : where it lies; None where it is switched off, or there is no place for it.
    files : their number.
    size : bytes.
    trouble : why it is not used; empty where it is.
    foreign : the trouble is that others could have put something there.
    """

    folder: Path | None
    files: int = 0
    size: int = 0
    trouble: str = ""
    foreign: bool = False


def place() -> Path | None:
    """Where machine code is kept: FUSIONBENCH_COMPILED, or `compiled` in the cache folder; None for nowhere.

    It is nowhere if the variable says "off", where a user has no home, and on systems whose files have no owner.
    """
    own = os.environ.get(VARIABLE, "").strip()
    if own.lower() == OFF or not hasattr(os, "geteuid"):
        return None
    try:
        return Path(own).expanduser() if own else cache_folder() / "compiled"
    except RuntimeError:  # no home
        return None


def read(name: str) -> bytes | None:
    """Read the machine code of a name; None where there is none that can be trusted."""
    with contextlib.suppress(OSError), _folder() as folder:
        # neither a link nor a pipe that would be waited for
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with open(handle, "rb") as file:  # noqa: PTH123 - it is open
            state = _require_private(handle, stat.S_ISREG)
            seal, code = file.read(SEAL), file.read()
            if seal == _seal(name, code):
                if time.time() - state.st_mtime > DAY:  # that it was used keeps it from being removed
                    with contextlib.suppress(OSError):
                        os.utime(handle)
                return code
    return None


def write(name: str, code: bytes) -> None:
    """Keep machine code under a name, whole or not at all, if that can be done."""
    with contextlib.suppress(OSError), _folder(make=True) as folder:
        temporary = f".{secrets.token_hex(8)}.tmp"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        try:
            with open(handle, "wb") as file:  # noqa: PTH123 - it is open
                file.write(_seal(name, code) + code)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise
        _remove_oldest(folder)


def examine() -> Kept:
    """Say what is kept, and why it is not used if it is not."""
    path = place()
    if path is None:
        off = os.environ.get(VARIABLE, "").strip().lower() == OFF
        return Kept(None, trouble=f"switched off by {VARIABLE}" if off else "there is no place for it")
    try:
        with _folder(make=True) as folder, os.scandir(folder) as files:
            sizes = [os.stat(file.name, dir_fd=folder).st_size for file in files]
            writable = os.access(path, os.W_OK | os.X_OK)
    except OSError as error:
        return Kept(path, trouble=error.strerror or str(error), foreign=error.strerror == FOREIGN)
    return Kept(path, len(sizes), sum(sizes), "" if writable else "it cannot be written to")


def _seal(name: str, code: bytes) -> bytes:
    """Checksum of machine code and its name: a file under another's name is not taken for it."""
    return sha256(name.encode() + b"\0" + code).digest()


@contextlib.contextmanager
def _folder(make: bool = False) -> Iterator[int]:
    """Open the folder; what is done goes through the handle, so that nobody can put another folder in between."""
    path = place()
    if path is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if make:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(0o700)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _require_private(handle, stat.S_ISDIR)
        yield handle
    finally:
        os.close(handle)


def _require_private(handle: int, kind: Callable[[int], bool]) -> os.stat_result:
    """Raise PermissionError unless something is of a kind, the user's, and written to by nobody else."""
    state = os.fstat(handle)
    if not kind(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & OTHERS:
        raise PermissionError(errno.EPERM, FOREIGN)
    return state


def _remove_oldest(folder: int) -> None:
    """Where there are too many files, remove half of them: of versions and formulas that were not used for longest."""
    with os.scandir(folder) as scan:
        files = list(scan)
    if len(files) <= MOST:
        return
    ages = {}
    for file in files:
        with contextlib.suppress(OSError):  # another process removed it
            ages[file.name] = os.stat(file.name, dir_fd=folder).st_mtime
    for name in sorted(ages, key=ages.__getitem__)[: len(ages) - MOST // 2]:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
