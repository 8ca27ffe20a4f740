"""FILM's parts read plainly in NumPy, float64, one loop or formula for each; nothing is shared with the package."""

from __future__ import annotations

from math import erf

import numpy as np

Array = np.ndarray


def conv1(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """1x1 convolution of (C, H, W)."""
    y = np.einsum("oc,chw->ohw", weight[:, :, 0, 0], x)
    return y if bias is None else y + bias[:, None, None]


def conv3(x: Array, weight: Array) -> Array:
    """3x3 convolution with zeros beyond the border."""
    h, w = x.shape[1:]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    return sum(
        np.einsum("oc,chw->ohw", weight[:, :, i, j], padded[:, i : i + h, j : j + w])
        for i in range(3)
        for j in range(3)
    )  # type: ignore[return-value]


def depthwise3(x: Array, weight: Array) -> Array:
    h, w = x.shape[1:]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    y = np.zeros_like(x)
    for c in range(len(x)):
        for i in range(3):
            for j in range(3):
                y[c] += weight[c, 0, i, j] * padded[c, i : i + h, j : j + w]
    return y


def layer_norm(x: Array, weight: Array, bias: Array) -> Array:
    mean = x.mean(axis=0)
    variance = ((x - mean) ** 2).mean(axis=0)
    return (x - mean) / np.sqrt(variance + 1e-5) * weight[:, None, None] + bias[:, None, None]


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def mdta(x: Array, s: dict[str, Array]) -> Array:
    c, h, w = x.shape
    q, k, v = np.split(depthwise3(conv1(x, s["qkv.weight"]), s["qkv_dwconv.weight"]), 3)
    out = np.zeros((c, h * w))
    size = c // 8
    for head in range(8):
        part = slice(head * size, (head + 1) * size)
        qh, kh, vh = (t.reshape(c, -1)[part] for t in (q, k, v))
        qh, kh = (t / np.maximum(np.linalg.norm(t, axis=1, keepdims=True), 1e-12) for t in (qh, kh))
        out[part] = softmax(qh @ kh.T * s["temperature"][head, 0, 0]) @ vh
    return conv1(out.reshape(c, h, w), s["project_out.weight"])


def gdfn(x: Array, s: dict[str, Array]) -> Array:
    first, second = np.split(depthwise3(conv1(x, s["project_in.weight"]), s["dwconv.weight"]), 2)
    gelu = first * 0.5 * (1 + np.vectorize(erf)(first / np.sqrt(2)))
    return conv1(gelu * second, s["project_out.weight"])


def part(s: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): value for name, value in s.items() if name.startswith(prefix)}


def block(x: Array, s: dict[str, Array]) -> Array:
    x = x + mdta(layer_norm(x, s["norm1.body.weight"], s["norm1.body.bias"]), part(s, "attn."))
    return x + gdfn(layer_norm(x, s["norm2.body.weight"], s["norm2.body.bias"]), part(s, "ffn."))


def prelu(x: Array, slope: Array) -> Array:
    return np.where(x > 0, x, slope[0] * x)


def nearest(x: Array, size: tuple[int, int]) -> Array:
    """Nearest-neighbour resize, the place scaled in float32 as torch does."""
    rows, columns = (
        np.minimum(np.floor(np.arange(n, dtype=np.float32) * np.float32(m / n)).astype(int), m - 1)
        for n, m in zip(size, x.shape[1:], strict=True)
    )
    return x[:, rows][:, :, columns]


def multi_head(query: Array, tokens: Array, s: dict[str, Array]) -> Array:
    weights, biases = np.split(s["in_proj_weight"], 3), np.split(s["in_proj_bias"], 3)
    q, k, v = (x @ w.T + b for x, w, b in zip((query, tokens, tokens), weights, biases, strict=True))
    heads = []
    for head in range(8):
        at = slice(32 * head, 32 * head + 32)
        heads.append(softmax(q[:, at] @ k[:, at].T / np.sqrt(32)) @ v[:, at])
    return np.concatenate(heads, axis=1) @ s["out_proj.weight"].T + s["out_proj.bias"]


def branch(x: Array, text: Array, s: dict[str, Array], letter: str, grid: tuple[int, int]) -> Array:
    """One branch of a stage; text (L, 256) is processed."""
    f = block(prelu(conv3(x, s[f"conv{letter}1.weight"]), s[f"prelu{letter}1.weight"]), part(s, f"restormer{letter}1."))
    t = conv1(f, s[f"imagef2textf{letter}1.conv.weight"], s[f"imagef2textf{letter}1.conv.bias"])
    tokens = nearest(t, grid).reshape(-1, 256)
    name = {"A": "cross_attentionA1", "B": "cross_attentionA2"}[letter]
    w = multi_head(text, tokens, part(s, f"{name}.multihead_attn.")).mean(axis=0)
    w = w / max(np.abs(w).sum(), 1e-12)
    g = nearest((tokens * w).reshape(32, *grid), x.shape[1:])
    g = prelu(conv1(g, s[f"conv{letter}2.weight"], s[f"conv{letter}2.bias"]), s[f"prelu{letter}2.weight"]) + f
    joined = conv1(np.concatenate([f, g]), s[f"conv{letter}3.weight"], s[f"conv{letter}3.bias"])
    return prelu(joined, s[f"prelu{letter}3.weight"])


def film(a: Array, b: Array, text: Array, s: dict[str, Array], grid: tuple[int, int]) -> Array:
    """The whole network for one pair, (1, H, W) each, and text (L, 768)."""
    words = text @ s["text_process.conv.weight"][:, :, 0].T + s["text_process.conv.bias"]
    for stage in ("restormerca1.", "restormerca2.", "restormerca3."):
        a, b = (branch(x, words, part(s, stage), letter, grid) for x, letter in ((a, "A"), (b, "B")))
    x = conv1(block(np.concatenate([a, b]), part(s, "restormer1.")), s["conv1.weight"], s["conv1.bias"])
    x = block(block(x, part(s, "restormer2.")), part(s, "restormer3."))
    return 1 / (1 + np.exp(-conv1(x, s["conv2.weight"], s["conv2.bias"])))
