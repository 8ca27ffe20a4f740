"""Files: written whole or not at all, and where what can be made again is kept."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from .errors import FusionBenchError, InputError, RunError

_OF_ONE_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.EISDIR)


def cache_folder() -> Path:
    """Where things are kept that can be computed or fetched again.

    FUSIONBENCH_CACHE, or else fusionbench in XDG_CACHE_HOME or ~/.cache.
    """
    own = os.environ.get("FUSIONBENCH_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fusionbench"


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file or none of it; the folder is made if need be.

    The bytes go to a hidden neighbour, reach the disk, and then take the file's name.

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
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())  # mkstemp makes files that only their owner can read
            Path(temporary).replace(path)
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file in UTF-8 or none of it; see `write_bytes`."""
    write_bytes(path, text.encode())


def remove_leftovers(folder: Path) -> None:
    """Delete the neighbours that a killed process left; nobody else may be writing to the folder."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


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
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_once(path: Path) -> str:
    """Return the SHA-256 of a file, read once in a process while its time and its size stay: it may have gigabytes."""
    status = path.stat()
    return _sha256_then(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _sha256_then(path: Path, changed: int, size: int) -> str:
    return sha256_of(path)
