"""The networks of the zoo as one writes them down, pass by pass, and small random tensors for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from fusionbench.methods.registry import find_class

State = dict[str, Any]


def random_state(name: str) -> State:
    """Make the tensors of a network, scaled so that values neither vanish nor grow."""
    generator = torch.Generator().manual_seed(1)
    state = {}
    for key, shape in find_class(name).shapes.items():  # type: ignore[attr-defined]
        tensor = torch.randn(shape, generator=generator)
        fan = int(np.prod(shape[:3] if "/" in key else shape[1:])) if len(shape) > 1 else 4
        fan = 72 if key.endswith(".kernel") else fan  # AUIF's, which is used in both directions
        fan = 400 if key.endswith((".eta", ".theta")) else fan  # its steps, which are ten
        state[key] = (tensor.abs() + 0.5 if key.endswith("running_var") else tensor / fan**0.5).double()
    return state


def conv(x: Any, p: State, name: str, mode: str = "constant") -> Any:
    w = p[f"{name}.weight"]
    r = w.shape[-1] // 2
    x = functional.pad(x, (r, r, r, r), mode=mode) if r else x
    return functional.conv2d(x, w, p.get(f"{name}.bias"))


def norm(x: Any, p: State, name: str) -> Any:
    mean, variance, weight, bias = (p[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return functional.batch_norm(x, mean, variance, weight, bias)


def leaky(x: Any, slope: Any = 0.2) -> Any:
    return functional.leaky_relu(x, slope) if isinstance(slope, float) else functional.prelu(x, slope)


def seafusion(p: State, a: Any, b: Any) -> Any:
    def block(x: Any, n: str) -> Any:
        one = leaky(conv(x, p, f"{n}.dense.conv1.conv"))
        two = leaky(conv(torch.cat([x, one], 1), p, f"{n}.dense.conv2.conv"))
        slopes = [
            functional.conv2d(x, p[f"{n}.sobelconv.conv{i}.weight"], padding=1, groups=x.shape[1]).abs() for i in "xy"
        ]
        up = conv(slopes[0] + slopes[1], p, f"{n}.convup.conv")
        return leaky(conv(torch.cat([x, one, two], 1), p, f"{n}.convdown.conv") + up, 0.1)

    def branch(x: Any, n: str) -> Any:
        return block(block(leaky(conv(x, p, f"{n}_conv.conv")), f"{n}_rgbd1"), f"{n}_rgbd2")

    x = torch.cat([branch(b, "vis"), branch(a, "inf")], 1)
    for i in (4, 3, 2):
        x = leaky(conv(x, p, f"decode{i}.conv"))
    return conv(x, p, "decode1.conv").tanh() / 2 + 0.5


def didfuse(p: State, a: Any, b: Any) -> Any:
    def simple(x: Any, i: int) -> Any:
        return norm(conv(x, p, f"cov{i}.cov{i}.0"), p, f"cov{i}.cov{i}.1")

    def encode(x: Any) -> list[Any]:
        first = leaky(norm(conv(x, p, "cov1.cov1.1", "reflect"), p, "cov1.cov1.2"), p["cov1.cov1.3.weight"])
        second = leaky(simple(first, 2), p["cov2.cov2.2.weight"])
        return [first, second, simple(second, 3).tanh(), simple(second, 4).tanh()]

    first, second, base, detail = (x + y for x, y in zip(encode(a), encode(b), strict=True))
    x = leaky(simple(torch.cat([base, detail], 1), 5), p["cov5.cov5.2.weight"])
    x = leaky(simple(torch.cat([x, second], 1), 6), p["cov6.cov6.2.weight"])
    return norm(conv(torch.cat([x, first], 1), p, "cov7.cov7.1", "reflect"), p, "cov7.cov7.2").sigmoid()


def ifcnn(p: State, a: Any, b: Any) -> Any:
    mean, deviation = (a.new_tensor(v).view(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))

    def features(x: Any) -> Any:
        x = (torch.cat([x, x, x], 1) - mean) / deviation
        return norm(conv(conv(x, p, "conv1", "replicate"), p, "conv2.conv", "replicate"), p, "conv2.bn").relu()

    x = torch.maximum(features(a), features(b))
    x = conv(norm(conv(x, p, "conv3.conv", "replicate"), p, "conv3.bn").relu(), p, "conv4") * deviation + mean
    return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]


def tensorflow(x: Any, p: State, kernel: str, bias: str, mode: str = "constant") -> Any:
    return conv(x, {"x.weight": p[kernel].permute(3, 2, 0, 1), "x.bias": p[bias]}, "x", mode)


def sdnet(p: State, a: Any, b: Any) -> Any:
    maps: dict[str, list[Any]] = {}
    for branch, image in (("ir", a), ("vi", b)):
        x, maps[branch] = image * 2 - 1, []
        for i in range(1, 5):
            folder = f"fusion_model/layer{i}_{branch}"
            maps[branch].append(leaky(tensorflow(x, p, f"{folder}/w{i}_{branch}", f"{folder}/b{i}_{branch}")))
            x = torch.cat(maps[branch], 1)
    x = torch.cat([maps[branch][i] for i in range(4) for branch in ("ir", "vi")], 1)
    return tensorflow(x, p, "fusion_model/layer5_fuse/w5_fuse", "fusion_model/layer5_fuse/b5_fuse").tanh() / 2 + 0.5


def densefuse(p: State, a: Any, b: Any) -> Any:
    def layer(x: Any, n: str) -> Any:
        return tensorflow(x, p, f"{n}/kernel", f"{n}/bias", "reflect")

    def encode(x: Any) -> Any:
        x = layer(x * 255, "encoder/conv1_1").relu()
        for i in (1, 2, 3):
            x = torch.cat([layer(x, f"encoder/dense_block_conv{i}").relu(), x], 1)
        return x

    x = encode(a) + encode(b)
    for i in (1, 2, 3):
        x = layer(x, f"decoder/conv2_{i}").relu()
    return layer(x, "decoder/conv2_4") / 510


def lrrnet(p: State, a: Any, b: Any) -> Any:
    def own(x: Any) -> Any:
        return (x - x.min()) / (x.max() - x.min() + 1e-5)

    def parts(x: Any, n: str) -> Any:
        def shrink(r: Any) -> Any:
            t = p[f"{n}.lamj"].view(1, -1, 1, 1)
            return torch.sign(r) * torch.where(r.abs() > t, r.abs() - t, torch.zeros_like(r))

        z = shrink(conv(x, p, f"{n}.conv_W00.conv2d", "reflect"))
        for i in range(4):
            rest = x - conv(z, p, f"{n}.lrrblock{i}.conv_Wdz.conv2d", "reflect")
            z = shrink(p[f"{n}.lamz"] * z + conv(rest, p, f"{n}.lrrblock{i}.conv_Wdtz.conv2d", "reflect"))
        return z

    low, sparse = [], []
    for image, n, letter in ((a, "get_ls1", "x"), (b, "get_ls2", "y")):
        z = parts(own(image * 255), n)
        low.append(conv(z[:, :128], p, f"decoder.conv_ReZ{letter}.conv2d", "reflect"))
        sparse.append(conv(z[:, 128:], p, f"decoder.conv_ReU{letter}.conv2d", "reflect"))
    return own(
        conv(torch.cat(low, 1), p, "decoder.conv_ReL.conv2d", "reflect")
        + conv(torch.cat(sparse, 1), p, "decoder.conv_ReH.conv2d", "reflect")
    )


def blocks(p: State, x: Any, count: int) -> Any:
    """Apply transformers whose tokens are runs of C numbers in the memory of (C, H, W)."""
    c = x.shape[1]
    tokens = x.reshape(-1).reshape(-1, c)
    for name in (f"basicLayer.blocks.{i}" for i in range(count)):

        def linear(y: Any, n: str, rows: slice = slice(None), name: str = name) -> Any:
            return y @ p[f"{name}.{n}.weight"][rows].T + p[f"{name}.{n}.bias"][rows]

        def own(y: Any, n: str, name: str = name) -> Any:
            y = (y - y.mean(1, keepdim=True)) / (y.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
            return y * p[f"{name}.{n}.weight"] + p[f"{name}.{n}.bias"]

        tokens = tokens + linear(linear(own(tokens, "norm1"), "attn.qkv", slice(2 * c, 3 * c)), "attn.proj")
        hidden = linear(own(tokens, "norm2"), "mlp.fc1")
        tokens = tokens + linear(hidden * (1 + torch.erf(hidden / 2**0.5)) / 2, "mlp.fc2")
    return tokens.reshape(x.shape)


def datfuse(p: State, a: Any, b: Any) -> Any:
    def features(x: Any) -> Any:
        x = norm(conv(x, p, "fem.conv", "replicate"), p, "fem.bn").relu()
        return norm(conv(x, p, "fem.conv", "replicate"), p, "fem.bn")

    def attend(x: Any) -> Any:
        mean = x.flatten(2).mean(2)[..., None, None]
        gain = conv(conv(mean, p, "cam.fc.0").relu(), p, "cam.fc.2").sigmoid()
        place = norm(conv(x, p, "sam.body.0"), p, "sam.body.1").relu()
        return x * gain + x * norm(conv(place, p, "sam.body.3"), p, "sam.body.4").sigmoid()

    x = norm(conv(torch.cat([a, b], 1), p, "convolutional.conv", "replicate"), p, "convolutional.bn").relu()
    x = features(blocks(p, (attend(features(x)) + x).relu(), 2))
    return conv(attend(x) + x, p, "convolutional_out.conv").tanh()


def ydtr(p: State, a: Any, b: Any) -> Any:
    def dynamic(x: Any) -> Any:
        gain = x.flatten(2).mean(2)[..., None, None]
        gain = conv(conv(gain, p, "DDF.channel_branch.fc.0").relu(), p, "DDF.channel_branch.fc.2")
        place = conv(conv(x, p, "DDF.spatial_branch.body.0"), p, "DDF.spatial_branch.body.1")
        return blocks(p, x * place + x * gain, 2)

    x, y = (dynamic(norm(conv(s, p, "convInput.conv", "replicate"), p, "convInput.bn").relu()) for s in (a, b))
    return conv(dynamic(x + y), p, "convolutional_out.conv").tanh()


def matr(p: State, a: Any, b: Any) -> Any:
    def line(x: Any, name: str) -> Any:  # (C, K), normalised over C
        mean, variance, weight, bias = (
            p[f"{name}.{part}"][:, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-5).sqrt() * weight + bias

    def layer(x: Any, n: str) -> Any:
        c = f"{n}.conv1"
        e = functional.adaptive_avg_pool2d(x, 3)[0].flatten(1) @ p[f"{c}.ce.weight"].T
        inside = line(e, f"{c}.ce_bn").relu() @ p[f"{c}.gd.weight"].T
        outside = (line(e, f"{c}.ci_bn2").relu().T @ p[f"{c}.ci.weight"].T).T
        outside = line(outside, f"{c}.ci_bn").relu() @ p[f"{c}.gd2.weight"].T
        weight = p[f"{c}.weight"].clone()
        for o in range(16):
            for i in range(x.shape[1]):
                weight[o, i] *= torch.sigmoid(inside[i] + outside[o]).reshape(3, 3)
        return norm(functional.conv2d(x, weight, padding=1), p, f"{n}.bn1").relu()

    x, total = layer(torch.cat([a, b], 1), "convInput"), 0
    for _ in range(3):
        x = layer(x, "conv")
        total = total + layer(blocks(p, x, 3), "conv")
    return conv(total, p, "convolutional_out.conv1").tanh()


def auif(p: State, a: Any, b: Any) -> Any:
    laplacian = a.new_ones(1, 1, 19, 19)
    laplacian[..., 9, 9] = 1 - 361
    starts = {"conv1": (a.new_ones(1, 1, 11, 11) / 121, 5), "conv2": (laplacian / 720, 9)}
    total = 0
    for x in (a, b):
        for part, (kernel, reach) in starts.items():
            z = functional.conv2d(functional.pad(x, (reach,) * 4, mode="reflect"), kernel)
            for n in (f"{part}.{i}" for i in range(10)):
                y = conv(z, {"k.weight": p[f"{n}.kernel"]}, "k", "reflect")
                turned = torch.rot90(p[f"{n}.kernel"], 2, (2, 3)).permute(1, 0, 2, 3)
                y = norm(conv(y, {"k.weight": turned}, "k", "reflect"), p, f"{n}.rest.0")
                y = leaky(y, p[f"{n}.rest.1.weight"])
                z = z - p[f"{n}.eta"] * (y - p[f"{n}.theta"] * (x - z))
            total = total + z
    return norm(conv(total, p, "decoder.1", "reflect"), p, "decoder.2").sigmoid()


def pmgi(p: State, a: Any, b: Any) -> Any:
    def layer(n: str, *maps: Any) -> Any:
        x = tensorflow(torch.cat(maps, 1), p, f"fusion_model/layer{n}/w{n}", f"fusion_model/layer{n}/b{n}")
        x = x - x.mean((2, 3), keepdim=True)
        return leaky(x / ((x**2).mean((2, 3), keepdim=True) + 1e-5).sqrt())

    a, b = a * 2 - 1, b * 2 - 1
    a1, b1 = layer("1", a, a, b), layer("1_vi", b, b, a)
    a2, b2 = layer("2", a1), layer("2_vi", b1)
    a23, b23 = layer("2_3", a2, b2), layer("2_3_vi", a2, b2)
    a3, b3 = layer("3", a1, a2, a23), layer("3_vi", b1, b2, b23)
    a34, b34 = layer("3_4", a3, b3), layer("3_4_vi", a3, b3)
    a4, b4 = layer("4", a1, a2, a3, a34), layer("4_vi", b1, b2, b3, b34)
    maps = torch.cat([a1, b1, a2, b2, a3, b3, a4, b4], 1)
    return tensorflow(maps, p, "fusion_model/layer5/w5", "fusion_model/layer5/b5").tanh() / 2 + 0.5


PLAIN: dict[str, Callable[[State, Any, Any], Any]] = {
    "seafusion": seafusion, "didfuse": didfuse, "ifcnn[channels=exact]": ifcnn, "sdnet": sdnet, "densefuse": densefuse,
    "lrrnet": lrrnet, "datfuse": datfuse, "ydtr": ydtr, "matr": matr, "auif": auif, "pmgi": pmgi,
}  # fmt: skip
