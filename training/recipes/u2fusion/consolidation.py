"""Elastic weight consolidation: learning a task without forgetting the ones before.

Kirkpatrick et al., "Overcoming Catastrophic Forgetting in Neural Networks", PNAS 114(13), 2017,
https://doi.org/10.1073/pnas.1611835114.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

DRAWS = 30  # batches from each earlier task


@dataclass(frozen=True)
class Anchor:
    """What earlier tasks hold on to.

    Attributes
    ----------
    weights : the network's, by name, when they had been learnt.
    fisher : how much the earlier tasks' loss depends on each of them.
    """

    weights: dict[str, Tensor]
    fisher: dict[str, Tensor]

    def penalty(self, network: nn.Module, strength: float) -> Tensor:
        """Return (strength / 2) sum of F (theta - theta*)^2, a scalar."""
        terms = [
            (self.fisher[name] * (parameter - self.weights[name]).square()).sum()
            for name, parameter in network.named_parameters()
        ]
        return strength / 2 * torch.stack(terms).sum()


def anchor(network: nn.Module, losses: Iterable[Tensor]) -> Anchor:
    """Hold the network where it is.

    Parameters
    ----------
    network : after the earlier tasks.
    losses : mean losses of batches of the earlier tasks, one at a time. As in the authors' code, the Fisher
        information is the mean of the squared gradients of batches, not of single pairs.
    """
    parameters = dict(network.named_parameters())
    fisher = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    count = 0
    for loss in losses:
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        for name, gradient in zip(parameters, gradients, strict=True):
            fisher[name] += gradient.square()
        count += 1
    held = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    return Anchor(held, {name: total / max(count, 1) for name, total in fisher.items()})
