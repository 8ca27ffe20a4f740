"""Loading FILM's weights: the authors' checkpoints, and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...weights.catalog import File, Weights
from ...weights.search import Shape, State, Unfit, take

if TYPE_CHECKING:
    from torch import Tensor

    from .network import FilmNetwork
    from .stage import Grid

_FILM = "https://raw.githubusercontent.com/Zhaozixiang1228/IF-FILM/26a2f01770ccd4f33eb03a3c7e9ede737cbe8eec/models/{}"
# fmt: off
WEIGHTS = (
    Weights(
        "film-fusionbench", "film", "trained by this project; see methods/film/MODEL_CARD.md", "Apache-2.0",
        "ships in the package", bundled="methods/film/film.safetensors",
    ),
    Weights(
        "film", "film", "the authors of FILM: a network for each task (those of IVF and MIF are the same)",
        "none stated: not redistributed here", "four PyTorch checkpoints in github.com/Zhaozixiang1228/IF-FILM",
        (
            File(_FILM.format("IVF.pth"), "git:02a485cd257165bb676992f7d506bd1f9a6d8e85"),
            File(_FILM.format("MIF.pth"), "git:02a485cd257165bb676992f7d506bd1f9a6d8e85"),
            File(_FILM.format("MEF.pth"), "git:cb21849b69caeda4d22b2a4460d69b727c8e8eb5"),
            File(_FILM.format("MFF.pth"), "git:45cffe81119cd01b48819880a85586df106413c1"),
        ),
    ),
)
# fmt: on
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
    network = take(state, forms(), "FILM", _explain)
    form = _FORMS.get(state.format, "PyTorch, of the authors")
    form = "fusionbench" if state.metadata.get("method") == "film" else form
    return network.tensors, {"origin_form": form, **state.metadata}


def forms() -> dict[str, dict[str, Shape]]:
    """Return the names and shapes of all tensors, as they stand in a file: in one form only."""
    return {"film": shapes()}


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
    from ...weights.convert import load_weights
    from .network import GRID, FilmNetwork

    tensors, metadata = load_weights(path, "film")
    network = FilmNetwork(grid or _grid_of(metadata) or GRID)
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network.eval()


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the name and the shape of every tensor, in the network's order."""
    import torch

    from .network import FilmNetwork

    with torch.device("meta"):
        network = FilmNetwork()
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _explain(unfit: Unfit) -> str:
    """Say why no network of ours was found."""
    other = [f"{name} is {_size(shape)}, not {_size(wanted)}" for name, shape, wanted in unfit.shapes]
    parts = [_listed(other), _listed(unfit.missing, "missing: "), _listed(unfit.extra, "unknown: ")]
    return "; ".join(filter(None, parts))


def _grid_of(metadata: Mapping[str, str]) -> Grid | None:
    """Read the grid that a file of ours was trained on."""
    height, _, width = metadata.get("grid", "").partition("x")
    return (int(height), int(width)) if height.isdigit() and width.isdigit() else None


def _listed(names: Sequence[str], title: str = "") -> str:
    if not names:
        return ""
    rest = len(names) - _SHOWN
    return title + ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a scalar"
