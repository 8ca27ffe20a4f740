"""How fast the published networks infer: this package against plain eager float32 passes of the same networks.

    python speed/zoo.py                                          # all; their tensors are random
    python speed/zoo.py --method seafusion --size 480x640 --rounds 5

The plain passes are those that the tests hold the networks to. One process computes both in turn, on the same noise:
CPU time of one thread. Prints and writes speed/results/zoo.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from timing import in_turn, write

from fusionbench.methods import get_method
from fusionbench.sizes import parse_size
from fusionbench.tests.zoo.plain import PLAIN, random_state


@torch.inference_mode()
def compare(spec: str, size: tuple[int, int], rounds: int) -> dict[str, float]:
    """Time both passes in turn on the same images."""
    state = random_state(spec.partition("[")[0])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.pth"
        torch.save({"weight": state}, path)
        method: Any = get_method(spec, weights=str(path))
        network = method.network(method.tasks[0])
    draw = torch.Generator().manual_seed(0)
    a, b = (torch.rand(1, 1, *size, generator=draw) for _ in range(2))
    single = {name: tensor.float() for name, tensor in state.items()}
    work = {"plain": lambda: PLAIN[spec](single, a, b), "here": lambda: method.forward(network, a, b)}
    for pass_ in work.values():
        pass_()  # warm
    times = in_turn({name: (1, pass_) for name, pass_ in work.items()}, rounds)
    return {
        "plain_seconds": median(times["plain"]),
        "here_seconds": median(times["here"]),
        "times_faster": median(p / h for p, h in zip(times["plain"], times["here"], strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=PLAIN, action="append", help="may be repeated; by default all")
    parser.add_argument("--size", default="240x320", help="HEIGHTxWIDTH")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, Any] = {}
    for spec in options.method or PLAIN:
        figures[spec] = result = compare(spec, parse_size(options.size), options.rounds)
        print(
            f"{spec} {options.size}: plain {result['plain_seconds']:.3f} s, here {result['here_seconds']:.3f} s, "
            f"{result['times_faster']:.2f} times as fast"
        )
    write("zoo", {"threads": 1, "size": options.size, **figures})


if __name__ == "__main__":
    main()
