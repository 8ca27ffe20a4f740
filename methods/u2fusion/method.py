"""U2Fusion as a method of the bench."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...devices.transfer import place_of
from ...errors import InputError
from ..method import Gray, Method, Quantise
from ..tiles import in_tiles
from ..verified import STAND_IN

if TYPE_CHECKING:
    from ...datasets.pair import Pair
    from ..graph import Graph
    from .network import Generator
    from .winograd import FastGenerator

Order = Literal["official", "ab", "ba"]
OURS = "u2fusion"


class U2Fusion(Method):
    """One densely connected network for all tasks, trained to keep what each source holds most of.

    Parameters
    ----------
    weights : a name of the weights catalogue, or a file: ours, the authors' TensorFlow checkpoint, a port's `.pth`;
        `FILE#KEY` where several networks lie in it.
    order : which source the network sees first; it is not symmetric. "official" is the order of the authors' test
        code: visible before infrared, PET or SPECT before MRI, overexposed before underexposed, far before near focus,
        which is b before a in this package's data sets, but for multi-exposure. The images of U2Fusion that circulate
        for TNO were made with "ab" (infrared first).
    quantise : "max", as the authors' code writes images since November 2023; it was "minmax" before, and the published
        images and tables are of that time.
    """

    name = "u2fusion"
    title = "U2Fusion"
    reference = (
        "Xu, Ma, Jiang, Guo, Ling (2022): U2Fusion: A Unified Unsupervised Image Fusion Network, IEEE Transactions on "
        "Pattern Analysis and Machine Intelligence 44(1), 502-518, https://doi.org/10.1109/TPAMI.2020.3012548"
    )
    venue = "IEEE Transactions on Pattern Analysis and Machine Intelligence"
    learned = True
    margin = 10
    quantise: Quantise = "max"

    def __init__(self, weights: str = OURS, order: Order = "official", quantise: Quantise = "max") -> None:
        self.weights, self.order, self.quantise = weights, order, quantise
        self._network: Generator | None = None
        self._fast: FastGenerator | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded network behind: the worker process loads its own."""
        return {**self.__dict__, "_network": None, "_fast": None}

    def to(self, device: str) -> None:
        """Compute on `device` from now on."""
        if device != self.device:
            self.device = device
            self._network = self._fast = None

    @property
    def remarks(self) -> Sequence[str]:
        """Say whose the weights are; see `Method.remarks`."""
        return [STAND_IN] if self.weights == OURS else []

    def check(self, pairs: Sequence[Pair]) -> None:
        """Load the weights, which are kept."""
        self._loaded()

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch; `context["pairs"]` tells the task, by which the official order goes."""
        if min(a.shape[-2:]) < 2:
            raise InputError(f"U2Fusion needs images of at least 2x2 pixels, this one is {a.shape[-2]}x{a.shape[-1]}")
        swapped = self._swapped(a.shape[0], context.get("pairs"))
        first, second = np.where(swapped, b, a), np.where(swapped, a, b)
        self._loaded()
        tile = None if self._fast and self.tile == "auto" else self.tile  # the fast pass has regions of its own
        return in_tiles(self._forward, (first, second), self.margin, tile)

    def dry_run(self, a: Gray, b: Gray, **context: Any) -> None:
        """Go through the plain network, whichever way the device would take."""
        import torch

        network = deepcopy(self._loaded()).to("meta")
        with torch.inference_mode():
            network(*torch.empty(2, *a.shape, device="meta"))

    def graph(self, task: str) -> Graph:
        """Give the plain network, in the order of the task."""
        from ..graph import Graph

        return Graph(self._loaded(), swapped=self.order == "ba" or (self.order == "official" and task != "MEF"))

    def _swapped(self, count: int, pairs: Any) -> np.ndarray:
        """Say for each pair whether b goes first, as an array that broadcasts over the images."""
        if self.order != "official" or pairs is None:
            answers = [self.order != "ab"] * count
        else:
            answers = [pair.task != "MEF" for pair in pairs]
        return np.array(answers).reshape(-1, 1, 1, 1)

    def _forward(self, *sources: Gray) -> Gray:
        import torch

        place = place_of(self.device)
        if self._fast is not None:
            return place.get(self._fast(*map(place.put, sources)))
        with torch.inference_mode():
            return place.get(self._loaded()(*(place.put(x, memory_format=torch.channels_last) for x in sources)))

    def _loaded(self) -> Generator:
        """Load the weights, once; on the CPU also bring them to the form of the fast pass, which is one of float32."""
        if self._network is not None:
            return self._network
        import torch

        from ...weights.fetch import weights_path
        from .checkpoints import load_generator
        from .winograd import FastGenerator

        network = load_generator(weights_path(self.weights, self.name))
        if torch.device(self.device).type == "cpu" and self.precision == "float32":
            self._fast = FastGenerator(network)
        else:
            network = place_of(self.device).load(network, memory_format=torch.channels_last)
        self._network = network
        return network
