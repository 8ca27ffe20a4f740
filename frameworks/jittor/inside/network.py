"""The network of FILM in Jittor.

One pair at a time, maps as (C, H, W): each 1x1 convolution is then one product of two matrices, the only product that
Jittor hands to oneDNN; its products of stacks of matrices, and 1x1 convolutions as such, take several times as long.
For the same reason the heads of an attention are not taken apart: a mask keeps them from each other.

What is computed is what `methods.film` computes in PyTorch, where it is explained; the parameters have the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import jittor as jt
import numpy as np
from jittor import nn
from numpy.typing import NDArray

from .convolutions import convolution, depthwise, product
from .operators import Operators, Var

HEADS = 8
WIDTH = 256  # of a token
DIM = 32  # channels
NEVER = -1e30  # a score that softmax turns into nothing
Grid = tuple[int, int]
State = Mapping[str, Var]
Keep = Callable[[str, Var], None]
_ATTENTION = {"A": "cross_attentionA1", "B": "cross_attentionA2"}  # published names, which mean branch A and B


def film(state: State, a: Var, b: Var, text: Var, grid: Grid, ops: Operators, keep: Keep = lambda name, x: None) -> Var:
    """Fuse one pair.

    Parameters
    ----------
    state : the parameters by name.
    a, b : (1, H, W) in [0, 1].
    text : (L, 768).
    grid : the working grid.
    ops : the mathematics.
    keep : is given what each part of the network computes: "text_process", "restormerca1.A", …, "restormer1",
        "restormer2", "restormer3", "conv2".

    Returns
    -------
    (1, H, W), in (0, 1).
    """
    part = Part(state, ops)
    words = product(text, part["text_process.conv.weight"].reshape(WIDTH, -1), flip=True)
    words = words + part["text_process.conv.bias"]
    keep("text_process", words)
    for name in ("restormerca1", "restormerca2", "restormerca3"):
        a, b = (branch(part / name, letter, x, words, grid) for letter, x in (("A", a), ("B", b)))
        keep(f"{name}.A", a)
        keep(f"{name}.B", b)
    x = jt.concat([a, b], dim=0)
    for name in ("restormer1", "restormer2", "restormer3"):
        x = block(part / name, x)
        keep(name, x)
        if name == "restormer1":
            x = pointwise(x, part["conv1.weight"], part["conv1.bias"])
    x = pointwise(x, part["conv2.weight"], part["conv2.bias"])
    keep("conv2", x)
    return ops.sigmoid(x)


class Part:
    """The parameters of a part of the network, whose names begin alike, and the mathematics."""

    def __init__(self, state: State, ops: Operators, prefix: str = "") -> None:
        self.state, self.ops, self.prefix = state, ops, prefix

    def __getitem__(self, name: str) -> Var:
        return self.state[self.prefix + name]

    def __truediv__(self, name: str) -> Part:
        return Part(self.state, self.ops, f"{self.prefix}{name}.")


def branch(part: Part, letter: str, x: Var, words: Var, grid: Grid) -> Var:
    """Compute the features (32, H, W) of a branch of a stage, "A" or "B"."""
    size = (int(x.shape[1]), int(x.shape[2]))

    def prelu(number: int, maps: Var) -> Var:
        return part.ops.prelu(maps, part[f"prelu{letter}{number}.weight"])

    maps = convolution(x.reshape(1, *x.shape), part[f"conv{letter}1.weight"], 1).reshape(DIM, *size)
    features = block(part / f"restormer{letter}1", prelu(1, maps))
    tokens = part / f"imagef2textf{letter}1"
    on_grid = pointwise(resize(features, grid), tokens["conv.weight"], tokens["conv.bias"])
    cut = on_grid.reshape(-1, WIDTH)
    weights = places(part / f"{_ATTENTION[letter]}.multihead_attn", words, cut)
    weighed = resize((cut * weights.reshape(1, WIDTH)).reshape(DIM, *grid), size)
    guided = prelu(2, pointwise(weighed, part[f"conv{letter}2.weight"], part[f"conv{letter}2.bias"])) + features
    both = part[f"conv{letter}3.weight"]
    mixed = pointwise(features, both[:, :DIM], part[f"conv{letter}3.bias"]) + pointwise(guided, both[:, DIM:])
    return prelu(3, mixed)


def places(part: Part, words: Var, tokens: Var) -> Var:
    """Say what the text (L, 256) makes of each of the 256 places in a token; tokens are (T, 256).

    Multi-head attention, averaged over the words: all that follows the softmax is linear, so the mean comes first.
    """
    to_query, to_key, to_value = (part["in_proj_weight"][i * WIDTH : (i + 1) * WIDTH] for i in range(3))
    query_bias, value_bias = part["in_proj_bias"][:WIDTH], part["in_proj_bias"][2 * WIDTH :]
    own = _same_head(HEADS, WIDTH)
    queries = (product(words, to_query, flip=True) + query_bias) * (WIDTH // HEADS) ** -0.5
    queries = (queries.reshape(1, -1, WIDTH) * own.reshape(HEADS, 1, WIDTH)).reshape(-1, WIDTH)
    scores = product(product(queries, to_key), tokens, flip=True)  # (heads * L, T); the keys' bias changes nothing
    shares = nn.softmax(scores, dim=1).reshape(HEADS, -1, tokens.shape[0]).mean(1)
    values = product(product(shares, tokens), to_value, flip=True) * own
    mean = (values.sum(0) + value_bias).reshape(1, WIDTH)
    answer = product(mean, part["out_proj.weight"], flip=True) + part["out_proj.bias"]
    return answer / part.ops.at_least(part.ops.magnitude(answer).sum(), 1e-12)


def block(part: Part, x: Var) -> Var:
    """Compute a transformer block of Restormer: x += MDTA(LN(x)); x += GDFN(LN(x))."""
    x = x + attention(part / "attn", layer_norm(part / "norm1.body", x))
    return x + feed_forward(part / "ffn", layer_norm(part / "norm2.body", x))


def attention(part: Part, x: Var) -> Var:
    """Let channels attend to channels; their products and norms are entries of one Gram matrix of (q, k)."""
    dim, height, width = x.shape
    qkv = depthwise(pointwise(x, part["qkv.weight"]), part["qkv_dwconv.weight"]).reshape(3 * dim, -1)
    qk, v = qkv[: 2 * dim], qkv[2 * dim :]
    gram = product(qk, qk, flip=True)
    norms = jt.sqrt(part.ops.at_least((gram * _same_head(2 * dim, 2 * dim, 2 * dim)).sum(1), 1e-24))
    cosine = gram[:dim, dim:] / (norms[:dim].reshape(dim, 1) * norms[dim:].reshape(1, dim))
    temperature = product(_same_head(dim, HEADS), part["temperature"].reshape(HEADS, 1))
    scores = nn.softmax(cosine * temperature + _other_head(dim), dim=1)
    mixing = product(part["project_out.weight"].reshape(dim, dim), scores)
    return product(mixing, v).reshape(dim, height, width)


def feed_forward(part: Part, x: Var) -> Var:
    """Compute GELU of one half times the other."""
    hidden = depthwise(pointwise(x, part["project_in.weight"]), part["dwconv.weight"])
    half = hidden.shape[0] // 2
    return pointwise(part.ops.gelu(hidden[:half]) * hidden[half:], part["project_out.weight"])


def layer_norm(part: Part, x: Var) -> Var:
    """LayerNorm over the channels of each pixel."""
    centred = x - x.mean(0, keepdims=True)
    scaled = centred / jt.sqrt((centred * centred).mean(0, keepdims=True) + 1e-5)
    return scaled * part["weight"].reshape(-1, 1, 1) + part["bias"].reshape(-1, 1, 1)


def pointwise(x: Var, weight: Var, bias: Var | None = None) -> Var:
    """Apply a 1x1 convolution to maps (C, H, W)."""
    channels, height, width = x.shape
    y = product(weight.reshape(weight.shape[0], channels), x.reshape(channels, height * width))
    return (y if bias is None else y + bias.reshape(-1, 1)).reshape(-1, height, width)


def resize(x: Var, size: Grid) -> Var:
    """Take the nearest neighbour of each place of another size."""
    channels, height, width = x.shape
    if (height, width) == size:
        return x
    index = nearest(height, size[0])[:, None] * width + nearest(width, size[1])
    return x.reshape(channels, height * width)[:, jt.array(index.ravel())].reshape(channels, *size)


def nearest(length: int, wanted: int) -> NDArray[np.int32]:
    """Say which of `length` samples PyTorch takes for each of `wanted`: it scales in float32."""
    places = np.arange(wanted, dtype=np.float32) * np.float32(length / wanted)
    return np.minimum(places.astype(np.int32), np.int32(length - 1))


@cache
def _same_head(rows: int, columns: int, heads: int = HEADS) -> Var:
    """Return a matrix, 1 where row and column belong to one head, else 0."""
    one = np.ones((rows // heads, columns // heads), np.float32)
    return jt.array(np.kron(np.eye(heads, dtype=np.float32), one)).stop_grad()


@cache
def _other_head(dim: int) -> Var:
    """Return what keeps (dim, dim) scores of different heads out of a softmax."""
    return ((1 - _same_head(dim, dim)) * NEVER).stop_grad()
