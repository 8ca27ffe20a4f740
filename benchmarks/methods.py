"""How fast learned methods infer: this package against a plain eager reading of the same network, interleaved.

    python benchmarks/methods.py --weights FILE --size 480x640 --rounds 3 --threads 1
    python benchmarks/methods.py --device cuda --size 1024x1280

CPU time of the process, or device events on a GPU; both run in one process, in turn, so that what else the machine
does hits both alike. The ratio is what counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fusionbench.methods.u2fusion.checkpoints import load_generator
from fusionbench.methods.u2fusion.network import Generator
from fusionbench.methods.u2fusion.winograd import FastGenerator

Forward = Callable[[Tensor, Tensor], Tensor]


def plain_u2fusion(network: Generator) -> Forward:
    """Return the network as one writes it down: NCHW, reflection in every layer, concatenation by copying."""
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}

    def conv(name: str, x: Tensor) -> Tensor:
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(padded, state[f"{name}.weight"], state[f"{name}.bias"])

    def forward(first: Tensor, second: Tensor) -> Tensor:
        x = functional.leaky_relu(conv("encoder.conv1_1", torch.cat([first, second], 1)), 0.2)
        for i in range(1, 6):
            x = torch.cat([functional.leaky_relu(conv(f"encoder.dense{i}", x), 0.2), x], 1)
        for i in range(1, 4):
            x = functional.leaky_relu(conv(f"decoder.conv2_{i}", x), 0.2)
        return torch.tanh(conv("decoder.conv2_4", x)) / 2 + 0.5

    return forward


def fast_u2fusion(network: Generator, device: str) -> Forward:
    """Return the forward pass that the method uses on this device."""
    if device == "cpu":
        return FastGenerator(network)
    own = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(first: Tensor, second: Tensor) -> Tensor:
        fused: Tensor = own(*(t.contiguous(memory_format=torch.channels_last) for t in (first, second)))
        return fused

    return forward


def seconds(function: Forward, first: Tensor, second: Tensor) -> tuple[float, Tensor]:
    """Time one call: CPU time, or device time on a GPU."""
    if first.is_cuda:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        fused = function(first, second)
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1000, fused
    begin = time.process_time()
    fused = function(first, second)
    return time.process_time() - begin, fused


@torch.inference_mode()
def compare(plain: Forward, fast: Forward, height: int, width: int, rounds: int, device: str) -> dict[str, float]:
    """Time both in turn on the same images."""
    noise = np.random.default_rng(0).random((2, 1, 1, height, width), dtype=np.float32)
    first, second = (torch.from_numpy(image).to(device) for image in noise)
    times: dict[str, list[float]] = {"plain": [], "fast": []}
    outputs = {}
    for function in (plain, fast):  # warm
        function(first[..., :64, :64], second[..., :64, :64])
    for _ in range(rounds):
        for name, function in (("plain", plain), ("fast", fast)):
            spent, outputs[name] = seconds(function, first, second)
            times[name].append(spent)
    levels = [(outputs[name] * 255 + 0.5).floor() for name in ("plain", "fast")]
    ratios = [a / b for a, b in zip(times["plain"], times["fast"], strict=True)]
    return {
        "plain_seconds": statistics.median(times["plain"]),
        "fast_seconds": statistics.median(times["fast"]),
        "speedup": statistics.median(ratios),
        "speedup_min": min(ratios),
        "largest_difference": float((outputs["plain"] - outputs["fast"]).abs().max()),
        "largest_difference_levels": float((levels[0] - levels[1]).abs().max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="by default random ones: speed does not depend on them")
    parser.add_argument("--size", action="append", help="HEIGHTxWIDTH, may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    network = load_generator(arguments.weights) if arguments.weights else Generator().eval()
    network.to(arguments.device)
    figures = {}
    for size in arguments.size or ["256x256", "480x640"]:
        height, width = (int(side) for side in size.split("x"))
        plain, fast = plain_u2fusion(network), fast_u2fusion(network, arguments.device)
        figures[size] = found = compare(plain, fast, height, width, arguments.rounds, arguments.device)
        print(
            f"u2fusion {size} on {arguments.device}: plain {found['plain_seconds']:.3f} s, "
            f"here {found['fast_seconds']:.3f} s, "
            f"{found['speedup']:.2f} times as fast (least {found['speedup_min']:.2f}), "
            f"largest difference {found['largest_difference']:.1e} ({found['largest_difference_levels']:.0f} levels)"
        )
    if arguments.out:
        record = {"torch": torch.__version__, "threads": arguments.threads, "device": arguments.device, **figures}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
