# ruff: noqa: E402 - the number of threads is set before NumPy is loaded
"""The figures that are promised, each as a ratio to a baseline that runs in turn with it: `make benchmark`.

    python speed/benchmark.py                          # all; prints and keeps the table, also in docs/performance.md
    python speed/benchmark.py --only metrics           # or: processes, pairs, cores; prints only
    python speed/benchmark.py --data-root DATA         # also `score` of 50 triples of RoadScene

CPU time of one thread; of processes user and system, with their children; of several cores the wall clock. A ratio is
that of the medians, 1 is as fast as the baseline, less is faster. `before` was measured by this script on the commit
that BEFORE names.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is imported

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
import torch
from competent import six
from start import CARD as CARD_NAMES
from start import PARENT, commands, spent
from timing import in_turn, keep, write

from fusionbench.metrics import CARD, evaluate
from metrics import scene

BEFORE = "35546a6"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
MARKS = "<!-- make benchmark -->", "<!-- end -->"
PAIRS = 10_000
CORES_PAIRS = 12
SMALL, LARGE = (256, 256), (480, 640)
READING, ARRAYS, NUMPY = "six metrics with OpenCV and NumPy", "the same, arrays", "a process that imports NumPy"


class Figure(NamedTuple):
    """What is measured, in units of what, the ratio before, and the ratio that is aimed at."""

    what: str
    baseline: str
    before: float
    goal: float


FIGURES = {
    "u8 256": Figure("six metrics, 256 x 256, 8 bit", READING, 0.345, 0.147),
    "f64 256": Figure("six metrics, 256 x 256, float64", READING, 0.475, 0.2),
    "u8 480": Figure("six metrics, 480 x 640, 8 bit", READING, 0.195, 0.1),
    "f64 480": Figure("six metrics, 480 x 640, float64", READING, 0.309, 0.1),
    "tensor 480": Figure("six metrics, 480 x 640, tensors", ARRAYS, 8.89, 1.0),
    "tang": Figure("protocol tang, 480 x 640", READING, 7.8, 3.9),
    "liu": Figure("protocol liu, 480 x 640", READING, 7.78, 3.9),
    "rerun": Figure("`run` again with nothing to do", NUMPY, 8.07, 6.27),
    "score": Figure("`score` of 50 triples", NUMPY, 23.1, 15.8),
    "pairs": Figure("`run` again over 10,000 finished pairs", NUMPY, 104.0, 70.0),
    "memory": Figure("peak memory of it", "the same over 100 pairs", 5.83, 1.0),
    "cores": Figure("ten classical methods, two cores, wall clock", "the same on one core", 1.0, 0.556),
}


def metrics(rounds: int) -> dict[str, float]:
    """Ratios of calls in this process."""
    work: dict[str, tuple[int, Callable[[], object]]] = {}
    pairs: dict[str, tuple[str, str]] = {}
    for height, width in (SMALL, LARGE):
        fused, *sources = scene(width, height, 3)
        images = [fused[1], *sources]
        _check(images)
        for kind, given in (("u8", images), ("f64", [image.astype(np.float64) for image in images])):
            name, reading = f"{kind} {height}", f"reading {kind} {height}"
            work[name] = (4, lambda given=given: evaluate(*given, metrics=CARD))
            work[reading] = (1, lambda given=given: six(*given))
            pairs[name] = name, reading
    tensors = [torch.from_numpy(image) for image in images]
    work["tensor 480"] = (4, lambda: evaluate(*tensors, metrics=CARD))
    pairs["tensor 480"] = "tensor 480", "u8 480"
    for protocol in ("tang", "liu"):
        work[protocol] = (1, lambda protocol=protocol: evaluate(*images, protocol=protocol))
        pairs[protocol] = protocol, "reading u8 480"
    in_turn(work, 1)  # compile, and fill the caches
    times = {name: median(values) for name, values in in_turn(work, rounds).items()}
    return {name: times[ours] / times[theirs] for name, (ours, theirs) in pairs.items()}


def _check(images: list[np.ndarray]) -> None:
    """A fast wrong number is worth nothing."""
    wanted = six(*images)
    for name, value in evaluate(*images, metrics=CARD).items():
        if abs(value - wanted[name]) > (1e-6 if name == "VIFF" else 1e-9):
            raise SystemExit(f"{name} differs from the reading by {abs(value - wanted[name]):.1e}")


def processes(rounds: int, data_root: Path | None) -> dict[str, float]:
    """Ratios of whole commands."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        known = commands(place, data_root if data_root and (data_root / "RoadScene").is_dir() else None)
        work = {"rerun": known["the same run again, all done"][0]}
        if "score, 50 triples" in known:
            work["score"] = known["score, 50 triples"][0]
        return _ratios(work, place, rounds)


