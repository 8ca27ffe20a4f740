"""From the name of weights to their file: a path, or published weights, downloaded once, verified, and kept."""

from __future__ import annotations

from pathlib import Path

from ..datasets.fetch.git_tree import blob_of
from ..download import Progress, download
from ..errors import InputError, RunError, unknown
from ..files import cache_folder
from .catalog import File, Weights, get_weights, known_weights
from .files import near, path_of, sha256_of, split_key


def weights_path(weights: str, method: str) -> Path:
    """Find the file of weights given by name or by path; the key of `FILE#KEY` stays with it.

    Raises
    ------
    InputError
        They are not there, or another method's; what to do is said.
    """
    file, key = split_key(weights)
    path = path_of(file)
    if not path.exists():
        path = _known(file, method)
    return Path(f"{path}#{key}") if key else path


def _known(name: str, method: str) -> Path:
    """Find weights by their name in the catalogue."""
    if name not in known_weights():
        path = Path(name).expanduser()
        if path.suffix or len(path.parts) > 1:
            raise InputError(f"there is no weights file {name}{near(path)}")
        names = [known for known, entry in known_weights().items() if entry.method == method]
        raise unknown(f"weights of {method}", name, [*names, "FILE.pth"])
    if (owner := known_weights()[name].method) != method:
        raise InputError(
            f"the weights {name!r} are of {owner}, not of {method}: leave them out, or choose --method {owner}"
        )
    path_here = locate(name)
    if path_here is None:
        raise InputError(f"the weights {name!r} are not here: run `fusionbench weights fetch {name}` first")
    return path_here


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
