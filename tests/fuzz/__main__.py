"""Read damaged files with every reader, and count how that ends.

    python -m tests.fuzz                        # 1,000 inputs for each reader
    python -m tests.fuzz png lists --inputs 300 # for these
    python -m tests.fuzz png --seed 0 --only 17 # one input again, with the whole traceback

A reader answers with a value, or with one of our errors, of one line that names the file. Anything else is a fault, and
the command ends with 1: another exception, a crash, no answer in ten seconds, a gigabyte of memory more than before.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .faulty import FAULTY
from .readers import READERS, Reader
from .work import CRASH, FAULTS, HANG, MEMORY, OUTCOMES, Outcome, Worker

SHOWN = 3  # different faults of a reader
MOST = 10  # faults of a reader that end the process, after which it is left


def main(arguments: list[str]) -> int:
    """Run the command; 1 where there is any fault."""
    asked = _parse(arguments)
    known = {reader.name: reader for reader in (*READERS, *FAULTY)}
    names = asked.readers or [reader.name for reader in READERS]
    if unknown := sorted(set(names) - known.keys()):
        print(f"there is no reader {', '.join(unknown)}: there are {', '.join(known)}")
        return 2
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FUSIONBENCH_CACHE"] = str(Path(folder, "cache"))
        with Worker(Path(folder), asked.seed, known) as worker:
            if asked.only is not None:
                return max([_again(worker, name, asked.only) for name in names])
            return _all(worker, [known[name] for name in names], asked.inputs, asked.seed)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help="all by default")
    parser.add_argument("--inputs", type=int, default=1000, help="for each reader (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: 0)")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this input alone")
    return parser.parse_args(arguments)


def _all(worker: Worker, readers: list[Reader], inputs: int, seed: int) -> int:
    """Print a line of counts for each reader, and below it what to run to see a fault."""
    print(f"{'reader':<18}" + "".join(f"{outcome:>12}" for outcome in OUTCOMES))
    total: Counter[str] = Counter()
    for reader in readers:
        if not reader.possible:
            print(f"{reader.name:<18}left out: PyTorch is not installed")
            continue
        counts, faults = _count(worker, reader.name, inputs)
        total += counts
        print(f"{reader.name:<18}" + "".join(f"{counts[outcome]:>12}" for outcome in OUTCOMES))
        for number, fault in list(faults.values())[:SHOWN]:
            last = fault.text.strip().rpartition("\n")[2][:200]
            print(
                f"  {fault.kind}: {last}\n    python -m tests.fuzz {reader.name} --seed {seed} --only {number}",
                flush=True,
            )
    print(f"{'all':<18}" + "".join(f"{total[outcome]:>12}" for outcome in OUTCOMES))
    return int(any(total[fault] for fault in FAULTS))


def _count(worker: Worker, name: str, inputs: int) -> tuple[Counter[str], dict[str, tuple[int, Outcome]]]:
    """Count the outcomes of a reader, and keep the first input of each fault that is another one."""
    counts: Counter[str] = Counter()
    faults: dict[str, tuple[int, Outcome]] = {}
    for number in range(inputs):
        outcome = worker.read(name, number)
        counts[outcome.kind] += 1
        if outcome.kind in FAULTS:
            faults.setdefault(_place(outcome), (number, outcome))
        if sum(counts[kind] for kind in (CRASH, HANG, MEMORY)) >= MOST:
            break
    return counts, faults


def _place(outcome: Outcome) -> str:
    """Say where a fault is: the last line of code, and the kind of the exception."""
    lines = [line for line in outcome.text.splitlines() if line.startswith("  File ")]
    return " ".join([outcome.kind, *lines[-1:]])


def _again(worker: Worker, name: str, number: int) -> int:
    outcome = worker.read(name, number)
    print(f"{name}: {outcome.kind}\n{outcome.text}")
    return int(outcome.kind in FAULTS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
