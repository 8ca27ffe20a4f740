"""The leaderboard as CSV: means, intervals and ranks of the stored rows, by data set and method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..cells import spreadsheet
from ..tasks import TaskRecord
from . import efficiency, tasks
from .boards import Board
from .ranks import standings

HEADER = (
    "dataset", "method", "protocols", "pairs", "scored", "failed", "skipped", "undefined", "mean_rank", "borda",
)  # fmt: skip
LOW, HIGH, NOTES = ":low", ":high", "notes"


def to_csv(boards: Iterable[Board], incomplete: bool = False, records: Sequence[TaskRecord] = ()) -> str:
    """Render the leaderboard as CSV.

    The columns of HEADER come first, then a mean for each metric@convention, then the ends of each mean's 95 %
    bootstrap interval as metric@convention:low and :high. Where methods were profiled, there follow `parameters` and,
    for each size and device such as 480x640/cpu, flops@, latency@ (median seconds of a pair, its quartiles as :low
    and :high), throughput@ (pairs in a second), peak_memory@ (bytes) and machine@; a method without a network has
    neither parameters nor flops. Then there is what detectors and segmenters made of the images, from `records`, as
    AP50@detection/frozen/yolox-nano. The last column, `notes`, has what a reader of the numbers must know.

    `pairs` counts the pairs of the data set, `scored`, `failed` and `skipped` those of the method, and `undefined`
    lists metrics that are not defined for some scored pairs, as metric@convention:count. `mean_rank` and `borda` are
    over the metrics of the data set, and empty for a method that lacks pairs (`incomplete` ranks these too). Means
    are over the scored pairs and in full precision; an empty cell was not scored.
    """
    boards = list(boards)
    keys = list(dict.fromkeys(column.key for board in boards for column in board.columns))
    ends = [key + end for key in keys for end in (LOW, HIGH)]
    profiles = [profile for board in boards for entry in board.entries for profile in entry.profiles]
    of_tasks = tasks.columns(records)
    lines: list[list[object]] = [[*HEADER, *keys, *ends, *efficiency.header(profiles), *of_tasks, NOTES]]
    settings = efficiency.settings(profiles)
    for board in boards:
        places = {standing.method: standing for standing in standings([board], incomplete)}
        for entry in board.entries:
            undefined = " ".join(f"{key}:{count}" for key, count in entry.undefined.items())
            counts = (board.pairs, entry.scored, entry.failed, entry.skipped)
            place = places[entry.method]
            ranks = (_full(place.mean_rank), _full(place.borda))
            means = [_full(entry.means.get(key, math.nan)) for key in keys]
            intervals = [_full(end) for key in keys for end in entry.interval(key)]
            about = (board.dataset, entry.method, entry.protocols, *counts, undefined, *ranks)
            costs = efficiency.values(entry.profiles, settings) if settings else []
            found = tasks.cells(records, of_tasks, board.dataset, entry.method)
            lines.append([*about, *means, *intervals, *costs, *found, " ".join(entry.notes)])
    return spreadsheet(lines)


def _full(value: float) -> str:
    return "" if math.isnan(value) else repr(value + 0.0)  # no negative zero
