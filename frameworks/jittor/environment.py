"""What Jittor is given to live in: versions, folder, environment variables. Jittor itself is not imported here."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path

from ...environment import version_of
from ...errors import InputError
from ...extras import install
from ...files import cache_folder

LEAST = (1, 3, 11)  # with numpy 2 an older one computes on memory that nobody has written to, and says nothing
INSTALL = install("jittor")
ONEDNN = "dnnl_lnx_2.2.0_cpu_gomp"  # the name under which Jittor looks for it


def how_to_install() -> str:
    """Say how Jittor is installed, or that this Python is too new for it: the extra `jittor` is empty there."""
    if sys.version_info >= (3, 12):
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"make an environment of Python 3.11, which the extra `jittor` is for (this is Python {here}): {INSTALL}"
    return INSTALL


def _with(what: str = "it") -> str:
    return how_to_install() if sys.version_info >= (3, 12) else f"install {what} with {INSTALL}"


def home() -> Path:
    """Return the folder in which Jittor keeps what it compiles: JITTOR_HOME, or else a part of the cache folder.

    Jittor remembers the folder of its last run for all later ones, so it must be told every time.
    """
    own = os.environ.get("JITTOR_HOME")
    return (Path(own).expanduser() if own else cache_folder() / "jittor").absolute()


def onednn_folder() -> Path:
    """Return the folder in which Jittor expects oneDNN: `include` and `lib/libmkldnn.so`."""
    return home() / ".cache" / "jittor" / "mkl" / ONEDNN


def has_onednn() -> bool:
    """Whether Jittor would find oneDNN, so that it need not try to download it."""
    folder = onednn_folder()
    return (folder / "lib" / "libmkldnn.so").is_file() and (folder / "include" / "dnnl.hpp").is_file()


def environment(onednn: bool | None = None, threads: int | None = None, cuda: bool = False) -> dict[str, str]:
    """Build the environment of a process that imports Jittor.

    Parameters
    ----------
    onednn : compute with oneDNN; None does where it is there.
    threads : of OpenMP; None leaves it to OMP_NUM_THREADS, or else to the number of cores.
    cuda : let Jittor look for CUDA. Otherwise it is kept from a compiler of CUDA that has no device to go with.
    """
    with_onednn = has_onednn() if onednn is None else onednn
    chosen = {
        "JITTOR_HOME": str(home()),
        "cache_name": "default",  # or else it is the git branch of whatever folder this is
        "use_mkl": "1" if with_onednn else "0",
        "use_mpi": "0",
        "mpicc_path": "",
        "log_silent": "1",
        "FIX_TORCH_ERROR": "0",  # otherwise `import jittor` imports torch
        # Threads that wait for each other would keep the processor from others: 15 times as long on a busy machine.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive"),
        "OMP_NUM_THREADS": str(threads or os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
    }
    if not cuda:
        chosen["nvcc_path"] = ""
    return {**os.environ, **chosen}


def installed() -> str | None:
    """Return the version of Jittor that is installed, or None."""
    return version_of("jittor")


def numbers(version: str) -> tuple[int, ...]:
    """Split a version into its numbers.

    Examples
    --------
    >>> numbers("1.3.11.0") >= LEAST, numbers("1.3.8.5") >= LEAST, numbers("2.0rc1")
    (True, False, (2, 0))
    """
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def require() -> str:
    """Return the version of Jittor, and make sure that it may be used.

    Raises
    ------
    InputError
        It is not installed, too old, or numpy is too new for it: what to install is said.
    """
    version, numpy = installed(), metadata.version("numpy")
    if version is None:
        raise InputError(f"Jittor is not installed: {_with()}, or leave --backend jittor out")
    if numbers(version) < LEAST:
        least = ".".join(map(str, LEAST))
        raise InputError(f"Jittor {version} is too old, it must be {least} or later: {_with()}")
    if numbers(numpy) >= (2,):
        raise InputError(f"Jittor needs numpy below 2, and numpy {numpy} is installed: {_with('both')}")
    return version
