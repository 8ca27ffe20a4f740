"""From the name of weights to their file: a path, or published weights, downloaded once, verified, and kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from ..datasets.fetch.git_tree import blob_of
from ..download import Progress, download
from ..errors import InputError, RunError, unknown
from ..files import cache_folder, sha256_of
from .catalog import File, Weights, get_weights, known_weights, weights_of
from .files import no_file, path_of, split_key

VARIABLE = "FUSIONBENCH_WEIGHTS"  # names a folder, as a lab's shared disk has it


def weights_path(weights: str, method: str) -> Path:
    """Find the file of weights given by name or by path; the key of `FILE#KEY` stays with it.

    Raises
    ------
    InputError
        They are not there, or another method's; what to do is said.
    """
    file, key = split_key(weights)
    path = path_of(file)
    if not path.is_file() and (file in known_weights() or not path.exists()):  # a folder may be called as weights are
        path = _known(file, method)
    return Path(f"{path}#{key}") if key else path


def _known(name: str, method: str) -> Path:
    """Find weights by their name in the catalogue."""
    if name not in known_weights():
        path = Path(name).expanduser()
        if path.suffix or len(path.parts) > 1:
            raise no_file(path)
        names = [entry.name for entry in weights_of(method)]
        raise unknown(f"weights of {method}", name, [*names, "FILE.pth"])
    if (owner := known_weights()[name].method) != method:
        raise InputError(
            f"the weights {name!r} are of {owner}, not of {method}: leave them out, or choose --method {owner}"
        )
    path_here = locate(name)
    if path_here is None:
        files = known_weights()[name].files
        raise InputError(
            f"the weights {name!r} are not here: run `fusionbench weights fetch {name}` first, or name with "
            f"--weights-root or {VARIABLE} a folder that has {' and '.join(file.name for file in files)} somewhere "
            f"below it (published at {files[0].url.rpartition('/')[0]}); no network with random weights is "
            "run in their place"
        )
    return path_here


def locate(name: str) -> Path | None:
    """Give the file to load of these weights, if they ship, lie below FUSIONBENCH_WEIGHTS, or have been fetched.

    Others that belong to it lie beside it; nothing is downloaded.

    Raises
    ------
    InputError
        FUSIONBENCH_WEIGHTS is no folder.
    """
    weights = get_weights(name)
    if weights.path is not None:
        return weights.path
    if (root := os.environ.get(VARIABLE)) and weights.files and (found := _find(Path(root).expanduser(), weights)):
        return found
    paths = [_target(weights, file) for file in weights.files]
    return paths[0] if paths and all(path.is_file() for path in paths) else None


def availability(method: str) -> Literal["here", "fetchable", "none"]:
    """Say whether any weights of a method are here, or can be fetched, or none are known by name.

    Raises
    ------
    InputError
        FUSIONBENCH_WEIGHTS is no folder.
    """
    known = weights_of(method)
    if any(locate(weights.name) is not None for weights in known):
        return "here"
    return "fetchable" if any(weights.files for weights in known) else "none"


def _find(root: Path, weights: Weights) -> Path | None:
    """Find a folder, anywhere below `root`, that has all files of some weights, known by name and hash."""
    if not root.is_dir():
        raise InputError(f"{VARIABLE} is {root}, which is no folder: set it to the one that the weights lie below")
    for folder in _folders(root):
        paths = [folder / file.name for file in weights.files]
        if all(map(_is_published, paths, weights.files)):
            return paths[0]
    return None


def _folders(root: Path) -> Iterator[Path]:
    """Walk a folder and all below it, through links, but none twice; what cannot be read is passed over."""
    seen = {root.resolve()}
    for folder, below, _ in os.walk(root, followlinks=True):
        yield Path(folder)
        new = {name: (Path(folder) / name).resolve() for name in sorted(below)}
        below[:] = [name for name, place in new.items() if place not in seen]
        seen.update(new.values())


def _is_published(path: Path, file: File) -> bool:
    try:
        state = path.stat()
        return path.is_file() and _has_hash(path, (state.st_size, state.st_mtime_ns), file.digest)
    except OSError:
        return False


@cache
def _has_hash(path: Path, state: tuple[int, int], digest: str) -> bool:
    """Whether a file has a hash; it is read again once its size or its time has changed."""
    return not _another_hash(path, digest)


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
        if actual := _another_hash(came, file.digest):
            raise RunError(
                f"what came from {file.url} is not the published file: its hash is {actual}, not {file.digest}"
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
    if actual := _another_hash(path, digest):
        expected = digest.partition(":")[2]
        raise RunError(
            f"{path} is not the published file: its hash is {actual}, not {expected}; delete it, fetch again"
        )


def _another_hash(path: Path, digest: str) -> str:
    """Give the hash of a file that has not the published one; nothing where it has."""
    kind, _, expected = digest.partition(":")
    actual = blob_of(path).id if kind == "git" else sha256_of(path)
    return "" if (actual.startswith(expected) if kind == "name" else actual == expected) else actual
