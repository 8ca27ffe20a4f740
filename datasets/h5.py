"""Opening H5 files, of which nothing is believed before it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..extras import explained

if TYPE_CHECKING:
    import h5py

LARGEST = 2**28  # bytes of an entry: an image of 64 megapixels, or 87,000 words


@contextmanager
def open_h5(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; what the library says while it is open is an InputError too.

    Raises
    ------
    InputError
        It is not there, no HDF5, cut off, damaged, or being written.
    """
    with explained():
        import h5py

    if not path.is_file():
        raise InputError(f"there is no H5 file {path}: make it with `fusionbench prepare film`")
    try:
        file = h5py.File(path, "r")
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise InputError(
            f"cannot read {path}: it is no HDF5 file, or half of one; make it again with `fusionbench prepare film`"
        ) from error
    with file, telling_damage(path):
        yield file


@contextmanager
def telling_damage(path: Path, also: tuple[type[Exception], ...] = (OSError,)) -> Iterator[None]:
    """Turn whatever the HDF5 library says of a damaged file into a sentence.

    Parameters
    ----------
    path : the file.
    also : further errors to take for damage; where the file is written, an OSError says more of the disk.
    """
    kinds: tuple[type[Exception], ...] = (
        KeyError,
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        MemoryError,
        *also,
    )
    try:
        yield
    except kinds as error:
        said = " ".join(str(error).split())
        raise InputError(f"cannot read {path}: the file is damaged ({said}); make it again") from error


def group_in(file: h5py.File, name: str) -> h5py.Group | None:
    """Find a group that lies in the file itself; None where there is none."""
    import h5py

    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return None
    group = file[name]
    return group if isinstance(group, h5py.Group) else None


def entry_in(group: h5py.Group, name: str) -> h5py.Dataset:
    """Find an entry of a group that holds numbers, all of them in this file.

    Raises
    ------
    InputError
        It is no array of floating-point numbers, a link, is kept in other files, or is larger than `LARGEST`.
    """
    import h5py

    place = group
    for part in name.split("/"):
        if not isinstance(place, h5py.Group) or not isinstance(place.get(part, getlink=True), h5py.HardLink):
            raise _bad(group, name, "a link, or not there")
        place = place[part]
    if not isinstance(place, h5py.Dataset) or place.shape is None:
        raise _bad(group, name, "no array")
    if place.dtype.kind != "f":
        raise _bad(group, name, f"of type {place.dtype}, not of floating-point numbers")
    if place.external or place.is_virtual:
        raise _bad(group, name, "kept in other files")
    size = place.size * place.dtype.itemsize
    if size > LARGEST:
        raise _bad(group, name, f"said to be of {size:,} bytes, more than {LARGEST:,}")
    if size and not place.id.get_storage_size():
        raise _bad(group, name, "empty")
    return place


def _bad(group: h5py.Group, name: str, what: str) -> InputError:
    return InputError(f"cannot read {group.file.filename}: its {group.name.strip('/')} {name!r} is {what}")
