"""U2Fusion as one writes it down: NCHW, reflection in every layer, concatenation by copying."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional


def u2fusion(state: Mapping[str, Tensor], first: Tensor, second: Tensor) -> Tensor:
    """Fuse two sources (N, 1, H, W) in [0, 1] with the parameters of the network."""

    def conv(name: str, x: Tensor) -> Tensor:
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(padded, state[f"{name}.weight"], state[f"{name}.bias"])

    x = functional.leaky_relu(conv("encoder.conv1_1", torch.cat([first, second], 1)), 0.2)
    for i in range(1, 6):
        x = torch.cat([functional.leaky_relu(conv(f"encoder.dense{i}", x), 0.2), x], 1)
    for i in range(1, 4):
        x = functional.leaky_relu(conv(f"decoder.conv2_{i}", x), 0.2)
    return torch.tanh(conv("decoder.conv2_4", x)) / 2 + 0.5
