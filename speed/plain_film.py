"""FILM read plainly, operation by operation as published, in eager PyTorch: what the package is timed against.

Nothing here is shared with the package but the names of the tensors.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

State = Mapping[str, Tensor]
HEADS = 8
MULTIHEAD = torch.nn.MultiheadAttention(256, HEADS)  # its parameters are replaced in each call


def layer_norm(s: State, name: str, x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(n, h * w, c)
    mean = rows.mean(-1, keepdim=True)
    variance = rows.var(-1, keepdim=True, unbiased=False)
    rows = (rows - mean) / torch.sqrt(variance + 1e-5) * s[f"{name}.body.weight"] + s[f"{name}.body.bias"]
    return rows.reshape(n, h, w, c).permute(0, 3, 1, 2).contiguous()


def attention(s: State, name: str, x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    qkv = functional.conv2d(x, s[f"{name}.qkv.weight"])
    qkv = functional.conv2d(qkv, s[f"{name}.qkv_dwconv.weight"], padding=1, groups=3 * c)
    q, k, v = (part.reshape(n, HEADS, c // HEADS, h * w) for part in qkv.chunk(3, dim=1))
    q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
    weights = ((q @ k.transpose(-2, -1)) * s[f"{name}.temperature"]).softmax(dim=-1)
    return functional.conv2d((weights @ v).reshape(n, c, h, w), s[f"{name}.project_out.weight"])


def feed_forward(s: State, name: str, x: Tensor) -> Tensor:
    x = functional.conv2d(x, s[f"{name}.project_in.weight"])
    x = functional.conv2d(x, s[f"{name}.dwconv.weight"], padding=1, groups=x.shape[1])
    first, second = x.chunk(2, dim=1)
    return functional.conv2d(functional.gelu(first) * second, s[f"{name}.project_out.weight"])


def block(s: State, name: str, x: Tensor) -> Tensor:
    x = x + attention(s, f"{name}.attn", layer_norm(s, f"{name}.norm1", x))
    return x + feed_forward(s, f"{name}.ffn", layer_norm(s, f"{name}.norm2", x))


def conv(s: State, name: str, x: Tensor, padding: int = 0) -> Tensor:
    return functional.conv2d(x, s[f"{name}.weight"], s.get(f"{name}.bias"), padding=padding)


def prelu(s: State, name: str, x: Tensor) -> Tensor:
    return functional.prelu(x, s[f"{name}.weight"])


def cross_attention(s: State, name: str, query: Tensor, tokens: Tensor) -> Tensor:
    prefix = f"{name}.multihead_attn."
    own = {key.removeprefix(prefix): value for key, value in s.items() if key.startswith(prefix)}
    first = tokens.transpose(0, 1)
    answer: Tensor = torch.func.functional_call(MULTIHEAD, own, (query.transpose(0, 1), first, first))[0]
    return answer.transpose(0, 1)


def branch(s: State, stage: str, letter: str, x: Tensor, text: Tensor, grid: tuple[int, int]) -> Tensor:
    size = x.shape[2:]
    x = block(
        s, f"{stage}.restormer{letter}1", prelu(s, f"{stage}.prelu{letter}1", conv(s, f"{stage}.conv{letter}1", x, 1))
    )
    tokens = functional.interpolate(conv(s, f"{stage}.imagef2textf{letter}1.conv", x), grid, mode="nearest")
    tokens = tokens.contiguous().view(x.shape[0], -1, 256)
    answer = cross_attention(s, f"{stage}.cross_attentionA{'AB'.index(letter) + 1}", text, tokens)
    weights = functional.normalize(answer.mean(dim=1, keepdim=True), p=1, dim=2)
    guided = functional.interpolate((tokens * weights).view(x.shape[0], 32, *grid), size, mode="nearest")
    guided = prelu(s, f"{stage}.prelu{letter}2", conv(s, f"{stage}.conv{letter}2", guided)) + x
    return prelu(s, f"{stage}.prelu{letter}3", conv(s, f"{stage}.conv{letter}3", torch.cat([x, guided], dim=1)))


def film(s: State, a: Tensor, b: Tensor, text: Tensor, grid: tuple[int, int] = (288, 384)) -> Tensor:
    """Fuse (N, 1, H, W) sources with (N, L, 768) text."""
    text = functional.conv1d(text.permute(0, 2, 1), s["text_process.conv.weight"], s["text_process.conv.bias"])
    text = text.permute(0, 2, 1)
    for stage in ("restormerca1", "restormerca2", "restormerca3"):
        a, b = branch(s, stage, "A", a, text, grid), branch(s, stage, "B", b, text, grid)
    x = conv(s, "conv1", block(s, "restormer1", torch.cat([a, b], dim=1)))
    x = block(s, "restormer3", block(s, "restormer2", x))
    return torch.sigmoid(conv(s, "conv2", x))
