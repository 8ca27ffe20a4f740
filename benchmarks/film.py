"""How fast FILM infers: this package against the published operations in eager float32, interleaved.

    python benchmarks/film.py --size 288x384 --rounds 3 --threads 1
    python benchmarks/film.py --memory 480x640
    python benchmarks/film.py --device cuda --size 480x640

CPU time of the process, or device events on a GPU; both run in one process, in turn, with the same weights, so that
what else the machine does hits both alike. The ratio is what counts. Memory is the peak of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from plain_film import film
from torch import Tensor

from fusionbench.methods.film.checkpoints import load_network
from fusionbench.methods.film.network import GRID, FilmNetwork

Forward = Callable[[], Tensor]


def seconds(function: Forward, device: str) -> tuple[float, Tensor]:
    """Time one call: CPU time, or device time on a GPU."""
    if device.startswith("cuda"):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        fused = function()
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1000, fused
    begin = time.process_time()
    fused = function()
    return time.process_time() - begin, fused


@torch.inference_mode()
def compare(network: FilmNetwork, height: int, width: int, words: int, rounds: int, device: str) -> dict[str, float]:
    """Time both in turn on the same images and text."""
    draw = torch.Generator().manual_seed(0)
    a, b = (torch.rand(1, 1, height, width, generator=draw).to(device) for _ in range(2))
    text = torch.randn(1, words, 768, generator=draw).to(device)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    functions: dict[str, Forward] = {
        "plain": lambda: film(state, a, b, text, GRID), "here": lambda: network(a, b, text)
    }  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in functions}
    outputs = {name: function() for name, function in functions.items()}  # warm
    for _ in range(rounds):
        for name, function in functions.items():
            spent, outputs[name] = seconds(function, device)
            times[name].append(spent)
    ratios = [plain / here for plain, here in zip(times["plain"], times["here"], strict=True)]
    return {
        "plain_seconds": statistics.median(times["plain"]),
        "here_seconds": statistics.median(times["here"]),
        "speedup": statistics.median(ratios),
        "speedup_min": min(ratios),
        "largest_difference": float((outputs["plain"] - outputs["here"]).abs().max()),
        "spread": float(outputs["plain"].std()),
    }


def lively(network: FilmNetwork) -> FilmNetwork:
    """Enlarge fresh weights, whose output would be flat: any two passes would agree on it."""
    draw = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1 and parameter.numel() > 64:
                noise = torch.randn(parameter.shape, generator=draw)
                parameter.copy_(0.9 * noise / parameter[0].numel() ** 0.5)
    return network


def peak(size: str, words: int) -> float:
    """Run one forward pass in a process of its own, and return its peak memory in GB."""
    command = [sys.executable, __file__, "--one", size, "--words", str(words)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@torch.inference_mode()
def one(size: str, words: int) -> None:
    height, width = (int(side) for side in size.split("x"))
    FilmNetwork()(torch.rand(1, 1, height, width), torch.rand(1, 1, height, width), torch.randn(1, words, 768))
    # Not getrusage's figure: that of a new process starts with what the one that started it had.
    status = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="by default random ones: speed does not depend on them")
    parser.add_argument("--size", action="append", default=[], help="HEIGHTxWIDTH, may be repeated")
    parser.add_argument("--memory", action="append", default=[], help="HEIGHTxWIDTH to measure the peak memory at")
    parser.add_argument("--words", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.one:
        one(arguments.one, arguments.words)
        return
    figures: dict[str, object] = {}
    network = load_network(arguments.weights, GRID) if arguments.weights else lively(FilmNetwork()).eval()
    network.to(arguments.device)
    for size in arguments.size or ([] if arguments.memory else ["288x384"]):
        height, width = (int(side) for side in size.split("x"))
        figures[size] = found = compare(
            network, height, width, arguments.words, arguments.rounds, arguments.device
        )  # fmt: skip
        print(
            f"film {size} on {arguments.device}: plain {found['plain_seconds']:.3f} s, "
            f"here {found['here_seconds']:.3f} s, "
            f"{found['speedup']:.2f} times as fast (least {found['speedup_min']:.2f}), "
            f"largest difference {found['largest_difference']:.1e} of outputs that spread by {found['spread']:.2f}"
        )
    for size in arguments.memory:
        figures[f"memory {size}"] = used = peak(size, arguments.words)
        print(f"film {size}: peak memory of the whole process {used:.2f} GB")
    if arguments.out:
        record = {"torch": torch.__version__, "threads": arguments.threads, "device": arguments.device, **figures}
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
