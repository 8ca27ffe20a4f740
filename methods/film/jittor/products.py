"""Products of matrices, and convolutions: by oneDNN where it is there.

Jittor finds out by itself where a sum of products is one that oneDNN knows, but only in a whole that it compiles anew
for every surrounding. Named outright, each is compiled once: an eighth of the time until the first result.
"""

from __future__ import annotations

from typing import Any

import jittor as jt
from jittor import nn

from .ops import Var


def product(a: Var, b: Var, flip_a: bool = False, flip_b: bool = False) -> Var:
    """Multiply two matrices, either of them transposed first if asked for."""
    if _onednn() is not None:
        return _Product(flip_a, flip_b)(a, b)
    return nn.matmul(a.transpose(1, 0) if flip_a else a, b.transpose(1, 0) if flip_b else b)


def convolution(x: Var, weight: Var, padding: int, groups: int = 1) -> Var:
    """Convolve (N, C, H, W) with (O, C / groups, h, w), zeros beyond the border."""
    if _onednn() is not None:
        return _Convolution(padding, groups)(x, weight)
    return nn.conv2d(x, weight, padding=padding, groups=groups)


class _Product(jt.Function):
    def __init__(self, flip_a: bool, flip_b: bool) -> None:
        super().__init__()
        self.flips = flip_a, flip_b

    def execute(self, a: Var, b: Var) -> Var:
        self.factors = a, b
        return _onednn().mkl_matmul(a, b, *self.flips)

    def grad(self, dy: Var) -> tuple[Var, Var]:
        times, (a, b), (flip_a, flip_b) = _onednn().mkl_matmul, self.factors, self.flips
        of_a = times(b, dy, flip_b, True) if flip_a else times(dy, b, False, not flip_b)
        of_b = times(dy, a, True, flip_a) if flip_b else times(a, dy, not flip_a, False)
        return of_a, of_b


class _Convolution(jt.Function):
    def __init__(self, padding: int, groups: int) -> None:
        super().__init__()
        # strides, paddings, dilations; what the axes are
        self.settings = (1, 1, padding, padding, 1, 1, groups, "abcd", "oihw", "abcd")

    def execute(self, x: Var, weight: Var) -> Var:
        self.factors = x, weight
        return _onednn().mkl_conv(x, weight, *self.settings)

    def grad(self, dy: Var) -> tuple[Var, Var]:
        (x, weight), operators = self.factors, _onednn()
        of_x = operators.mkl_conv_backward_x(weight, dy, *x.shape[2:], *self.settings)
        return of_x, operators.mkl_conv_backward_w(x, dy, *weight.shape[2:], *self.settings)


def _onednn() -> Any:
    """Return the operators of oneDNN, or None; on a graphics card there is no use for them."""
    return None if jt.flags.use_cuda else jt.compile_extern.mkl_ops
