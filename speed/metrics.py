# ruff: noqa: E402 - the number of threads is set before NumPy is loaded
"""How fast the metrics are: CPU time on one thread, interleaved with plain readings of the definitions.

    python speed/metrics.py                 # the figures of docs/performance.md; takes about two minutes
    python speed/metrics.py --rounds 3 --size 240x320
    python speed/metrics.py --protocols     # the time of every protocol, and of every metric in it
    python speed/metrics.py --gpu           # pairs per second on a CUDA device, by device events

Prints tables and writes speed/results/<what>.json with a description of the machine.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is imported

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from timing import in_turn, seconds, write

from fusionbench.metrics import CARD, PROTOCOLS, evaluate, get_metric, prepare
from fusionbench.sizes import parse_size

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.metrics.readings import READINGS as PLAIN

FUSED = 10  # methods that are scored on the same sources


def scene(width: int, height: int, count: int = FUSED) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Several fused images and two sources that look like photographs: edges, shading, texture, noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    visible = cv2.resize(
        rng.uniform(0, 255, (height // 16, width // 16)), (width, height), interpolation=cv2.INTER_CUBIC
    )
    visible += 25 * np.sign(np.sin(x / 9.0) * np.sin(y / 13.0)) + rng.normal(0, 6, visible.shape)
    warm = np.full((height, width), 60.0)
    for _ in range(12):
        centre, radius = rng.uniform((0, 0), (height, width)), rng.uniform(8, 50)
        warm[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2] = rng.uniform(120, 250)
    infrared = cv2.GaussianBlur(warm, (7, 7), 1.5) + rng.normal(0, 3, warm.shape)
    a, b = (np.clip(np.rint(image), 0, 255).astype(np.uint8) for image in (infrared, visible))
    return [cv2.addWeighted(a, share, b, 1 - share, 0) for share in np.linspace(0.2, 0.8, count)], a, b


def against_plain(width: int, height: int, rounds: int) -> dict[str, Any]:
    """Time the card, the film protocol and ten methods, in turn with the plain readings."""
    fused, a, b = scene(width, height)
    floats = [image.astype(np.float64) for image in (fused[0], a, b)]

    def ten() -> None:
        sources = prepare(a, b)
        for image in fused:
            evaluate(image, sources, metrics=CARD)

    work: dict[str, tuple[int, Callable[[], object]]] = {
        "plain card": (1, lambda: [PLAIN[key](*floats) for key in CARD]),
        "card": (10, lambda: evaluate(fused[0], a, b, metrics=CARD)),
        "film": (5, lambda: evaluate(fused[0], a, b)),
        "ten methods": (2, ten),
        **{f"plain {key}": (1, lambda key=key: PLAIN[key](*floats)) for key in PROTOCOLS["film"].metrics},
        **{key: (5, lambda key=key: evaluate(fused[0], a, b, metrics=[key])) for key in PROTOCOLS["film"].metrics},
    }
    evaluate(fused[0], a, b)  # compile, and fill the caches
    times = in_turn(work, rounds)
    _check(fused[0], a, b, floats)
    return {name: {"median": median(values), "best": min(values), "n": len(values)} for name, values in times.items()}


def _check(fused: np.ndarray, a: np.ndarray, b: np.ndarray, floats: list[np.ndarray]) -> None:
    """A fast wrong number is worth nothing."""
    for name, value in evaluate(fused, a, b).items():
        difference = abs(value - PLAIN[f"{name}@film"](*floats))
        if difference > (1e-6 if name == "VIFF" else 1e-9):
            raise SystemExit(f"{name} differs from the plain reading by {difference:.1e}")


def report(times: dict[str, Any], width: int, height: int) -> dict[str, float]:
    """Print the table and return the ratios that are promised."""

    def ms(name: str) -> float:
        return 1000 * float(times[name]["median"])

    print(f"\nCPU time on one thread, {height} x {width}, float64, medians in ms\n")
    print(f"{'':14}{'plain':>10}{'fusionbench':>13}{'times faster':>14}")
    for key in ("card", *PROTOCOLS["film"].metrics):
        plain = f"plain {key}"
        print(f"{key:14}{ms(plain):10.1f}{ms(key):13.2f}{ms(plain) / ms(key):14.1f}")
    ratios = {
        "card, times faster than plain": ms("plain card") / ms("card"),
        "card, times faster, best of each": times["plain card"]["best"] / times["card"]["best"],
        "film protocol / card": ms("film") / ms("card"),
        "ten methods / one": ms("ten methods") / ms("card"),
    }
    print(f"\nfilm protocol {ms('film'):.1f} ms, ten methods on one pair {ms('ten methods'):.1f} ms\n")
    for name, ratio in ratios.items():
        print(f"{name:36}{ratio:8.2f}")
    return ratios


def protocols(width: int, height: int, rounds: int) -> dict[str, Any]:
    """Time every protocol on gray images, and each of its metrics alone; `vifb` also on colour images."""
    fused, a, b = scene(width, height, 1)
    coloured = [np.stack([np.roll(x, 7 * k, axis=1) for k in range(3)], axis=-1) for x in (fused[0], a, b)]
    times: dict[str, Any] = {}
    for name, protocol in PROTOCOLS.items():
        evaluate(fused[0], a, b, protocol=protocol)
        whole = median(seconds(lambda p=protocol: evaluate(fused[0], a, b, protocol=p))[0] for _ in range(rounds))
        each = {
            get_metric(key).name: median(
                seconds(lambda p=protocol, k=key: evaluate(fused[0], a, b, protocol=p, metrics=[k]))[0]
                for _ in range(rounds)
            )
            for key in protocol.metrics
        }
        times[name] = {"whole": whole, "metrics": each}
        print(f"\n{name:10} {1000 * whole:9.1f} ms")
        if name == "vifb":
            evaluate(*coloured, protocol=protocol)
            work: Callable[[], object] = lambda p=protocol: evaluate(*coloured, protocol=p)  # noqa: E731
            times[name]["whole, RGB"] = median(seconds(work)[0] for _ in range(rounds))
            print(f"{'vifb, RGB':10} {1000 * times[name]['whole, RGB']:9.1f} ms")
        print("\n".join(f"  {metric:24}{1000 * took:9.1f} ms" for metric, took in each.items()))
    return times


def gpu(width: int, height: int, batch: int, rounds: int) -> dict[str, Any] | None:
    """Pairs per second of the card on a CUDA device, images there already; None without one."""
    import torch

    if not torch.cuda.is_available():
        print("no CUDA device is at hand: the figure for GPUs is left out")
        return None
    fused, a, b = scene(width, height)
    stacks = [torch.stack([torch.from_numpy(x[i % len(x)]) for i in range(batch)]).cuda() for x in (fused, [a], [b])]
    times = []
    for _ in range(rounds + 2):
        spent, scores = seconds(lambda: evaluate(*stacks, metrics=CARD), "cuda")
        times.append(spent)
    expected = [evaluate(image, a, b, metrics=CARD) for image in fused]
    error = max(
        abs(float(column[i]) / expected[i][name] - 1)
        for name, column in scores.items()
        for i in range(min(batch, FUSED))
    )
    took, device = median(times[2:]), torch.cuda.get_device_name()
    print(f"{device}: {batch / took:.0f} pairs per second, batch {batch}, {height} x {width}, float64")
    print(f"largest relative difference from the CPU {error:.1e}")
    memory = torch.cuda.max_memory_allocated() / 2**30
    return {"device": device, "pairs_per_second": batch / took, "batch": batch, "seconds": took,
            "relative_difference_from_cpu": error, "gib": memory}  # fmt: skip


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--size", default="480x640", help="HEIGHTxWIDTH (default 480x640)")
    parser.add_argument("--protocols", action="store_true", help="time all protocols and their metrics")
    parser.add_argument("--gpu", action="store_true", help="pairs per second on a CUDA device")
    parser.add_argument("--batch", type=int, default=64, help="images at once on the device (default 64)")
    options = parser.parse_args()
    height, width = parse_size(options.size)
    cv2.setNumThreads(1)
    size = {"threads": 1, "size": [height, width]}
    if options.gpu:
        result = gpu(width, height, options.batch, options.rounds)
        if result is not None:
            write("metrics-gpu", {**size, **result})
    elif options.protocols:
        write("metrics-protocols", {**size, "seconds": protocols(width, height, options.rounds)})
    else:
        times = against_plain(width, height, options.rounds)
        write("metrics", {**size, "ratios": report(times, width, height), "seconds": times})


if __name__ == "__main__":
    sys.exit(main())
