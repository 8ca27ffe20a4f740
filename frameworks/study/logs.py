"""Losses out of the logs of trainings, of whatever form: what programs print, tables, JSON lines; and their comparison.

A log may be UTF-8, UTF-16, GB 18030 or Latin-1, and hold progress bars, which draw a line anew after a carriage return.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import InputError
from ...files import check_writable
from .figure import plot_losses
from .tables import as_table, curve_rows, write_tables

EPOCHS = 5  # over which to average where a log has one loss an epoch
PAUSE = 20.0  # times as long as the median: a training that was interrupted
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf(?:inity)?|nan"
_LOSS = re.compile(
    r"(?P<name>(?:[A-Za-z]\w*[ _.-])?\w*loss\w*(?:[ _.-][A-Za-z]\w*)?|损失\w*)[\"'\]]?\s*(?:\([^)\d]*\))?\s*"
    rf"(?:[:=：]|->|\bis\b)?\s*(?:[\w.]*[\[(]\s*)*(?P<value>{_NUMBER})(?![\w.])",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(?:\bepochs?|轮次)[\"']?[\s:=：#\[(]*(\d+)|第\s*(\d+)\s*(?:轮|个?\s*epoch)", re.IGNORECASE)
_STEP = re.compile(r"\b(?:global_?)?(?:steps?|iter(?:ation)?s?|batch)[\"']?[\s:=：#\[(]*(\d+)", re.IGNORECASE)
_BAR = re.compile(r"(?<![\d/])(\d+)/\d+\s*\[\d+:\d\d|\]\s*\[\s*(\d+)\s*/\s*\d+\s*\]")  # 12/75 [00:10<…]; [3/100][12/75]
_SPEED = re.compile(r"([\d.]+)\s*(s/it|it/s)")
_TIME = re.compile(r"\d{4}[-/]\d\d?[-/]\d\d?[ T]\d\d?:\d\d:\d\d(?:[.,]\d{1,6})?")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MAIN = ("loss", "total_loss", "loss_total", "train_loss", "training_loss", "损失")
Place = tuple[int | None, int | None]  # epoch and step of a loss


@dataclass(frozen=True)
class Log:
    """The losses of one training.

    Attributes
    ----------
    name : what to call it.
    places : epoch and step of each loss, None where the log does not say.
    losses : (n,), NaN and infinite ones among them.
    seconds : between one loss and the next, as far as the log tells.
    """

    name: str
    places: list[Place]
    losses: NDArray[np.float64]
    seconds: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> dict[int, float]:
        """The mean loss of each epoch that the log names."""
        groups: dict[int, list[float]] = {}
        for (epoch, _), loss in zip(self.places, self.losses.tolist(), strict=True):
            if epoch is not None:
                groups.setdefault(epoch, []).append(loss)
        return {epoch: float(np.mean(losses)) for epoch, losses in groups.items()}


def read_log(path: Path, name: str | None = None) -> Log:
    """Read the losses of a log, each epoch and step once: the last line about it counts.

    Raises
    ------
    InputError
        The file cannot be read, or has no loss.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({(error.strerror or str(error)).lower()})") from error
    lines = [line for line in re.split(r"[\r\n]+", _COLOURS.sub("", _decoded(content))) if line.strip()]
    values: dict[str, dict[Place, float]] = {}
    times: dict[Place, tuple[datetime | None, float | None]] = {}
    for place, parts, when in _table(lines) or _records(lines):
        for key, value in parts.items():
            series = values.setdefault(key, {})
            series.pop(place, None)
            series[place] = value
        times[place] = when
    if not values:
        raise InputError(f"{path} has no loss in it: what is read are lines such as 'Epoch 1, loss: 0.5', or a table")
    losses = next((values[key] for key in _MAIN if key in values), None) or max(values.values(), key=len)
    steps = {place: value for place, value in losses.items() if place[1] is not None}
    losses = steps if 2 * len(steps) > len(losses) else {p: v for p, v in losses.items() if p[1] is None}
    seconds = _seconds([times[place] for place in losses])
    return Log(name or path.stem, list(losses), np.array(list(losses.values())), seconds)


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        big = content[::2].count(0) > content[1::2].count(0)
        return content.decode("utf-16-be" if big else "utf-16-le", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            pass
    return content.decode("latin-1")


Record = tuple[Place, dict[str, float], tuple[datetime | None, float | None]]


def _records(lines: Sequence[str]) -> Iterator[Record]:
    """Find the losses in lines of text; an epoch holds until the next one is named."""
    epoch = last = None
    count = 0
    for line in lines:
        named = _EPOCH.search(line)
        if named:
            epoch = int(named[1] or named[2])
        step_match = _STEP.search(line) or _BAR.search(line)
        step = int(next(filter(None, step_match.groups()))) if step_match else None
        losses = {_key(match["name"]): float(match["value"]) for match in _LOSS.finditer(line)}
        if not losses:
            continue
        if named is None and step is not None and last is not None and step < last and epoch is None:
            count += 1  # a bar that begins anew
        last = step if step is not None else last
        if epoch is None and step is None:
            count += 1
        place: Place = (epoch, step) if epoch is not None else (count, step) if step is not None or count else (0, step)
        stamp, speed = _TIME.search(line), _SPEED.search(line)
        pace = None
        if speed and float(speed[1]):
            pace = float(speed[1]) if speed[2] == "s/it" else 1 / float(speed[1])
        yield place, losses, (_time(stamp[0]) if stamp else None, pace)


def _table(lines: Sequence[str]) -> list[Record]:
    """Read a table with a header, or numbers alone, one a line; nothing where the lines are neither."""
    rows = [[cell.strip().strip('"') for cell in re.split(r"[,;\t]", line)] for line in lines]
    numbers = [[_number(cell) for cell in row] for row in rows]
    nothing = (None, None)
    if all(len(row) == 1 and row[0] is not None for row in numbers):
        return [((i, None), {"loss": row[0]}, nothing) for i, row in enumerate(numbers, start=1) if row[0] is not None]
    names = [_key(cell) for cell in rows[0]] if rows else []
    if len(names) < 2 or not all(map(str.isidentifier, rows[0])) or not any("loss" in name for name in names):
        return []
    records: list[Record] = []
    for number, row in enumerate(numbers[1:], start=1):
        if len(row) != len(names):
            continue
        cells = {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        epoch, step = (next((int(cells[n]) for n in known if n in cells), None)
                       for known in (("epoch",), ("step", "iteration", "iter", "batch")))  # fmt: skip
        losses = {name: cell for name, cell in cells.items() if "loss" in name}
        records.append(((epoch if (epoch, step) != nothing else number, step), losses, nothing))
    return records


def _key(name: str) -> str:
    """Bring the name of a loss into one form; an average is called as what it averages."""
    words = [word for word in re.split(r"[^0-9a-z\u4e00-\u9fff]+", name.casefold()) if word]
    rest = [word for word in words if word not in ("epoch", "average", "avg", "mean", "the", "step", "current", "and")]
    return "_".join(rest or words)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(_NUMBER, text, re.IGNORECASE) else None


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("/", "-").replace(",", "."))
    except ValueError:
        return None


def _seconds(times: Sequence[tuple[datetime | None, float | None]]) -> list[float]:
    """Tell the seconds from each loss to the next, by the clock or else as a progress bar says, but for pauses."""
    clock = [stamp for stamp, _ in times if stamp is not None]
    gaps = [(after - before).total_seconds() for before, after in pairwise(clock)]
    gaps = [gap for gap in gaps if gap >= 0] or [pace for _, pace in times if pace is not None]
    return [gap for gap in gaps if gap <= PAUSE * max(float(np.median(gaps)), 1.0)]


def compare_logs(paths: Sequence[Path], out: Path) -> Path:
    """Compare the losses of trainings that were done elsewhere: the same tables and picture as a study's.

    Logs that have their losses by the step are compared by the step, unless one has them by the epoch only. What is
    compared is what all have; the first log is the one that the others are compared with.

    Parameters
    ----------
    paths : two logs or more.
    out : the folder for losses.csv, comparison.csv, comparison.md and loss_comparison.png.

    Raises
    ------
    InputError
        There are fewer than two logs, one has no loss, they have no epoch in common, or the folder holds a study.
    """
    if len(paths) < 2:
        raise InputError("a comparison takes two logs or more: give --read once for each")
    if (out / "study.json").exists():
        raise InputError(f"{out} holds a study: choose another --out")
    check_writable(out)
    logs = [read_log(path, name) for path, name in zip(paths, _names(paths), strict=True)]
    by_step = all(place[1] is not None for log in logs for place in log.places)
    if by_step:
        number = min(len(log.losses) for log in logs)
        curves = {log.name: log.losses[:number] for log in logs}
        window = max(2, number // max(1, len(logs[0].epochs)))
        index = np.arange(1, number + 1)
    else:
        epochs = {log.name: log.epochs for log in logs}
        common = sorted(set.intersection(*(set(each) for each in epochs.values())))
        curves = {name: np.array([each[epoch] for epoch in common]) for name, each in epochs.items()}
        window, index = EPOCHS, np.array(common)
    if not len(index):
        raise InputError(f"{' and '.join(map(str, paths))} have no epoch in common")
    losses = pd.DataFrame({f"{name}:loss": curve for name, curve in curves.items()}, index=index)
    rows = list(curve_rows(curves, [logs[0].name], window))
    unit = "step" if by_step else "epoch"
    for log in logs:
        if log.seconds:
            item = "epoch" if all(step is None for _, step in log.places) else "step"
            rows.append(["time", "", log.name, item, "wall_steady", float(np.mean(log.seconds))])
    write_tables(out, losses, as_table(rows), index=unit)
    plot_losses(losses, window, out / "loss_comparison.png", judge=logs[0].name, unit=unit)
    return out


def _names(paths: Sequence[Path]) -> list[str]:
    """Call logs by their files, with their folders where these have one name, and by number where all is one."""
    for names in ([path.stem for path in paths], [f"{path.parent.name}/{path.stem}" for path in paths]):
        if len(set(names)) == len(names):
            return names
    return [f"{path.stem} {number}" for number, path in enumerate(paths, start=1)]
