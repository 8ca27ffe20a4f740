"""Loading FILM's weights: the authors' checkpoints, and ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ..weights.files import State, load_state

if TYPE_CHECKING:
    from torch import Tensor

    from .network import FilmNetwork
    from .stage import Grid

_SHOWN = 3
_FORMS = {"Jittor file": "Jittor"}


def adapt(state: State) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Check that weights are FILM's.

    Returns
    -------
    The 189 tensors, in the type in which they were stored, and metadata: `origin_form`, and what the file says itself.

    Raises
    ------
    InputError
        It is another network, or another configuration of this one: which tensors differ is said.
    """
    wanted = shapes()
    missing = [name for name in wanted if name not in state.tensors]
    extra = [name for name in state.tensors if name not in wanted]
    other = [
        f"{name} is {_size(tuple(tensor.shape))}, not {_size(wanted[name])}"
        for name, tensor in state.tensors.items()
        if name in wanted and tuple(tensor.shape) != wanted[name]
    ]
    parts = [_listed(other), _listed(missing, "missing: "), _listed(extra, "unknown: ")]
    if any(parts):
        raise InputError(f"these are not the weights of FILM: {'; '.join(filter(None, parts))}")
    broken = [name for name in wanted if not state.tensors[name].isfinite().all()]
    if broken:
        raise InputError(f"the weights of FILM are not all finite: {_listed(broken)}")
    form = _FORMS.get(state.format, "PyTorch, of the authors")
    form = "fusionbench" if state.metadata.get("method") == "film" else form
    return {name: state.tensors[name] for name in wanted}, {"origin_form": form, **state.metadata}


def load_network(path: str | Path, grid: Grid | None = None) -> FilmNetwork:
    """Build the network with the weights of a file, float32, on the CPU.

    Parameters
    ----------
    grid : the working grid; None takes the one that the file names, or else the published one.

    Raises
    ------
    InputError
        The file is missing, truncated, unsafe, or of another network.
    """
    from .network import GRID, FilmNetwork

    state = load_state(path)
    try:
        tensors, _ = adapt(state)
    except InputError as error:
        raise InputError(f"cannot use the weights {path}: {error}") from error
    network = FilmNetwork(grid or _grid_of(state) or GRID)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network.eval()


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the name and the shape of every tensor, in the network's order."""
    import torch

    from .network import FilmNetwork

    with torch.device("meta"):
        network = FilmNetwork()
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _grid_of(state: State) -> Grid | None:
    """Read the grid that a file of ours was trained on."""
    height, _, width = state.metadata.get("grid", "").partition("x")
    return (int(height), int(width)) if height.isdigit() and width.isdigit() else None


def _listed(names: list[str], title: str = "") -> str:
    if not names:
        return ""
    rest = len(names) - _SHOWN
    return title + ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a scalar"
