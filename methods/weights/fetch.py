"""Getting published weights: downloaded once, verified by their hash, kept in the user's cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...errors import InputError, RunError
from ...files import cache_folder
from .catalog import File, Weights, get_weights


def locate(name: str) -> Path | None:
    """Give the file to load of these weights, if they ship or have been fetched; nothing is downloaded."""
    weights = get_weights(name)
    if weights.path is not None:
        return weights.path
    paths = [_target(weights, file) for file in weights.files]
    return paths[0] if paths and all(path.is_file() for path in paths) else None


def fetch(name: str) -> Path:
    """Download published weights, unless they ship or are there already.

    Parameters
    ----------
    name : as in the catalogue.

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
    paths = [_fetch_file(weights, file) for file in weights.files]
    return paths[0]


def _target(weights: Weights, file: File) -> Path:
    return cache_folder() / "weights" / weights.name / file.name


def _fetch_file(weights: Weights, file: File) -> Path:
    import pooch

    target = _target(weights, file)
    if target.is_file():
        verify(target, file.digest)
        return target
    pooch.utils.get_logger().setLevel("WARNING")
    temporary = f".{target.name}.part"
    try:
        downloader = pooch.HTTPDownloader(timeout=30)
        pooch.retrieve(file.url, known_hash=None, fname=temporary, path=target.parent, downloader=downloader)
    except Exception as error:  # requests, urllib3 and the system each have their own
        target.with_name(temporary).unlink(missing_ok=True)
        raise RunError(
            f"cannot download {file.url} ({type(error).__name__}): fetch it on another machine and put it at {target}"
        ) from error
    part = target.with_name(temporary)
    try:
        verify(part, file.digest)
    except RunError:
        part.unlink(missing_ok=True)
        raise
    part.replace(target)
    return target


def verify(path: Path, digest: str) -> None:
    """Check a file against its published hash.

    Raises
    ------
    RunError
        The file has another hash.
    """
    kind, _, expected = digest.partition(":")
    data = path.read_bytes()
    if kind == "git":  # the id of a blob, which is the SHA-1 of its length and its content
        found = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    else:
        found = hashlib.sha256(data).hexdigest()
    if not (found.startswith(expected) if kind == "name" else found == expected):
        raise RunError(f"{path} is not the published file: its hash is {found}, not {expected}; delete it, fetch again")
