"""Kill runs at random moments, start them again, and compare what they leave with a run that nobody killed.

    python -m tests.kills                     # 100 kills
    python -m tests.kills --kills 1000 --seed 3

Runs have threads and processes in turn, and every second start fuses in batches. Whatever moment a kill meets
(libraries are imported, a row is half written, an image lies under its temporary name), the last start has to end with
the rows and images of the unbroken run: the command ends with 1 where one differs, is lost, or is there twice. In a
second part, the oldest worker of a run is killed after some pairs each.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from .bench.stored import stored
from .scenes import write_noise

PAIRS = 40
EVERY = 15  # pairs, after which a worker is killed
# a little of each pair's time is the method's, so that kills meet all that a run does
METHOD = """\
import time
import numpy as np
from fusionbench.methods import Method

class Slow(Method):
    name, summary, reference, tasks = "slow", "the greater of both, slowly", "ours", ("IVF",)
    learned = True  # so that it takes batches

    def fuse(self, a, b, **context):
        time.sleep(0.02 * len(a))
        return np.maximum(a, b)
"""


def main(arguments: list[str]) -> int:
    """Run the command; 1 where a run that was killed differs from the unbroken one."""
    parser = argparse.ArgumentParser("python -m tests.kills", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="of runs (default: 100)")
    parser.add_argument("--pairs", type=int, default=200, help="of the run whose workers are killed (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        kills, runs, restarts = kill_runs(Path(folder), asked.kills, Random(asked.seed))
        print(f"{kills} kills of {runs} runs of {PAIRS} pairs, {restarts} starts: rows and images as without")
        ended = kill_workers(Path(folder, "workers"), asked.pairs)
        print(f"{ended} workers killed in a run of {asked.pairs} pairs: {asked.pairs} right rows")
    return 0


def kill_runs(folder: Path, kills: int, random: Random) -> tuple[int, int, int]:
    """Kill and start again until there were so many kills; then count kills, runs and starts.

    Raises
    ------
    AssertionError
        A run left something else than the unbroken one.
    """
    source = write_noise(folder / "scenes", [f"p{number:03}" for number in range(PAIRS)])
    _finish(_start(folder, source, folder / "unbroken", "threads"))
    wanted = stored(folder / "unbroken")
    done, runs, starts = 0, 0, 0
    while done < kills:
        out, executor = folder / f"run{runs}", ("threads", "processes")[runs % 2]
        runs += 1
        while True:
            starts += 1
            process = _start(folder, source, out, executor, batch=(1, 3)[starts % 2])
            if done == kills:
                break
            try:
                process.wait(random.uniform(0.1, 4))
                break  # it was faster than the kill
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                done += 1
        _finish(process)
        check(out, wanted)
    return done, runs, starts


def kill_workers(folder: Path, pairs: int) -> int:
    """Kill the oldest worker of a run again and again, until it is done; return how many were killed.

    Raises
    ------
    AssertionError
        The run left something else than an unbroken one.
    """
    import psutil

    folder.mkdir()
    source = write_noise(folder / "scenes", [f"p{number:03}" for number in range(pairs)])
    _finish(_start(folder, source, folder / "unbroken", "threads"))
    process, killed, before = _start(folder, source, folder / "out", "processes"), 0, 0
    table = folder / "out" / "scenes" / "slow" / "metrics.csv"
    while process.poll() is None:
        time.sleep(0.5)
        done = table.read_bytes().count(b"\n") if table.exists() else 0
        if done < before + EVERY:  # a machine that is slow to start workers is not to blame the method for it
            continue
        try:
            children = psutil.Process(process.pid).children()
            workers = [child for child in children if "spawn_main" in str(child.cmdline())]
            if workers:  # a younger one may be at what another was killed at, and thrice counts as the method's fault
                os.kill(min(workers, key=psutil.Process.create_time).pid, signal.SIGKILL)
                killed, before = killed + 1, done
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    _finish(process)
    check(folder / "out", stored(folder / "unbroken"))
    return killed


def check(out: Path, wanted: dict[str, object]) -> None:
    """Compare what a run stored with what it should have; no pair may be counted twice."""
    there = stored(out)
    assert there.keys() == wanted.keys(), f"lost or left over: {there.keys() ^ wanted.keys()}"
    for name, content in wanted.items():
        assert there[name] == content, f"{name} differs"
    with (out / "leaderboard.csv").open() as file:
        scored = {int(row["scored"]) for row in csv.DictReader(file)}
    names = {path.name for path in out.rglob("fused/*")}
    assert scored == {len(names)}, f"{scored} pairs are counted, of {len(names)}"


def _start(folder: Path, source: Path, out: Path, executor: str, batch: int = 1) -> subprocess.Popen[str]:
    (folder / "slow.py").write_text(METHOD)
    command = [sys.executable, "-m", "fusionbench", "run", "-m", f"{folder / 'slow.py'}:Slow", "-m", "average"]
    command += ["-d", str(source), "-o", str(out), "--executor", executor, "-j", "2", "--metrics", "EN,SF"]
    command += ["--batch", str(batch)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> None:
    said = process.communicate()[1]
    assert process.returncode == 0, said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
