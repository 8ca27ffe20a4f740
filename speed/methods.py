"""How fast the learned methods infer: this package against a plain eager float32 reading of the same network.

    python speed/methods.py                                    # both methods
    python speed/methods.py --method film --size 288x384 --rounds 4
    python speed/methods.py --device cuda --size 1024x1280

One process computes both in turn, with the weights that ship, on the same noise. CPU time of one thread, or device
events on a GPU; the ratio is what counts. Prints and writes speed/results/methods-<device>.json. What methods
need in memory, `fusionbench profile` measures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from plain_film import film as plain_film
from plain_u2fusion import u2fusion as plain_u2fusion
from timing import in_turn, write
from torch import Tensor

from fusionbench.methods.film.checkpoints import load_network
from fusionbench.methods.film.network import GRID
from fusionbench.methods.u2fusion.checkpoints import load_generator
from fusionbench.methods.u2fusion.winograd import FastGenerator
from fusionbench.sizes import parse_size
from fusionbench.weights.fetch import locate

WORDS = 32  # of the text
Forward = Callable[[Tensor, Tensor], Tensor]


def u2fusion(weights: Path, device: str) -> tuple[Forward, Forward]:
    """Return the plain forward pass, and the one that the method uses on this device."""
    network = load_generator(weights).to(device)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    if device == "cpu":
        here: Forward = FastGenerator(network)
    else:
        own = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        def here(first: Tensor, second: Tensor) -> Tensor:
            fused: Tensor = own(*(t.contiguous(memory_format=torch.channels_last) for t in (first, second)))
            return fused

    return lambda first, second: plain_u2fusion(state, first, second), here


def film(weights: Path, device: str) -> tuple[Forward, Forward]:
    """Return both forward passes, with a text of noise."""
    network = load_network(weights, GRID).to(device)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    text = torch.randn(1, WORDS, 768, generator=torch.Generator().manual_seed(0)).to(device)
    return lambda a, b: plain_film(state, a, b, text, GRID), lambda a, b: network(a, b, text)


METHODS = {"u2fusion": (u2fusion, "u2fusion"), "film": (film, "film-fusionbench")}


@torch.inference_mode()
def compare(plain: Forward, here: Forward, size: tuple[int, int], rounds: int, device: str) -> dict[str, Any]:
    """Time both in turn on the same images."""
    draw = torch.Generator().manual_seed(0)
    first, second = (torch.rand(1, 1, *size, generator=draw).to(device) for _ in range(2))
    expected, ours = plain(first, second), here(first, second)  # warm
    times = in_turn(
        {"plain": (1, lambda: plain(first, second)), "here": (1, lambda: here(first, second))}, rounds, device
    )
    ratios = [slow / fast for slow, fast in zip(times["plain"], times["here"], strict=True)]
    levels = [(fused * 255 + 0.5).floor() for fused in (expected, ours)]
    return {
        "plain_seconds": median(times["plain"]),
        "here_seconds": median(times["here"]),
        "times_faster": median(ratios),
        "times_faster_least": min(ratios),
        "largest_difference": float((expected - ours).abs().max()),
        "largest_difference_levels": float((levels[0] - levels[1]).abs().max()),
        "spread": float(expected.std()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=METHODS, action="append", help="may be repeated; by default all")
    parser.add_argument("--weights", type=Path, help="by default those that ship: speed does not depend on them")
    parser.add_argument("--size", action="append", help="HEIGHTxWIDTH, may be repeated; by default 288x384 and 480x640")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    figures: dict[str, Any] = {}
    for name in options.method or METHODS:
        make, shipped = METHODS[name]
        weights = options.weights or locate(shipped)
        assert weights is not None, "they are in the package"
        plain, here = make(weights, options.device)
        for size in options.size or ["288x384", "480x640"]:
            figures[f"{name} {size}"] = result = compare(plain, here, parse_size(size), options.rounds, options.device)
            print(
                f"{name} {size} on {options.device}: plain {result['plain_seconds']:.3f} s, "
                f"here {result['here_seconds']:.3f} s, {result['times_faster']:.2f} times as fast "
                f"(least {result['times_faster_least']:.2f}), largest difference {result['largest_difference']:.1e} "
                f"({result['largest_difference_levels']:.0f} levels) of outputs that spread by {result['spread']:.2f}"
            )
    device = torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device
    write(f"methods-{options.device}", {"threads": options.threads, "device": device, **figures})


if __name__ == "__main__":
    main()
