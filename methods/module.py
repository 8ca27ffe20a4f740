"""The adapter for a network that somebody has as a PyTorch module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..devices.transfer import place_of
from ..errors import InputError
from ..files import sha256_of
from ..weights.files import load_state, split_key
from ..weights.search import misfit, take
from .method import Gray
from .passes import NetworkMethod

if TYPE_CHECKING:
    from torch import nn

    from ..datasets.pair import Pair
    from .graph import Graph


class ModuleMethod(NetworkMethod):
    """A network given as its module, which fuses two gray batches, (N, 1, H, W) in [0, 1], to one of the same shape.

    A subclass states `name`, `module`, and what differs of the rest.

    Parameters
    ----------
    weights : the file of its tensors, as `torch.save` or safetensors wrote it; no code of it is run. `FILE#KEY` says
        which of several networks in it.

    Attributes
    ----------
    module : makes the network, called without arguments: its class, or a function.
    order : "ba" where the network takes `b` (visible, CT) first.
    """

    module: ClassVar[Callable[[], nn.Module]]
    order: ClassVar[Literal["ab", "ba"]] = "ab"

    def __init__(self, weights: str) -> None:
        self.weights = weights
        self._network: nn.Module | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded network behind: the worker process loads its own."""
        return {**self.__dict__, "_network": None}

    def to(self, device: str) -> None:
        """Compute on `device` from now on."""
        if device != self.device:
            self.device, self._network = device, None

    def check(self, pairs: Sequence[Pair]) -> None:
        """Load the network, which is kept."""
        self.network()

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch in one pass; large images in tiles, where the class says its `margin`."""
        return self.in_tiles(self.network(), (a, b) if self.order == "ab" else (b, a))

    def graph(self, task: str) -> Graph:
        """Give the network, one for all tasks."""
        from .graph import Graph

        return Graph(self.network(), swapped=self.order == "ba")

    def network(self) -> nn.Module:
        """Make the network with its weights, once.

        Raises
        ------
        InputError
            The file is missing, damaged or unsafe, or its tensors are not those of the module.
        """
        if self._network is None:
            network = type(self).module()
            shapes = {name: tuple(t.shape) for name, t in network.state_dict().items() if t.is_floating_point()}
            try:
                found = take(load_state(self.weights), {self.name: shapes}, self.name, misfit)
            except InputError as error:
                raise InputError(f"cannot use the weights {self.weights}: {error}") from error
            network.load_state_dict({name: t.float() for name, t in found.tensors.items()}, strict=False)
            self._network = place_of(self.device).load(network.eval())
        return self._network

    @property
    def weights_record(self) -> dict[str, Any]:
        """Name of the file, and its SHA-256."""
        path = Path(split_key(self.weights)[0]).expanduser()
        files = {path.name: f"sha256:{sha256_of(path)}"} if path.is_file() else {}
        return {"name": self.weights, "licence": "not known", "files": files}
