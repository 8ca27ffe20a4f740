"""Files: written whole or not at all, and where what can be made again is kept."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from .errors import FusionBenchError, InputError, RunError

K = TypeVar("K")
V = TypeVar("V")
_OF_ONE_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EISDIR)
_SMALL = 2**27  # bytes of a file that may be kept for a moment
_kept: ContextVar[dict[Path, bytes] | None] = ContextVar("kept", default=None)


def cache_folder() -> Path:
    """Where things are kept that can be computed or fetched again.

    FUSIONBENCH_CACHE, or else fusionbench in XDG_CACHE_HOME or ~/.cache.
    """
    own = os.environ.get("FUSIONBENCH_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fusionbench"


def write_bytes(path: Path, data: bytes | bytearray, *, durable: bool = True) -> None:
    """Write a whole file or none of it; the folder is made if need be.

    The bytes go to a hidden neighbour, reach the disk, and then take the file's name. Of many files that can be made
    again none has to be `durable`: they outlive the process all the same, and `flush` brings all to the disk at once.

    Raises
    ------
    InputError
        The folder cannot be made or written to.
    RunError
        The disk is full, or writing fails otherwise. No half-written file is left.
    """
    temporary = None
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())  # mkstemp makes files that only their owner can read
            Path(temporary).replace(path)
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file in UTF-8 or none of it, unless it says so already; see `write_bytes`."""
    write_changed(path, text.encode())


def write_changed(path: Path, data: bytes | bytearray) -> None:
    """Write a whole file or none of it, unless it holds that already; see `write_bytes`."""
    with contextlib.suppress(OSError):
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    write_bytes(path, data)


def flush(folder: Path) -> None:
    """Bring to the disk whatever was written to the file system of a folder, in one call for all files."""
    sync = getattr(ctypes.CDLL(None), "syncfs", None) if os.name == "posix" else None
    if sync is None:
        getattr(os, "sync", lambda: None)()
        return
    with writing(folder):
        handle = os.open(folder, os.O_RDONLY)
        try:
            sync(handle)
        finally:
            os.close(handle)


def link(file: Path, path: Path) -> None:
    """Let a file be found under another path, too: linked, and copied where the file system cannot do that.

    Raises
    ------
    InputError, RunError
        As `write_bytes`.
    """
    with writing(path):
        if path.exists() and path.samefile(file):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{os.urandom(6).hex()}.tmp"
        try:
            for way in (os.link, os.symlink):
                with contextlib.suppress(OSError):
                    way(file.resolve(), temporary)
                    temporary.replace(path)
                    return
        finally:
            temporary.unlink(missing_ok=True)
    write_bytes(path, read_kept(file), durable=False)


@contextlib.contextmanager
def remembering(memory: ContextVar[dict[K, V] | None]) -> Iterator[None]:
    """Give a block a memory, of this thread alone, and forget what it kept at the end; outside of one it is None."""
    token = memory.set({})
    try:
        yield
    finally:
        memory.reset(token)


def reading_once() -> contextlib.AbstractContextManager[None]:
    """Read each file once in this block, whoever asks for its bytes, to hash or to decode it: see `read_kept`."""
    return remembering(_kept)


def read_kept(path: Path) -> bytes:
    """Read the bytes of a file; within `reading_once` those that were read before."""
    kept = _kept.get()
    if kept is None:
        return path.read_bytes()
    if path not in kept:
        kept[path] = path.read_bytes()
    return kept[path]


def remove_leftovers(folder: Path) -> None:
    """Delete the neighbours that a killed process left; nobody else may be writing to the folder."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # names are enough: there may be many files
        names = [entry.name for entry in entries if entry.name.startswith(".") and entry.name.endswith(".tmp")]
        for name in names:
            (folder / name).unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Make sure that a folder can be written to, or be made; nothing is.

    Raises
    ------
    InputError
        There is a file in its place or above it, or it may not be written to.
    """
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
    with writing(folder):
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(nearest))


def is_file(path: str | Path) -> bool:
    """Whether a text is the path of a regular file; it may be far too long for any path, or have characters of none."""
    return os.path.isfile(path)  # noqa: PTH113 - the method of Path raises there


def write_failed(error: BaseException) -> bool:
    """Whether an error says that files cannot be written, whatever their names: no room, no right, no folder."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno not in _OF_ONE_NAME


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says against writing to `path` into one sentence."""
    try:
        yield
    except OSError as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: OSError) -> FusionBenchError:
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(f"cannot write {path}: the disk is full; make room and run the same command again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return InputError(f"cannot write {path}: {reason}; choose a folder that can be written to")
    return RunError(f"cannot write {path}: {reason}")


def _umask() -> int:
    status = Path("/proc/self/status")  # os.umask() can only read the mask by changing it, for all threads
    try:
        line = next(line for line in status.read_text().splitlines() if line.startswith("Umask:"))
        return int(line.split()[1], 8)
    except (OSError, StopIteration):
        return 0o022


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    if _kept.get() is not None and path.stat().st_size <= _SMALL:
        return hashlib.sha256(read_kept(path)).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_names(names: Iterable[str]) -> str:
    """SHA-256 of a list of pairs: its names in UTF-8, sorted by code points, each followed by a line feed.

    Examples
    --------
    >>> sha256_of_names(["b", "a"]) == sha256_of_names(["a", "b"])
    True
    """
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(names)).encode()).hexdigest()


def sha256_once(path: Path) -> str:
    """Return the SHA-256 of a file, read once in a process while its times and its size stay: it may have gigabytes."""
    status = path.stat()
    return _sha256_then(path, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _sha256_then(path: Path, *state: int) -> str:
    return sha256_of(path)
