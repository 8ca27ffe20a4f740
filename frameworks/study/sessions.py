"""Either framework behind one interface: what it computes of a pair, its gradients, its steps, and what they take."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Adam

from ...methods.film.block import pointwise
from ...methods.film.network import FilmNetwork
from ...methods.film.stage import Grid, Stage
from ...training.recipes.film.loss import fusion_losses, sobel
from ..jittor.messages import Arrays, Config, Pair, Took
from ..jittor.remote import JittorModel
from ..jittor.worker import Worker
from .runs import Run

Values = dict[str, NDArray[Any]]
Losses = dict[str, float]


class Session(Protocol):
    """A network with Adam in a framework.

    Attributes
    ----------
    facts : the framework's version, device, precision, threads, and whether oneDNN is used.
    took : what the start and each call have taken, by name, in order.
    """

    facts: dict[str, Any]
    took: dict[str, list[Took]]

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""

    def stages(self, pair: Pair) -> Values:
        """Return what each part of the network computes, (C, H, W), by the names of `network.film` in Jittor."""

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, Values]:
        """Compute the losses of a batch, and the gradient by each parameter."""

    def step(self, pairs: Sequence[Pair], rate: float) -> Losses:
        """Take a step; return the losses before it."""

    def forward(self, pair: Pair) -> NDArray[Any]:
        """Fuse a pair to (H, W)."""

    def weights(self) -> Values:
        """Return the parameters."""

    def close(self) -> None:
        """End it."""


@contextmanager
def opened(run: Run, state: Arrays, grid: Grid, threads: int | None) -> Iterator[Session]:
    """Open what a run asks for, and close it."""
    session: Session
    if run.framework == "torch":
        session = TorchSession(state, grid, run.precision, threads)
    else:
        session = JittorSession(state, grid, run.mathematics, run.onednn, threads)
    try:
        yield session
    finally:
        session.close()


class JittorSession:
    """Jittor, in a process of its own."""

    def __init__(self, state: Arrays, grid: Grid, mathematics: str, onednn: bool | None, threads: int | None) -> None:
        self._worker = Worker(onednn, threads)
        try:
            hello = self._worker.hello
            self._model = JittorModel(self._worker, state, Config(grid, mathematics))
        except BaseException:
            self._worker.close(kill=True)
            raise
        self.facts = {
            "framework": f"Jittor {hello.version}", "device": hello.device, "precision": "float32",
            "threads": hello.threads, "onednn": hello.onednn,
        }  # fmt: skip
        self.took = self._model.took
        self.took["start"] = [hello.took]

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""
        self._model.load(state)

    def stages(self, pair: Pair) -> Values:
        """Return what each part computes."""
        return dict(self._model.stages(pair))

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, Values]:
        """Compute the losses of a batch, and the gradient by each parameter."""
        losses, gradients = self._model.gradients(pairs)
        return losses, dict(gradients)

    def step(self, pairs: Sequence[Pair], rate: float) -> Losses:
        """Take a step; return the losses before it."""
        return self._model.step(pairs, rate)[0]

    def forward(self, pair: Pair) -> NDArray[Any]:
        """Fuse a pair to (H, W)."""
        return self._model.forward([pair])[0]

    def weights(self) -> Values:
        """Return the parameters."""
        return dict(self._model.weights())

    def close(self) -> None:
        """End it."""
        self._worker.close()


class TorchSession:
    """PyTorch, here, on the processor."""

    def __init__(self, state: Arrays, grid: Grid, precision: str, threads: int | None) -> None:
        self._before = torch.get_num_threads()
        torch.set_num_threads(threads or int(os.environ.get("OMP_NUM_THREADS") or 0) or os.cpu_count() or 1)
        self._type = torch.float64 if precision == "float64" else torch.float32
        self._network = Traced(grid).to(self._type)
        self.facts = {
            "framework": f"PyTorch {torch.__version__}", "device": "cpu", "precision": precision,
            "threads": torch.get_num_threads(), "onednn": torch.backends.mkldnn.is_available(),
        }  # fmt: skip
        self.took: dict[str, list[Took]] = {}
        self.load(state)

    def load(self, state: Arrays) -> None:
        """Take other parameters; the optimiser starts anew."""
        self._network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
        self._optimiser = Adam(self._network.parameters(), lr=0.0)

    def stages(self, pair: Pair) -> Values:
        """Return what each part computes."""
        kept: Values = {}
        with self._timed("stages"), torch.no_grad():
            a, b, text, shares = self._tensors([pair])
            kept["fused"] = self._network.traced(kept, a, b, text, shares)[0].numpy()
        return kept

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, Values]:
        """Compute the losses of a batch, and the gradient by each parameter."""
        with self._timed("gradients"):
            loss, losses = self._losses(pairs)
            named = dict(self._network.named_parameters())
            gradients = torch.autograd.grad(loss, list(named.values()))
        return losses, {name: gradient.numpy() for name, gradient in zip(named, gradients, strict=True)}

    def step(self, pairs: Sequence[Pair], rate: float) -> Losses:
        """Take a step; return the losses before it."""
        with self._timed("step"):
            loss, losses = self._losses(pairs)
            for group in self._optimiser.param_groups:
                group["lr"] = rate
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
        return losses

    def forward(self, pair: Pair) -> NDArray[Any]:
        """Fuse a pair to (H, W)."""
        with self._timed("forward"), torch.inference_mode():
            fused: NDArray[Any] = self._network(*self._tensors([pair]))[0, 0].numpy()
        return fused

    def weights(self) -> Values:
        """Return the parameters."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self._network.state_dict().items()}

    def ties(self, pairs: Sequence[Pair]) -> dict[str, float]:
        """Return the part of the values, of each operator, at which the frameworks' gradients differ."""
        counts: dict[str, list[int]] = {}

        def count(name: str, values: Tensor) -> None:
            kept = counts.setdefault(name, [0, 0])
            kept[0] += int((values == 0).sum())
            kept[1] += values.numel()

        hooks = [
            module.register_forward_pre_hook(lambda _, inputs: count("PReLU", inputs[0]))
            for module in self._network.modules()
            if isinstance(module, torch.nn.PReLU)
        ]
        with torch.no_grad():
            for group in _groups(pairs):
                a, b, text, shares = self._tensors([pairs[i] for i in group])
                fused = self._network(a, b, text, shares)
                count("|fused - maximum|", fused - torch.maximum(a, b))
                count("|Sobel - maximum|", sobel(fused) - torch.maximum(sobel(a), sobel(b)))
                count("|Sobel_x|, |Sobel_y|", _sobel_parts(fused))
        for hook in hooks:
            hook.remove()
        return {name: zeros / number for name, (zeros, number) in counts.items()}

    def close(self) -> None:
        """End it."""
        torch.set_num_threads(self._before)

    def _losses(self, pairs: Sequence[Pair]) -> tuple[Tensor, Losses]:
        """Compute the losses as training does: pairs of one size together, each group by its part of the batch."""
        total: dict[str, Tensor] = {}
        for group in _groups(pairs):
            a, b, text, shares = self._tensors([pairs[i] for i in group])
            part = fusion_losses(self._network(a, b, text, shares), a, b)
            weight = len(group) / len(pairs)
            total = {name: total[name] + weight * loss if total else weight * loss for name, loss in part.items()}
        return total["loss"], {name: float(loss.detach()) for name, loss in total.items()}

    def _tensors(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        a, b = (torch.from_numpy(np.stack([pair[i] for pair in pairs])[:, None]).to(self._type) for i in (0, 1))
        texts = [torch.from_numpy(np.array(pair[2])).to(self._type) for pair in pairs]
        shares = [text.new_full((len(text),), 1 / len(text)) for text in texts]
        return a, b, pad_sequence(texts, batch_first=True), pad_sequence(shares, batch_first=True)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), _cpu()
        yield
        self.took.setdefault(name, []).append(Took(time.perf_counter() - wall, _cpu() - cpu, 0.0))


