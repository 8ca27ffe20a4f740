"""Where Jittor's mathematics differs from PyTorch's, in either: nothing else in this room knows of the difference.

| | Jittor | PyTorch | here, to equal PyTorch |
| --- | --- | --- | --- |
| abs'(0) | 1 | 0 | max(x, 0) - min(x, 0) |
| max(a, b) where a = b | all to b | half to each | (max(a, b) + max(b, a)) / 2 |
| clamp at the edge | 0 | 1 | max(edge, x) |
| PReLU at 0 | 1 + slope | slope | max(x, 0) + slope min(0, x) |
| Adam | sqrt(v) + epsilon, corrected for its start | epsilon added to the corrected sqrt(v) | as PyTorch |
| 1 / x, sqrt, exp, erf, what is made of them | approximations, by processor | as written | see `kernels` |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import jittor as jt

from .kernels import EXACT, compiled, gelu, sigmoid

Var = Any  # jittor has no types


@dataclass(frozen=True)
class Operators:
    """The operators of one mathematics.

    Attributes
    ----------
    magnitude : of x.
    maximum : of a and b, element by element.
    at_least : x, or a number where it is smaller.
    prelu : x, or slope times x where x is negative; slope is one number, (1,).
    sigmoid, gelu : of x.
    adam : makes an optimiser of parameters, with a learning rate.
    flags : of the compiler, further ones, for everything that is computed.
    """

    magnitude: Callable[[Var], Var]
    maximum: Callable[[Var, Var], Var]
    at_least: Callable[[Var, float], Var]
    prelu: Callable[[Var, Var], Var]
    sigmoid: Callable[[Var], Var]
    gelu: Callable[[Var], Var]
    adam: Callable[[Sequence[Var], float], Any]
    flags: str

    def compiled(self) -> AbstractContextManager[None]:
        """Compile what is computed within as this mathematics wants it."""
        return compiled(self.flags)


class Adam(jt.optim.Adam):
    """Adam with epsilon where PyTorch adds it; state and use are Jittor's."""

    def step(self, loss: Var | None = None, retain_graph: bool = False) -> None:
        """Compute gradients of `loss`, and take a step."""
        self.pre_step(loss, retain_graph)
        first, second = (1 - beta**self.n_step for beta in self.betas)
        for group in self.param_groups:
            for p, g, v, m in zip(group["params"], group["grads"], group["values"], group["m"], strict=True):
                m.update(self.betas[0] * m + (1 - self.betas[0]) * g)
                v.update(self.betas[1] * v + (1 - self.betas[1]) * g * g)
                p.update(p - m / (jt.sqrt(v) / second**0.5 + self.eps) * (self.lr / first))
        self.post_step()


# At a tie, Jittor's maximum and minimum give all of the gradient to their second argument.
TORCH = Operators(
    magnitude=lambda x: jt.maximum(x, 0.0) - jt.minimum(x, 0.0),
    maximum=lambda a, b: 0.5 * (jt.maximum(a, b) + jt.maximum(b, a)),
    at_least=lambda x, least: jt.maximum(least, x),
    prelu=lambda x, slope: jt.maximum(x, 0.0) + slope * jt.minimum(0.0, x),
    sigmoid=sigmoid,
    gelu=gelu,
    adam=Adam,
    flags=EXACT,
)
NATIVE = Operators(
    magnitude=jt.abs,
    maximum=jt.maximum,
    at_least=lambda x, least: jt.clamp(x, min_v=least),
    prelu=lambda x, slope: jt.maximum(0.0, x) + slope * jt.minimum(0.0, x),
    sigmoid=jt.sigmoid,
    gelu=jt.nn.gelu,
    adam=jt.optim.Adam,
    flags="",
)
MATHEMATICS = {
    "torch": TORCH,
    "native": NATIVE,
    "native-ties": replace(
        TORCH, magnitude=NATIVE.magnitude, maximum=NATIVE.maximum, at_least=NATIVE.at_least, prelu=NATIVE.prelu
    ),
    "native-adam": replace(TORCH, adam=NATIVE.adam),
}
