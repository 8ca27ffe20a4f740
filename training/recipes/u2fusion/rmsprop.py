"""RMSProp by TensorFlow 1's rule, which U2Fusion's authors trained with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class TensorFlowRMSProp(Optimizer):
    """RMSProp whose mean square starts at one and has epsilon under the root.

    ``s = decay s + (1 - decay) g^2``, ``m = momentum m + lr g / sqrt(s + epsilon)``, ``theta = theta - m``, from
    s = 1 and m = 0. `torch.optim.RMSprop` starts at s = 0, which makes its first steps many times as long.

    Parameters
    ----------
    parameters : what to optimise.
    lr, decay, momentum, epsilon : by default those of U2Fusion's official code.

    Examples
    --------
    Two steps at the gradient 2, by hand: s = 0.6 + 0.4 * 4 = 2.2, m = 0.2 / sqrt(2.2) = 0.134840; then
    s = 1.32 + 1.6 = 2.92, m = 0.15 * 0.134840 + 0.2 / sqrt(2.92) = 0.137268.

    >>> theta = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
    >>> optimiser = TensorFlowRMSProp([theta], lr=0.1)
    >>> for _ in range(2):
    ...     theta.grad = torch.tensor(2.0, dtype=torch.float64)
    ...     optimiser.step()
    ...     print(f"{theta.item():.6f}")
    0.865160
    0.727893
    """

    def __init__(
        self, parameters: Iterable[Tensor], lr: float = 1e-4, decay: float = 0.6, momentum: float = 0.15,
        epsilon: float = 1e-10,
    ) -> None:  # fmt: skip
        super().__init__(parameters, {"lr": lr, "decay": decay, "momentum": momentum, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step; `closure`, if given, computes the loss and the gradients first."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    _update(parameter, parameter.grad, self.state[parameter], group)
        return loss


def _update(parameter: Tensor, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    if not state:
        state["square"] = torch.ones_like(parameter)
        state["step"] = torch.zeros_like(parameter)
    square, step = state["square"], state["step"]
    square.mul_(group["decay"]).addcmul_(gradient, gradient, value=1 - group["decay"])
    root = (square + group["epsilon"]).sqrt_()
    step.mul_(group["momentum"]).addcdiv_(gradient, root, value=group["lr"])
    parameter.sub_(step)
