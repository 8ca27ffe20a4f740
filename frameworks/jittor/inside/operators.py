"""Operators in which Jittor's mathematics differs from PyTorch's, in either: no other module knows of the difference.

| | Jittor | PyTorch | here, to equal PyTorch |
| --- | --- | --- | --- |
| abs'(0) | 1 | 0 | max(x, 0) - min(x, 0) |
| max(a, b) where a = b | all to b | half to each | (max(a, b) + max(b, a)) / 2 |
| clamp at the edge | 0 | 1 | max(edge, x) |
| PReLU at 0 | 1 + slope | slope | max(x, 0) + slope min(0, x) |
| Adam | sqrt(v) + epsilon, corrected for its start | epsilon added to the corrected sqrt(v) | as PyTorch |
| 1 / x, sqrt, exp, erf, what is made of them | approximations, by processor | as written | compiled as written |

Jittor compiles with `-Ofast`. It lets the compiler take approximations of 1/x and of the square root, which are other
ones on a processor of another make, and of the exponential: without AVX-512 the sigmoid of 0 is then 0.49999997, where
PyTorch's is 0.5. It also drops NaN, and makes the whole process flush small numbers to zero. So everything is compiled
with `EXACT` flags here, unless Jittor's own mathematics is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import jittor as jt

Var = Any  # jittor has no types

# The last of several -O holds. Errors by errno and traps are what PyTorch does without, too; a product and a sum are
# rounded one after the other, whether the processor could do both at once or not.
EXACT = "-O3 -fno-math-errno -fno-trapping-math -ffp-contract=off"


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

    @contextmanager
    def compiled(self) -> Iterator[None]:
        """Compile what is computed within with the further flags.

        Kernels of other flags are kept beside these, in memory and on disk. On a graphics card there is no difference.
        """
        if not self.flags or jt.flags.use_cuda:
            yield
            return
        with jt.flag_scope(cc_flags=f"{jt.flags.cc_flags} {self.flags}", compile_options={"as_written": 1}):
            yield


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


class _Sigmoid(jt.Function):
    """1 / (1 + exp(-x)), which Jittor's own replaces by 1e-13 below -30."""

    def execute(self, x: Var) -> Var:
        self.result = 1.0 / (1.0 + jt.exp(-x))
        return self.result

    def grad(self, dy: Var) -> Var:
        return dy * (1.0 - self.result) * self.result


class _Gelu(jt.Function):
    """x times the normal distribution's share below x, from the error function."""

    def execute(self, x: Var) -> Var:
        self.x = x
        return _by_element("0.5f * x * (1 + erff(x * ROOT_HALF))", x)

    def grad(self, dy: Var) -> Var:
        share, density = "0.5f * (1 + erff(x * ROOT_HALF))", "expf(-0.5f * x * x) * PEAK"
        return _by_element(f"y * ({share} + x * ({density}))", self.x, dy)


def sigmoid(x: Var) -> Var:
    """1 / (1 + exp(-x))."""
    return _Sigmoid()(x)


def gelu(x: Var) -> Var:
    """GELU by the error function."""
    return jt.nn.gelu(x) if jt.flags.use_cuda else _Gelu()(x)


def _by_element(formula: str, x: Var, y: Var | None = None) -> Var:
    """Compute a formula of x, and of y, which has the shape of x."""
    inputs = [x] if y is None else [x, y]
    names = "".join(f"const float {name} = in{i}_p[i]; " for i, name in enumerate("xy"[: len(inputs)]))
    return jt.code(x.shape, x.dtype, inputs, cpu_header=_HEADER, cpu_src=_EACH.format(names=names, formula=formula))


# Without -Ofast the C library does not offer its functions of several numbers at once, which are as good (to two units
# in the last place) and eight times as fast. It has that of the error function since 2.35.
_HEADER = """
#include <cmath>
#define ROOT_HALF 0.70710678118654752f
#define PEAK 0.39894228040143268f
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
extern "C" __attribute__((simd("notinbranch"))) float erff(float) noexcept;
extern "C" __attribute__((simd("notinbranch"))) float expf(float) noexcept;
#endif
#endif
"""
_EACH = """
const int64 count = in0->num;
#pragma omp parallel for simd
for (int64 i = 0; i < count; i++) {{ {names} out0_p[i] = {formula}; }}
"""


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
