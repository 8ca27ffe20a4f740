"""U2Fusion as a method of the bench."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...errors import InputError
from ..method import Gray, Method, Quantise
from ..verified import STAND_IN

if TYPE_CHECKING:
    from torch import Tensor

    from ...datasets.pair import Pair
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
    reference = (
        "Xu, Ma, Jiang, Guo, Ling (2022): U2Fusion: A Unified Unsupervised Image Fusion Network, IEEE Transactions on "
        "Pattern Analysis and Machine Intelligence 44(1), 502-518, https://doi.org/10.1109/TPAMI.2020.3012548"
    )
    venue = "IEEE Transactions on Pattern Analysis and Machine Intelligence"
    learned = True
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
        if self._network is None:
            self._load()

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch; `context["pairs"]` tells the task, by which the official order goes."""
        import torch

        if min(a.shape[-2:]) < 2:
            raise InputError(f"U2Fusion needs images of at least 2x2 pixels, this one is {a.shape[-1]}x{a.shape[-2]}")
        swapped = self._swapped(a.shape[0], context.get("pairs"))
        first, second = np.where(swapped, b, a), np.where(swapped, a, b)
        fused = self._forward(torch.from_numpy(first), torch.from_numpy(second))
        return fused.cpu().numpy()

    def dry_run(self, a: Gray, b: Gray, **context: Any) -> None:
        """Go through the plain network, whichever way the device would take."""
        import torch

        if self._network is None:
            self._load()
        sources = torch.empty(2, *a.shape, device="meta")
        with torch.inference_mode():
            deepcopy(self._network).to("meta")(*sources)  # type: ignore[union-attr]

    def _swapped(self, count: int, pairs: Any) -> np.ndarray:
        """Say for each pair whether b goes first, as an array that broadcasts over the images."""
        if self.order != "official" or pairs is None:
            answers = [self.order != "ab"] * count
        else:
            answers = [pair.task != "MEF" for pair in pairs]
        return np.array(answers).reshape(-1, 1, 1, 1)

    def _forward(self, first: Tensor, second: Tensor) -> Tensor:
        import torch

        if self._network is None:
            self._load()
        if self._fast is not None:
            return self._fast(first, second)
        assert self._network is not None
        with torch.inference_mode():
            sources = [t.to(self.device, memory_format=torch.channels_last) for t in (first, second)]
            fused: Tensor = self._network(*sources)
        return fused

    def _load(self) -> None:
        """Load the weights; on the CPU also bring them to the form of the fast pass."""
        import torch

        from ...weights.fetch import weights_path
        from .checkpoints import load_generator
        from .winograd import FastGenerator

        network = load_generator(weights_path(self.weights, self.name))
        if torch.device(self.device).type == "cpu":
            self._fast = FastGenerator(network)
        else:
            network.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network
