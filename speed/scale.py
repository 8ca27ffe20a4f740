"""What a pair costs in runs of a hundred to a hundred thousand, fused and scored, and twice again with nothing to do.

    python speed/scale.py                           # a table, also in the docs
    python speed/scale.py --fused 10000             # up to 10,000 pairs are really fused, which saves minutes
    python speed/scale.py --counts 100 1000         # some; prints only

Images are 16 x 16, so that what is measured is the engine: `run -m average --metrics EN` in a process of its own, with
one thread. Above `--fused` pairs the finished run is made of copies of a hundred's rows and images, and only those with
nothing to do are measured. The first of these reads all files, the second those alone of which sizes or times changed.
Time is that of the clock, CPU time user and system, memory the most that was resident.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from start import PARENT
from timing import keep, write

from fusionbench.results import RunFolder
from fusionbench.results.rows import header_line, row_line

COUNTS = (100, 1_000, 10_000, 100_000)
DISTINCT = 100  # images; the others are links to them
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
MARKS = "<!-- speed/scale.py -->", "<!-- end of scale -->"
CHILD = """
import contextlib, io, json, os, resource, sys, time
begin = time.perf_counter()
from fusionbench.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(each.ru_utime + each.ru_stime for each in usage)
print(json.dumps({"seconds": time.perf_counter() - begin, "cpu": cpu, "megabytes": int(peak) / 1024}))
"""


def images(data: Path, count: int) -> None:
    """Make the pairs of a data set, whose images are noise."""
    rng = np.random.default_rng(0)
    for side in ("ir", "vi"):
        (data / side).mkdir(parents=True)
        for i in range(count):
            file = data / side / f"{i:06d}.png"
            if i < DISTINCT:
                cv2.imwrite(str(file), rng.integers(0, 256, (16, 16), dtype=np.uint8))
            else:
                os.link(data / side / f"{i % DISTINCT:06d}.png", file)


def command(data: Path, out: Path, *more: str) -> dict[str, float]:
    """Run it, and return what it took."""
    run = ["run", "-m", "average", "-d", str(data), "--metrics", "EN", "--workers", "1", "--out", str(out), *more]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    surroundings = os.environ | threads | {"PYTHONPATH": str(PARENT)}
    done = subprocess.run([sys.executable, "-c", CHILD, *run], env=surroundings, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    result: dict[str, float] = json.loads(done.stdout)
    return result


def finish(data: Path, out: Path, count: int) -> None:
    """Make a finished run of copies of its first pairs."""
    command(data, out, "--limit", str(DISTINCT))
    folder = RunFolder(out / data.name / "average")
    rows = list(folder.rows().values())
    lines = [header_line([*rows[0].metrics])]
    for i in range(count):
        row = replace(rows[i % DISTINCT], pair=f"{i:06d}")
        lines.append(row_line(row, [*rows[0].metrics]))
        if i >= DISTINCT:
            os.link(folder.image(rows[i % DISTINCT].pair), folder.image(row.pair))
    folder.table.write_text("".join(lines), encoding="utf-8")


def measure(count: int, fused: int) -> dict[str, Any]:
    """Measure a run of so many pairs, and the same again."""
    with tempfile.TemporaryDirectory() as place:
        data, out = Path(place) / "pairs", Path(place) / "out"
        images(data, count)
        first = None
        if count <= fused:
            first = command(data, out)
        else:
            finish(data, out, count)
        table = out / data.name / "average" / "metrics.csv"
        before = table.read_bytes()
        time.sleep(3)  # what was changed within two seconds is read each time
        again = [command(data, out) for _ in range(2)]
        rows = before.count(b",ok,")
        if rows != count or table.read_bytes() != before:
            raise SystemExit(f"{rows} of {count} pairs were done, or the second run did something")
        return {"pairs": count, "run": first, "again": again}


def table_of(results: list[dict[str, Any]]) -> str:
    """The table in Markdown."""
    lines = [
        f"| pairs | {' | '.join(f'{what}: s | CPU, ms a pair | peak, MB' for what in ('run', 'again', 'once more'))} |",
        f"|{' ---: |' * 10}",
    ]
    for result in results:
        cells = [f"{result['pairs']:,}"]
        for took in (result["run"], *result["again"]):
            numbers = took and (took["seconds"], took["cpu"] / result["pairs"] * 1000, took["megabytes"])
            cells += [f"{numbers[0]:.1f}", f"{numbers[1]:.2f}", f"{numbers[2]:.0f}"] if numbers else ["", "", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", help="of pairs; nothing is kept then")
    parser.add_argument("--fused", type=int, default=COUNTS[-1], help="up to so many are really fused (default: all)")
    options = parser.parse_args()
    results = []
    for count in options.counts or COUNTS:
        results.append(measure(count, options.fused))
        print(json.dumps(results[-1]), flush=True)
    print(table_of(results))
    if not options.counts:
        write("scale", {"threads": 1, "runs": results})
        keep(PAGE, MARKS, table_of(results))


if __name__ == "__main__":
    main()
