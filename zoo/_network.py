"""What published networks have in common: weights that are found, loaded safely and checked, and a pass by pairs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..devices.transfer import Place, place_of
from ..errors import InputError
from ..files import sha256_of
from ..methods.method import Gray
from ..methods.passes import NetworkMethod
from ..weights.catalog import File, Weights, known_weights, weights_of
from ..weights.fetch import locate, weights_path
from ..weights.files import load_state
from ..weights.search import State, Unfit, check_values, find, misfit, several

if TYPE_CHECKING:
    from torch import Tensor

    from ..datasets.pair import Pair
    from ..methods.graph import Graph
    from ._layers import Layers

Shapes = dict[str, tuple[int, ...]]
NO_LICENCE = "none stated: not redistributed here"


class Network(NetworkMethod):
    """A published network that fuses two gray images.

    A subclass states what a `Method` does, its default weights, and the attributes below; it implements `forward`.

    Attributes
    ----------
    weights : a name of the weights catalogue, a file, or a folder that has the published files under their own names.
    shapes : the tensors that are computed with, by their names in the published files.
    least : the smallest height and width, in pixels, that the network's borders allow.
    alone : whether `forward` takes one pair only, on a device, too.
    """

    shapes: ClassVar[Mapping[str, tuple[int, ...]]]
    least: ClassVar[int] = 1
    alone: ClassVar[bool] = False

    def __init__(self, weights: str) -> None:
        self.weights = weights
        self._networks: dict[str, Layers] = {}
        self._found: dict[str, list[Path]] = {}

    @abstractmethod
    def forward(self, net: Layers, a: Tensor, b: Tensor) -> Tensor:
        """Fuse N pairs, (N, 1, H, W) float32 in [0, 1] each, to (N, 1, H, W); N is 1 on the processor."""

    def weights_of(self, task: str) -> str:
        """Name the weights for a task; one network does for all unless a subclass says otherwise."""
        return self.weights

    def swaps(self, task: str) -> bool:
        """Whether the network sees `b` first, where the authors' order is not that of this package's data sets."""
        return False

    def prepare(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Bring the tensors to the names and axes that `forward` asks for."""
        return tensors

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded networks behind: the worker process loads its own."""
        return {**self.__dict__, "_networks": {}}

    def to(self, device: str) -> None:
        """Compute on `device` from now on."""
        if device != self.device:
            self.device, self._networks = device, {}

    def check(self, pairs: Sequence[Pair]) -> None:
        """Load the weights of the pairs' tasks, which are kept."""
        for task in sorted({pair.task for pair in pairs} or {"IVF"}):
            self.network(task)

    def fuse(self, a: Gray, b: Gray, *further: Gray, **context: Any) -> Gray:
        """Fuse a batch, on the processor pair by pair; `context["pairs"]` tells the tasks.

        Further sources are for `any_number`.
        """
        self.check_size(a)
        tasks = [pair.task for pair in context.get("pairs") or ()] or ["IVF"] * len(a)
        fused = np.empty(a.shape, np.float32)
        for task, places in (Place("cpu") if self.alone else place_of(self.device)).batches(tasks):
            sources = [x[places] for x in (a, b, *further)][:: -1 if self.swaps(task) else 1]
            fused[places] = self.in_tiles(partial(self.forward, self.network(task)), sources)
        return fused

    def graph(self, task: str) -> Graph:
        """Give the network of a task, with the authors' steps around it that `forward` has."""
        from ..methods.graph import Graph

        net = self.network(task)
        return Graph(net, partial(self.forward, net), swapped=self.swaps(task))

    def check_size(self, image: np.ndarray, axes: tuple[int, int] = (-2, -1)) -> None:
        """Refuse an image that is too small for the network's borders."""
        height, width = (image.shape[axis] for axis in axes)
        if min(height, width) < self.least:
            size = f"{self.least}x{self.least}"
            raise InputError(f"{self.name} needs images of at least {size} pixels, this one is {height}x{width}")

    @property
    def weights_record(self) -> dict[str, Any]:
        """Name, licence and files of the weights, with their SHA-256."""
        named = dict.fromkeys(self.weights_of(task) for task in self.tasks)
        here = [name for name in named if name not in known_weights() or locate(name)]  # a run may need one task's
        names = here or list(named)
        paths = [path for name in names for path in self.files_of(name)]
        licences = [known_weights()[name].licence for name in names if name in known_weights()]
        return {
            "name": self.weights,
            "licence": ", ".join(dict.fromkeys(licences)) or "not known",
            "files": {path.name: f"sha256:{sha256_of(path)}" for path in paths if path.is_file()},
        }

    def network(self, task: str) -> Layers:
        """Load the network of a task, once."""
        name = self.weights_of(task)
        if name not in self._networks:
            from ._layers import Layers

            self._networks[name] = place_of(self.device).load(Layers(self.load(name)))
        return self._networks[name]

    def files_of(self, weights: str) -> list[Path]:
        """Find the published files of some weights, or the one that was named."""
        if weights not in self._found:
            known = known_weights()
            path = weights_path(weights, self.name)
            entry = known.get(weights) or weights_of(self.name)[0]
            folder = path if path.is_dir() else path.parent
            alone = weights not in known and not path.is_dir()
            self._found[weights] = [path] if alone else [folder / file.name for file in entry.files]
        return self._found[weights]

    def load(self, weights: str) -> dict[str, Tensor]:
        """Load the tensors that are computed with, float32, on the CPU; no code of a file runs.

        Raises
        ------
        InputError
            The weights are not here, damaged, unsafe, of another network, or not finite.
        """
        paths = self.files_of(weights)
        states = [load_state(path) for path in paths if ".data-" not in path.name]  # TensorFlow's index leads to them
        state = State({name: tensor for part in states for name, tensor in part.tensors.items()})
        try:
            tensors = find(state, {self.name: self.shapes}, alone=False).tensors
        except Unfit as unfit:
            raise InputError(f"cannot use the weights {paths[0]}: {_reason(unfit, self.name)}") from unfit
        if problem := check_values(tensors):
            raise InputError(f"cannot use the weights {paths[0]}: {problem}")
        return self.prepare({name: tensor.float() for name, tensor in tensors.items()})


