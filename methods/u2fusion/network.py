"""The U2Fusion generator: ten 3x3 convolutions, the first six densely connected.

Xu, Ma, Jiang, Guo, Ling, "U2Fusion: A Unified Unsupervised Image Fusion Network", IEEE Transactions on Pattern
Analysis and Machine Intelligence 44(1), 2022, https://doi.org/10.1109/TPAMI.2020.3012548.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

GROWTH = 44
DENSE = 5
RADIUS = 10  # of the receptive field: ten layers of 3x3
SLOPE = 0.2


class Conv(nn.Conv2d):
    """A 3x3 convolution; one pixel is added at every border: the reflected one, or a constant where that is given."""

    def __init__(self, inputs: int, outputs: int, edge: float | None = None) -> None:
        super().__init__(inputs, outputs, kernel_size=3)
        self.edge = edge

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W)."""
        if self.edge is None:
            return super().forward(functional.pad(x, (1, 1, 1, 1), mode="reflect"))
        return super().forward(functional.pad(x, (1, 1, 1, 1), value=self.edge))


class Encoder(nn.Module):
    """Two source channels to 264 maps; every layer sees all earlier ones, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1_1 = Conv(2, GROWTH)
        for i in range(1, DENSE + 1):
            self.add_module(f"dense{i}", Conv(i * GROWTH, GROWTH))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 2, H, W) to (N, 264, H, W)."""
        x = functional.leaky_relu(self.conv1_1(x), SLOPE)
        for i in range(1, DENSE + 1):
            x = torch.cat([functional.leaky_relu(self.get_submodule(f"dense{i}")(x), SLOPE), x], dim=1)
        return x


class Decoder(nn.Module):
    """264 maps to the fused image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2_1 = Conv((DENSE + 1) * GROWTH, 128)
        self.conv2_2 = Conv(128, 64)
        self.conv2_3 = Conv(64, 32)
        self.conv2_4 = Conv(32, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 264, H, W) to (N, 1, H, W) in (0, 1)."""
        for layer in (self.conv2_1, self.conv2_2, self.conv2_3):
            x = functional.leaky_relu(layer(x), SLOPE)
        return torch.tanh(self.conv2_4(x)) / 2 + 0.5


class Generator(nn.Module):
    """The whole network, 659 217 parameters, in its plain form: for training and for any device.

    Parameters
    ----------
    padding : "reflect", or "zeros" for the weights of a port that has it. That port's input lies in [-1, 1], where
        zero is middle gray; with sources in [0, 1] the first layer's border is therefore 0.5.

    Weights start as the official ones do: a normal of deviation 0.05 cut at two deviations, biases 0.
    """

    def __init__(self, padding: Literal["reflect", "zeros"] = "reflect") -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
        if padding == "zeros":
            for layer in self.modules():
                if isinstance(layer, Conv):
                    layer.edge = 0.0
            self.encoder.conv1_1.edge = 0.5
        for parameter in self.parameters():
            if parameter.ndim == 1:
                nn.init.zeros_(parameter)
            else:
                nn.init.trunc_normal_(parameter, std=0.05, a=-0.1, b=0.1)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two gray sources of shape (N, 1, H, W) in [0, 1], H and W at least 2; the order matters."""
        fused: Tensor = self.decoder(self.encoder(torch.cat([first, second], dim=1)))
        return fused