def _ratios(work: dict[str, list[str]], place: Path, rounds: int) -> dict[str, float]:
    """Time processes in turn with one that imports NumPy; the first round fills caches."""
    times: dict[str, list[float]] = {name: [] for name in (*work, "numpy")}
    for turn in range(rounds + 1):
        for name, arguments in work.items():
            new = [str(place / f"new-{turn}")] if arguments[-1] == "--out" else []
            times[name].append(spent(PARENT, [*arguments, *new], place, True))
        times["numpy"].append(spent(PARENT, ["-m", "numpy.version"], place, True))
    unit = median(times["numpy"][1:])
    return {name: median(times[name][1:]) / unit for name in work}


def pairs(rounds: int) -> dict[str, float]:
    """Ratios of a run over many pairs that are done."""
    with tempfile.TemporaryDirectory() as folder:
        place, peaks = Path(folder), {}
        for count in (100, PAIRS):
            data = place / str(count)
            rng = np.random.default_rng(0)
            for side in ("ir", "vi"):
                (data / side).mkdir(parents=True)
                for i in range(count):
                    cv2.imwrite(str(data / side / f"{i:05d}.png"), rng.integers(0, 256, (16, 16), dtype=np.uint8))
            run = ["-m", "fusionbench", "run", "-m", "average", "-d", str(data), "--metrics", "EN", "--workers", "1"]
            run += ["--out", str(place / f"out-{count}")]
            ratios = _ratios({"pairs": run}, place, rounds)
            peaks[count] = spent(PARENT, ["-c", PEAK, *run[2:]], place, True)
        return {**ratios, "memory": peaks[PAIRS] / peaks[100]}


def cores(rounds: int) -> dict[str, float]:
    """Ratio of wall clocks: the same work by as many workers as two cores, and by one on a core of its own."""
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        return {}
    here = sorted(os.sched_getaffinity(0))
    size = LARGE
    took: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        for side, image in zip(("ir", "vi"), scene(size[1], size[0], 1)[1:], strict=True):
            (data / side).mkdir(parents=True)
            for i in range(CORES_PAIRS):
                cv2.imwrite(str(data / side / f"{i:02}.png"), np.roll(image, 7 * i, axis=1))
        for turn in range(rounds + 1):
            for count, seconds in took.items():
                begin = time.perf_counter()
                code = f"import os; os.sched_setaffinity(0, {here[:count]}); from fusionbench.cli import main; main()"
                out = Path(folder, f"out-{turn}-{count}")
                subprocess.run(
                    [sys.executable, "-c", code, "run", "-d", str(data), "--metrics", CARD_NAMES, "-o", str(out)],
                    check=True, capture_output=True,
                )  # fmt: skip
                seconds.extend([time.perf_counter() - begin] if turn else [])  # the first fills caches
    return {"cores": median(two / one for one, two in zip(took[1], took[2], strict=True))}


PEAK = """
import contextlib, io, resource, sys
from fusionbench.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def table(ratios: dict[str, float]) -> str:
    """The table in Markdown."""
    lines = ["| what | in units of | before | now | goal |", "| --- | --- | ---: | ---: | ---: |"]
    for name, figure in FIGURES.items():
        if name in ratios:
            numbers = " | ".join(f"{value:.3g}" for value in (figure.before, ratios[name], figure.goal))
            lines.append(f"| {figure.what} | {figure.baseline} | {numbers} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=("metrics", "processes", "pairs", "cores"), help="a part; nothing is kept")
    parser.add_argument("--rounds", type=int, default=5, help="times of each, in turn (default 5)")
    parser.add_argument("--data-root", type=Path, help="where RoadScene lies, if it is there")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    parts = {
        "metrics": lambda: metrics(options.rounds),
        "processes": lambda: processes(options.rounds, options.data_root),
        "pairs": lambda: pairs(1),
        "cores": lambda: cores(options.rounds),
    }
    ratios: dict[str, float] = {}
    for name, part in parts.items():
        if options.only in (None, name):
            ratios |= part()
    text = table(ratios)
    print(text)
    if options.only is None:
        write("benchmark", {"threads": 1, "before": BEFORE, "ratios": ratios})
        keep(PAGE, MARKS, text)


if __name__ == "__main__":
    main()
