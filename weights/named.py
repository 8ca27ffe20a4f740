"""From what stands after `--weights` to a file: a name of the catalogue, or a path, maybe with a key in the file."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, unknown
from .catalog import known_weights
from .fetch import locate
from .files import near, split_key


def weights_path(weights: str, method: str) -> Path:
    """Find the file of weights given by name or by path; the key of `FILE#KEY` stays with it.

    Raises
    ------
    InputError
        They are not there, or another method's; what to do is said.
    """
    file, key = split_key(weights)
    path = Path(file).expanduser()
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
