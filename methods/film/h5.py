"""Opening H5 files, which hold text features for FILM, or all that it is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from ...errors import InputError


@contextmanager
def open_h5(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading.

    Raises
    ------
    InputError
        It is not there, no HDF5, cut off, or being written.
    """
    if not path.is_file():
        raise InputError(f"there is no H5 file {path}: make it with `fusionbench prepare film`")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(
            f"cannot read {path}: it is no HDF5 file, or half of one; make it again with `fusionbench prepare film`"
        ) from error
    with file:
        yield file
