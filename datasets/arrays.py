"""Arrays that others saved with `numpy.save`, read as data alone: never more than the file holds, and no code in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .pair import printable

_MAGIC = b"\x93NUMPY"


def read_array(path: str | Path) -> NDArray[Any]:
    """Read a `.npy` file of numbers.

    Returns
    -------
    array
        Of the shape and the type that the file says, native or not, in memory and writable.

    Raises
    ------
    InputError
        The file is missing, no regular file, empty, truncated or damaged, or holds something else than numbers.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"cannot read the array {printable(str(path))}: it is no file, but a folder or a device")
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
        if start != _MAGIC:
            raise InputError(
                f"cannot read the array {printable(str(path))}: it is no .npy file; save it with numpy.save"
            )
        with np.errstate(over="raise"):  # of a shape beyond all counting
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # takes no memory, whatever the header claims
        if mapped.dtype.kind not in "biufc":
            raise InputError(
                f"cannot read the array {printable(str(path))}: it holds {mapped.dtype}, not numbers; save numbers"
            )
        return np.array(mapped)
    except InputError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the array {printable(str(path))}: {reason}") from error
    except Exception as error:  # numpy raises whatever a damaged header makes it stumble over
        raise InputError(
            f"cannot read the array {printable(str(path))}: it is truncated or damaged, or holds objects; save it anew"
        ) from error
