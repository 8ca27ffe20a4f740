"""FILM in Jittor as the worker process holds it: parameters, losses, gradients, steps; arrays in, arrays out.

Its methods are called where `Operators.compiled` holds: Jittor compiles what is asked for when it is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import jittor as jt
import numpy as np

from ....sizes import by_size
from ..pipe import Array, Arrays, Config, Losses, Pair
from .loss import fusion_losses
from .network import film
from .operators import MATHEMATICS, Var


class Model:
    """A network with its optimiser.

    Parameters
    ----------
    state : the parameters by name, in the network's order.
    config : what is computed.
    """

    def __init__(self, state: Mapping[str, Array], config: Config) -> None:
        self.config, self.ops = config, MATHEMATICS[config.mathematics]
        self.state: dict[str, Var] = {}
        with self.ops.compiled():
            self.load(state)

    def load(self, state: Mapping[str, Array]) -> None:
        """Take other parameters; the optimiser starts anew."""
        self.state = {name: jt.array(np.ascontiguousarray(value)) for name, value in state.items()}
        self.optimiser = self.ops.adam(list(self.state.values()), 0.0)

    def weights(self) -> Arrays:
        """Return the parameters."""
        return dict(zip(self.state, _fetch(list(self.state.values())), strict=True))

    def forward(self, pairs: Sequence[Pair]) -> list[Array]:
        """Fuse pairs, to (H, W) each."""
        with jt.no_grad():
            return [_fetch([self._fused(pair)])[0][0] for pair in pairs]

    def stages(self, pair: Pair) -> Arrays:
        """Return what each part of the network computes of a pair, by the names that `film` gives, and "fused"."""
        stages: dict[str, Var] = {}
        with jt.no_grad():
            stages["fused"] = self._fused(pair, stages.__setitem__)
            return dict(zip(stages, _fetch(list(stages.values())), strict=True))

    def losses(self, pairs: Sequence[Pair], gradient_weight: float | None = None) -> Losses:
        """Compute the losses of a batch, without a gradient."""
        with jt.no_grad():
            return self._losses(pairs, gradient_weight)[1]

    def gradients(self, pairs: Sequence[Pair]) -> tuple[Losses, Arrays]:
        """Compute the losses of a batch, and the gradient of the first by each parameter."""
        loss, losses, _ = self._losses(pairs)
        return losses, dict(zip(self.state, _fetch(jt.grad(loss, list(self.state.values()))), strict=True))

    def step(
        self, pairs: Sequence[Pair], rate: float, gradient_weight: float | None = None
    ) -> tuple[Losses, list[Array]]:
        """Take a step of Adam with a batch, unless its loss is not finite; return its losses and fused images."""
        loss, losses, fused = self._losses(pairs, gradient_weight)
        if np.isfinite(losses["loss"]):
            self.optimiser.lr = rate
            self.optimiser.step(loss)
            jt.sync_all(True)
        return losses, fused

    def memory(self) -> dict[str, Any]:
        """Return the optimiser's state: `step`, and by parameter `m` and `v`."""
        group = self.optimiser.param_groups[0]
        m, v = (dict(zip(self.state, _fetch(group[key]), strict=True)) for key in ("m", "values"))
        return {"step": int(self.optimiser.n_step), "m": m, "v": v}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take back what `memory` returned."""
        group = self.optimiser.param_groups[0]
        self.optimiser.n_step = int(memory["step"])
        for key, ours in (("m", "m"), ("values", "v")):
            for var, name in zip(group[key], self.state, strict=True):
                var.update(jt.array(np.ascontiguousarray(memory[ours][name])))

    def _fused(self, pair: Pair, keep: Callable[[str, Var], None] = lambda name, x: None) -> Var:
        a, b = (jt.array(np.ascontiguousarray(image[None])) for image in pair[:2])
        return film(self.state, a, b, jt.array(np.ascontiguousarray(pair[2])), self.config.grid, self.ops, keep)

    def _losses(self, pairs: Sequence[Pair], gradient_weight: float | None = None) -> tuple[Var, Losses, list[Array]]:
        """Compute the losses; pairs of one size together, each group by the part of the batch that it is."""
        config = self.config
        total: dict[str, Var] = {}
        weight = config.gradient_weight if gradient_weight is None else gradient_weight
        last: list[Var] = []
        images = [self._fused(pair, lambda name, x: last.append(x) if name == "conv2" else None) for pair in pairs]
        for group in by_size([pair[0] for pair in pairs]):
            a, b = (jt.array(np.stack([pairs[i][source][None] for i in group])) for source in (0, 1))
            share, stacked = len(group) / len(pairs), jt.stack([images[i] for i in group])
            for name, loss in fusion_losses(stacked, a, b, self.ops, weight, config.ssim_weight, config.signed).items():
                total[name] = total[name] + share * loss if name in total else share * loss
        values = iter(_fetch([*total.values(), *images, *last]))
        losses = {name: float(next(values).item()) for name in total}
        fused = [next(values)[0] for _ in images]
        # In a maximum NaN vanishes, with Jittor's own flags in a sigmoid, too, and a loss of nonsense is finite.
        if any(np.isnan(array).any() for array in (*chain.from_iterable(pairs), *values)):
            losses = dict.fromkeys(losses, float("nan"))
        return total["loss"], losses, fused


def _fetch(values: Sequence[Var]) -> list[Array]:
    """Compute everything that is asked for at once, and copy it out."""
    return [np.array(value) for value in jt.fetch_sync(list(values))]
