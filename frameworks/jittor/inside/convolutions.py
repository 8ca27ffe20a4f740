"""Convolutions, and the products of matrices that 1x1 convolutions are: by oneDNN where it is there.

Jittor finds out by itself where a sum of products is one that oneDNN knows, but only in a whole that it compiles anew
for every surrounding. Named outright, each is compiled once: an eighth of the time until the first result.

A depthwise convolution is a loop of our own: oneDNN's takes several times as long, Jittor's without it even longer.
"""

from __future__ import annotations

from typing import Any

import jittor as jt
from jittor import nn

from .operators import Var


def product(a: Var, b: Var, flip: bool = False) -> Var:
    """Multiply two matrices, the second transposed first if asked for."""
    if _onednn() is not None:
        return _Product(flip)(a, b)
    return nn.matmul(a, b.transpose(1, 0) if flip else b)


def convolution(x: Var, weight: Var, padding: int) -> Var:
    """Convolve (N, C, H, W) with (O, C, h, w), zeros beyond the border."""
    if _onednn() is not None:
        return _Convolution(padding)(x, weight)
    return nn.conv2d(x, weight, padding=padding)


def depthwise(x: Var, weight: Var) -> Var:
    """Convolve each channel of (C, H, W) with a kernel of its own, (C, 1, 3, 3), zeros beyond the border."""
    if jt.flags.use_cuda:
        return nn.conv2d(x.reshape(1, *x.shape), weight, padding=1, groups=x.shape[0]).reshape(x.shape)
    return _Depthwise()(x, weight)


class _Product(jt.Function):
    def __init__(self, flip: bool) -> None:
        super().__init__()
        self.flip = flip

    def execute(self, a: Var, b: Var) -> Var:
        self.factors = a, b
        return _onednn().mkl_matmul(a, b, False, self.flip)

    def grad(self, dy: Var) -> tuple[Var, Var]:
        times, (a, b) = _onednn().mkl_matmul, self.factors
        of_b = times(dy, a, True, False) if self.flip else times(a, dy, True, False)
        return times(dy, b, False, not self.flip), of_b


class _Convolution(jt.Function):
    def __init__(self, padding: int) -> None:
        super().__init__()
        # strides, paddings, dilations, groups; what the axes are
        self.settings = (1, 1, padding, padding, 1, 1, 1, "abcd", "oihw", "abcd")

    def execute(self, x: Var, weight: Var) -> Var:
        self.factors = x, weight
        return _onednn().mkl_conv(x, weight, *self.settings)

    def grad(self, dy: Var) -> tuple[Var, Var]:
        (x, weight), operators = self.factors, _onednn()
        of_x = operators.mkl_conv_backward_x(weight, dy, *x.shape[2:], *self.settings)
        return of_x, operators.mkl_conv_backward_w(x, dy, *weight.shape[2:], *self.settings)


class _Depthwise(jt.Function):
    def execute(self, x: Var, weight: Var) -> Var:
        self.factors = x, weight
        return jt.code(x.shape, x.dtype, [x, weight], cpu_src=_LOOP.format(part=_CONVOLVED.format(at="i")))

    def grad(self, dy: Var) -> tuple[Var, Var]:
        x, weight = self.factors
        # By the maps it is a convolution with the kernel turned round.
        of_x = jt.code(x.shape, x.dtype, [dy, weight], cpu_src=_LOOP.format(part=_CONVOLVED.format(at="8 - (i)")))
        return of_x, jt.code(weight.shape, x.dtype, [x, dy], cpu_src=_LOOP.format(part=_CORRELATED))


# For each channel c: `x` are its maps, (H, W).
_LOOP = """
const int C = in0_shape0, H = in0_shape1, W = in0_shape2;
#pragma omp parallel for
for (int c = 0; c < C; c++) {{
    const float* x = in0_p + (size_t)c * H * W;
    {part}
}}
"""
# A row of the result takes from three rows, and has no left neighbour at its start, and no right one at its end.
_CONVOLVED = """
    const float* w = in1_p + c * 9;
    for (int row = 0; row < H; row++) {{
        float* y = out0_p + ((size_t)c * H + row) * W;
        for (int k = 0; k < W; k++) y[k] = 0;
        for (int i = 0; i < 3; i++) {{
            if (row + i - 1 < 0 || row + i - 1 >= H) continue;
            const float* from = x + (size_t)(row + i - 1) * W;
            #define KERNEL(i) w[{at}]
            const float left = KERNEL(3 * i), own = KERNEL(3 * i + 1), right = KERNEL(3 * i + 2);
            #undef KERNEL
            for (int k = 1; k < W - 1; k++) y[k] += left * from[k - 1] + own * from[k] + right * from[k + 1];
            y[0] += own * from[0];
            if (W > 1) {{
                y[0] += right * from[1];
                y[W - 1] += left * from[W - 2] + own * from[W - 1];
            }}
        }}
    }}
"""
_CORRELATED = """
    const float* dy = in1_p + (size_t)c * H * W;
    double sums[9] = {0};
    for (int row = 0; row < H; row++)
        for (int i = 0; i < 3; i++) {
            if (row + i - 1 < 0 || row + i - 1 >= H) continue;
            const float *from = x + (size_t)(row + i - 1) * W, *to = dy + (size_t)row * W;
            float left = 0, own = to[0] * from[0], right = 0;
            for (int k = 1; k < W; k++) {
                left += to[k] * from[k - 1];
                own += to[k] * from[k];
                right += to[k - 1] * from[k];
            }
            sums[3 * i] += left, sums[3 * i + 1] += own, sums[3 * i + 2] += right;
        }
    for (int i = 0; i < 9; i++) out0_p[c * 9 + i] = sums[i];
"""


def _onednn() -> Any:
    """Return the operators of oneDNN, or None; on a graphics card there is no use for them."""
    return None if jt.flags.use_cuda else jt.compile_extern.mkl_ops
