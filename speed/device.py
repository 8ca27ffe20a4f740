"""How much of a card's speed a run keeps: pairs per second from disk to leaderboard, against the bare network.

    python speed/device.py                                  # U2Fusion and FILM on cuda
    python speed/device.py --method film --precision tf32 --batch 8
    python speed/device.py --device cpu --pairs 4 --size 96x128 --batch 2

A run reads PNG files, fuses, scores the card's six metrics, writes images, rows and the leaderboard; the bare network
fuses batches of as many images that are on the device already. Both are timed by the clock, in turn, after one of each
that is not counted. Prints and writes speed/results/device.json.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from timing import write

from fusionbench.bench import run_rows
from fusionbench.devices.names import check_device
from fusionbench.errors import InputError
from fusionbench.methods import Method, get_method
from fusionbench.methods.precision import computing
from fusionbench.sizes import parse_size

METRICS = ("EN", "SD", "SF", "AG", "VIFF", "Qabf")
WORDS = 32  # of a text


def images(data: Path, count: int, size: tuple[int, int]) -> None:
    """Make the pairs of a data set: smooth, noisy, the visible one in colour."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]]
    for i in range(count):
        for side, channels in (("ir", 1), ("vi", 3)):
            waves = [127 + 90 * np.sin(x / (31 + i) + y / 57 + c) for c in range(channels)]
            image = (np.stack(waves, -1) + random.normal(0, 8, (*size, channels))).clip(0, 255).astype(np.uint8)
            file = data / side / f"{i:04d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image)


def bare(method: Method, device: str, size: tuple[int, int], batch: int, count: int) -> Callable[[], None]:
    """Return a function that fuses so many images by the network alone, in batches that lie on the device."""
    import torch

    graph = method.graph("IVF")
    shapes = [(batch, 1, *size)] * 2 + ([(batch, WORDS, graph.text)] if graph.text else [])
    tensors = [torch.rand(shape, device=device) for shape in shapes]

    @torch.inference_mode()
    def fuse() -> None:
        with computing(method):
            for _ in range(math.ceil(count / batch)):
                fused = graph(*tensors)
            fused[0, 0, 0, 0].item()  # waits for the device

    return fuse


def compare(name: str, options: argparse.Namespace, data: Path) -> dict[str, Any]:
    """Time both in turn."""
    size, count = parse_size(options.size), options.pairs
    method = get_method(name, device=options.device, precision=options.precision)
    network = bare(method, options.device, size, options.bare_batch, count)
    times: dict[str, list[float]] = {"run": [], "network": []}
    rows: list[dict[str, Any]] = []
    for _ in range(options.rounds + 1):
        with tempfile.TemporaryDirectory() as out:
            begin = time.perf_counter()
            rows = run_rows(method, data, out=out, metrics=METRICS, device=options.device, batch=options.batch,
                            score_on=options.score_on, workers=options.workers)  # fmt: skip
            times["run"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        network()
        times["network"].append(time.perf_counter() - begin)
    failed = [row["reason"] for row in rows if row["status"] != "ok"]
    if failed:
        raise SystemExit(f"{len(failed)} of {count} pairs failed, the first of them: {failed[0]}")
    speeds = {what: count / median(seconds[1:]) for what, seconds in times.items()}
    shares = [network / whole for network, whole in zip(times["network"][1:], times["run"][1:], strict=True)]
    return {**{f"{what}_pairs_per_second": speed for what, speed in speeds.items()}, "share": median(shares)}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", action="append", help="may be repeated; by default u2fusion and film")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="float32", choices=("float32", "tf32", "bf16"))
    parser.add_argument("--batch", default="auto", help="of the run: a number, or auto")
    parser.add_argument("--score-on", default="cpu", help="the device of the metrics, or auto (default cpu)")
    parser.add_argument("--bare-batch", type=int, default=8, help="of the bare network (default 8)")
    parser.add_argument("--workers", type=int, help="of the run; by default as many as it chooses")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--size", default="480x640", help="HEIGHTxWIDTH (default 480x640)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.batch = options.batch if options.batch == "auto" else int(options.batch)
    try:
        check_device(options.device)
    except InputError as error:
        print(f"no figure: {error}")
        return
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        images(Path(place) / "scenes", options.pairs, parse_size(options.size))
        for name in options.method or ["u2fusion", "film"]:
            figures[name] = result = compare(name, options, Path(place) / "scenes")
            print(
                f"{name} on {options.device}, {options.size}, {options.precision}: "
                f"{result['run_pairs_per_second']:.1f} pairs a second from disk to leaderboard, "
                f"{result['network_pairs_per_second']:.1f} by the bare network: {100 * result['share']:.0f} %"
            )
    import torch

    card = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else options.device
    asked = {name: value for name, value in vars(options).items() if name != "method"}
    write("device", {**asked, "device": card, **figures})


if __name__ == "__main__":
    sys.exit(main())