def published(
    name: str, origin: str, commit: str, *files: tuple[str, str], licence: str = NO_LICENCE, method: str = "",
    note: str = "",
) -> Weights:  # fmt: skip
    """Declare the weights in a repository on GitHub.

    Parameters
    ----------
    name, method : of the weights, and the method that they belong to; of the same name by default.
    origin : who trained them, on what.
    commit : "owner/repository@commit".
    files : path in the repository and SHA-256 of each.
    licence, note : as the repository states it; what else is to be known.
    """
    repository, _, pin = commit.partition("@")
    address = f"https://raw.githubusercontent.com/{repository}/{pin}"
    listed = tuple(File(f"{address}/{path}", f"sha256:{digest}") for path, digest in files)
    return Weights(name, method or name, origin, licence, f"published in github.com/{repository}{note}", listed)


def kernel(name: str, out: int, inputs: int, side: int, bias: bool = True) -> Shapes:
    """Return the shapes of a convolution in PyTorch."""
    return {f"{name}.weight": (out, inputs, side, side)} | ({f"{name}.bias": (out,)} if bias else {})


def norm(name: str, channels: int) -> Shapes:
    """Return the shapes of a batch normalisation in PyTorch."""
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def raster_block(name: str, channels: int) -> Shapes:
    """Return the shapes of a transformer block of Tang's networks; see `_layers.raster_blocks`."""
    maps = {"attn.qkv": (3, 1), "attn.proj": (1, 1), "mlp.fc1": (4, 1), "mlp.fc2": (1, 4)}
    shapes: Shapes = {}
    for layer, (out, inputs) in maps.items():
        shapes |= {f"{name}.{layer}.weight": (out * channels, inputs * channels)}
        shapes |= {f"{name}.{layer}.bias": (out * channels,)}
    return shapes | {f"{name}.norm{i}.{part}": (channels,) for i in (1, 2) for part in ("weight", "bias")}


def from_tensorflow(tensors: Mapping[str, Tensor], kernel: str, bias: str) -> dict[str, Tensor]:
    """Name TensorFlow's convolutions by their folders, and bring kernels (H, W, in, out) to (out, in, H, W).

    Parameters
    ----------
    kernel, bias : how the last part of the names of either begins.
    """
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition("/")
        if part.startswith(kernel):
            named[f"{layer}.weight"] = tensor.permute(3, 2, 0, 1).contiguous()
        elif part.startswith(bias):
            named[f"{layer}.bias"] = tensor
    return named


def _reason(unfit: Unfit, name: str) -> str:
    return several(unfit.keys) if unfit.keys else f"these are not the weights of {name}: {misfit(unfit)}"
