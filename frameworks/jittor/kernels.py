"""How Jittor compiles what it computes: as it is written, on every processor.

Jittor's own flag is `-Ofast`. It lets the compiler take approximations of 1/x and of the square root, which are other
ones on a processor of another make, and of the exponential: without AVX-512 the sigmoid of 0 is then 0.49999997, where
PyTorch's is 0.5. It also drops NaN, and makes the whole process flush small numbers to zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jittor as jt

Var = Any  # jittor has no types

# The last of several -O holds. Errors by errno and traps are what PyTorch does without, too; a product and a sum are
# rounded one after the other, whether the processor could do both at once or not.
EXACT = "-O3 -fno-math-errno -fno-trapping-math -ffp-contract=off"


@contextmanager
def compiled(flags: str) -> Iterator[None]:
    """Compile what is computed within with further flags; no flags leave Jittor's.

    Kernels of other flags are kept beside these, in memory and on disk. On a graphics card there is no difference.
    """
    if not flags or jt.flags.use_cuda:
        yield
        return
    with jt.flag_scope(cc_flags=f"{jt.flags.cc_flags} {flags}", compile_options={"as_written": 1}):
        yield


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
    given = [x] if y is None else [x, y]
    names = "".join(f"const float {name} = in{i}_p[i]; " for i, name in enumerate("xy"[: len(given)]))
    return jt.code(x.shape, x.dtype, given, cpu_header=_HEADER, cpu_src=_EACH.format(names=names, formula=formula))


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
