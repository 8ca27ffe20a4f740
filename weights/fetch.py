"""Getting published weights: downloaded once, verified by their hash, kept in the user's cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..datasets.fetch.git_tree import blob_of
from ..download import Progress, download
from ..errors import InputError, RunError
from ..files import cache_folder
from .catalog import File, Weights, get_weights


def locate(name: str) -> Path | None:
    """Give the file to load of these weights, if they ship or have been fetched; nothing is downloaded."""
    weights = get_weights(name)
    if weights.path is not None:
        return weights.path
    paths = [_target(weights, file) for file in weights.files]
    return paths[0] if paths and all(path.is_file() for path in paths) else None


def fetch(name: str, progress: Progress = lambda done, total: None) -> Path:
    """Download published weights, unless they ship or are there already; what was cut off is gone on with.

    Parameters
    ----------
    name : as in the catalogue.
    progress : called with the bytes of a file that have come, and those that will if the server says so.

    Returns
    -------
    The file to load; others that belong to it lie beside it.

    Raises
    ------
    InputError
        No such weights, or these cannot be fetched.
    RunError
        The download failed, or what came is not what was published.
    """
    weights = get_weights(name)
    if weights.path is not None:
        return weights.path
    if not weights.files:
        raise InputError(f"the weights {name!r} cannot be fetched: {weights.obtained}")
    paths = [_fetch_file(weights, file, progress) for file in weights.files]
    return paths[0]


def _target(weights: Weights, file: File) -> Path:
    return cache_folder() / "weights" / weights.name / file.name


def _fetch_file(weights: Weights, file: File, progress: Progress) -> Path:
    target = _target(weights, file)
    if target.is_file():
        verify(target, file.digest)
        return target
    hint = f"without a network here, fetch it on another machine and put it at {target}"

    def check(came: Path) -> None:
        if found := _another_hash(came, file.digest):
            raise RunError(
                f"what came from {file.url} is not the published file: its hash is {found}, not {file.digest}"
            )

    download(file.url, target, check, progress, hint)
    return target


def verify(path: Path, digest: str) -> None:
    """Check a file against its published hash.

    Raises
    ------
    RunError
        The file has another hash.
    """
    if found := _another_hash(path, digest):
        expected = digest.partition(":")[2]
        raise RunError(f"{path} is not the published file: its hash is {found}, not {expected}; delete it, fetch again")


def _another_hash(path: Path, digest: str) -> str:
    """Give the hash of a file that has not the published one; nothing where it has."""
    kind, _, expected = digest.partition(":")
    if kind == "git":
        found = blob_of(path).id
    else:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if (found.startswith(expected) if kind == "name" else found == expected) else found
