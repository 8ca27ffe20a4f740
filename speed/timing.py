"""Taking times, and keeping them: CPU time of this process, or device events on a GPU."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fusionbench.environment import environment

RESULTS = Path(__file__).resolve().parent / "results"


def seconds(work: Callable[[], Any], device: str = "cpu") -> tuple[float, Any]:
    """Time one call, and return what it gives: CPU time of this process, user and system, or device time."""
    if device.startswith("cuda"):
        import torch

        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        result = work()
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1000, result
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def in_turn(
    work: Mapping[str, tuple[int, Callable[[], Any]]], rounds: int, device: str = "cpu"
) -> dict[str, list[float]]:
    """Time several kinds of work in turn, so that what else the machine does hits all alike.

    Parameters
    ----------
    work : by name: how often in a round, and what.
    """
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (repeats, function) in work.items():
            times[name] += [seconds(function, device)[0] for _ in range(repeats)]
    return times


def machine() -> dict[str, Any]:
    """The versions, the system and the processor, and whether that has the vectors that formulas are compiled for."""
    flags = Path("/proc/cpuinfo")
    return {**environment(), "avx512": flags.exists() and "avx512f" in flags.read_text().split()}


def write(name: str, result: Mapping[str, Any]) -> None:
    """Keep the result with the machine it is from."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **result}, indent=2) + "\n")
    print(f"\nwritten to {path}")


def keep(page: Path, marks: tuple[str, str], text: str) -> None:
    """Put a table into a page of the documentation, between two marks."""
    start, end = marks
    content = page.read_text(encoding="utf-8")
    head, _, rest = content.partition(start)
    page.write_text(f"{head}{start}\n\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
