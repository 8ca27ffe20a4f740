"""What commands cost before and around the work: CPU time of whole processes, user and system, with their children.

    python speed/start.py                                  # a rerun, and compiled formulas with and without their cache
    python speed/start.py --data-root DATA                 # also `score` of 50 triples of RoadScene
    python speed/start.py --against OLD                    # beside an earlier checkout, which lies in OLD/fusionbench

Each kind of process runs in turn with the others. Prints a table and writes speed/results/start.json.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from timing import write

PARENT = Path(__file__).resolve().parents[2]
CARD = "VIFF,Qabf,SSIM,MI,CC,SCD"
FIRST = (
    "import sys, time; from fusionbench.metrics import CARD, METRICS, evaluate; "
    "from fusionbench.metrics.guide.example import example; images = [x[:96, :112] for x in example()]; "
    "keys = list(METRICS) if sys.argv[1] == 'all' else CARD; begin = time.process_time(); "
    "evaluate(*images, metrics=keys); print(time.process_time() - begin)"
)


def spent(parent: Path, arguments: list[str], place: Path, cache: bool) -> float:
    """Run Python with arguments; return its seconds of CPU time, or those that it prints."""
    surroundings = os.environ | {
        "PYTHONPATH": str(parent), "PYTHONPYCACHEPREFIX": str(place / "bytecode"),
        "FUSIONBENCH_CACHE": str(place / "cache"), "FUSIONBENCH_COMPILED": "" if cache else "off",
    }  # fmt: skip
    surroundings |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], env=surroundings, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if arguments[0] == "-c":
        return float(done.stdout)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands(place: Path, data_root: Path | None) -> dict[str, tuple[list[str], bool]]:
    """What is timed, by name: the arguments of Python, and whether compiled formulas are kept on disk."""
    run = ["-m", "fusionbench", "run", "--out", str(place / "rerun")]
    work = {
        "the same run again, all done": (run, True),
        "six metrics for the first time": (["-c", FIRST, "six"], True),
        "all metrics for the first time": (["-c", FIRST, "all"], True),
        "six metrics, no cache": (["-c", FIRST, "six"], False),
        "all metrics, no cache": (["-c", FIRST, "all"], False),
    }
    if data_root is not None:
        data = ["-d", "RoadScene", "--data-root", str(data_root), "--limit", "50", "--metrics"]
        fused = place / "fused"
        spent(PARENT, ["-m", "fusionbench", "run", "-m", "average", *data, "EN", "--out", str(fused)], place, True)
        score = ["-m", "fusionbench", "score", "--fused", str(fused / "RoadScene" / "average" / "fused"), *data, CARD]
        work["score, 50 triples"] = ([*score, "--out"], True)
    return work


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="times of each, in turn (default 5)")
    parser.add_argument("--data-root", type=Path, help="where RoadScene lies")
    parser.add_argument("--against", type=Path, help="a folder in which an earlier checkout lies, called fusionbench")
    options = parser.parse_args()
    parents = {"now": PARENT} | ({"before": options.against.resolve()} if options.against else {})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        work = commands(place, options.data_root)
        times: dict[str, list[float]] = {}
        for turn in range(options.rounds + 1):
            for name, (arguments, cache) in work.items():
                for when, parent in parents.items():
                    new = [str(place / f"{when}-{turn}")] if arguments[-1] == "--out" else []
                    took = spent(parent, [*arguments, *new], place, cache)
                    times.setdefault(f"{name}, {when}", []).extend([took] if turn else [])  # the first fills caches
    print(f"\nCPU seconds of a process, medians of {options.rounds}\n")
    for name, values in times.items():
        print(f"{name:44}{median(values):8.2f}")
    seconds = {
        name: {"median": median(values), "best": min(values), "n": len(values)} for name, values in times.items()
    }
    write("start", {"threads": 1, "seconds": seconds})


if __name__ == "__main__":
    main()