class Traced(FilmNetwork):
    """The network, whose parts can be looked at while it computes."""

    def traced(self, kept: Values, *inputs: Tensor) -> Tensor:
        """Compute as `forward` does, and put copies of what the parts compute into `kept`."""
        self._kept: Values | None = kept
        try:
            return self.forward(*inputs)[0]
        finally:
            self._kept = None

    def _call(self, part: Callable[..., Tensor], *args: Any) -> Tensor:
        kept: Values | None = getattr(self, "_kept", None)
        stage = getattr(part, "__self__", None)
        if kept is not None and isinstance(stage, Stage) and not kept:
            kept["text_process"] = args[2][0].numpy().copy()
        out = super()._call(part, *args)
        if kept is not None:
            module = stage if isinstance(stage, Stage) else part
            name = next(name for name, child in self.named_children() if child is module)
            kept[f"{name}.{args[0]}" if isinstance(stage, Stage) else name] = _channels_first(out)
            if name == "restormer3":
                kept["conv2"] = _channels_first(pointwise(out, self.conv2.weight, self.conv2.bias))
        return out


def _channels_first(maps: Tensor) -> NDArray[Any]:
    """Copy maps (1, H, W, C) as (C, H, W): the memory of the original is used again."""
    return maps[0].permute(2, 0, 1).contiguous().numpy().copy()


def _sobel_parts(fused: Tensor) -> Tensor:
    kernel = fused.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return torch.nn.functional.conv2d(fused, torch.stack([kernel, kernel.T])[:, None], padding=1)


def _groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Put the numbers of pairs of one size together."""
    found: dict[tuple[int, ...], list[int]] = {}
    for i, pair in enumerate(pairs):
        found.setdefault(pair[0].shape, []).append(i)
    return list(found.values())


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
