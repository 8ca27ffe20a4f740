"""Losses out of the logs of trainings, of whatever form: what programs print, tables, JSON lines; and their comparison.

A log may be UTF-8, UTF-16, GB 18030 or Latin-1, and hold progress bars, which draw a line anew after a carriage return.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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


def read_log(path: Path) -> pd.DataFrame:
    """Read the losses of a log, each epoch and step once: the last line about it counts.

    Returns
    -------
    A row a loss: `epoch`, `step` (NaN where the losses are by the epoch), `loss` (NaN and infinite ones among them),
    the `time` when it was printed and the `pace` in seconds a step, as far as the log has them.

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
    found = pd.DataFrame(_records(_sentences(lines)), columns=["name", "epoch", "step", "loss", "time", "pace"])
    if not len(found):
        raise InputError(f"{path} has no loss in it: what is read are lines such as 'Epoch 1, loss: 0.5', or a table")
    found["time"] = pd.to_datetime(found.time, format="mixed", errors="coerce")
    found = found.drop_duplicates(["name", "epoch", "step"], keep="last")
    names = found.name.value_counts()
    table = found[found.name == next((key for key in _MAIN if key in names), names.index[0])]
    by_step = table.step.notna()
    return table[by_step if by_step.mean() > 0.5 else ~by_step]


def seconds(log: pd.DataFrame) -> pd.Series[float]:
    """Return those from each loss of a log to the next, by the clock or else as a progress bar says, but for pauses."""
    gaps = log.time.dropna().diff().dt.total_seconds()
    gaps = gaps[gaps >= 0]
    gaps = gaps if len(gaps) else log.pace.dropna()
    return gaps[gaps <= PAUSE * max(gaps.median(), 1.0)]


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


def _sentences(lines: Sequence[str]) -> Sequence[str]:
    """Write the rows of a table with a header, or numbers alone, one a line, as a program would print them."""
    if all(re.fullmatch(_NUMBER, line.strip(), re.IGNORECASE) for line in lines):
        return [f"epoch: {i}, loss: {line}" for i, line in enumerate(lines, start=1)]
    names, *rows = [[cell.strip().strip('"') for cell in re.split(r"[,;\t]", line)] for line in lines]
    if len(names) < 2 or not all(map(str.isidentifier, names)) or "loss" not in " ".join(names).lower():
        return lines
    placed = any(_EPOCH.match(f"{name} 1") or _STEP.match(f"{name} 1") for name in names)
    return [
        ("" if placed else f"epoch: {i}, ") + ", ".join(map(": ".join, zip(names, row, strict=True)))
        for i, row in enumerate(rows, start=1)
        if len(row) == len(names)
    ]


def _records(lines: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Find each loss in lines of text: name, epoch, step, value, time, pace; an epoch holds until the next is named."""
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
        begins = step is None or (last is not None and step < last)  # an epoch, or a bar anew
        if epoch is None and begins:
            count += 1
        last = step if step is not None else last
        stamp, speed = _TIME.search(line), _SPEED.search(line)
        pace = float(speed[1]) if speed else 0.0
        pace = 1 / pace if speed and pace and speed[2] == "it/s" else pace
        time = stamp[0].replace("/", "-").replace(",", ".") if stamp else None
        for name, loss in losses.items():
            yield name, count if epoch is None else epoch, step, loss, time, pace or None


def _key(name: str) -> str:
    """Bring the name of a loss into one form; an average is called as what it averages."""
    words = [word for word in re.split(r"[^0-9a-z\u4e00-\u9fff]+", name.casefold()) if word]
    rest = [word for word in words if word not in ("epoch", "average", "avg", "mean", "the", "step", "current", "and")]
    return "_".join(rest or words)


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
    logs = dict(zip(_names(paths), map(read_log, paths), strict=True))
    epochs = {name: log.groupby("epoch").loss.agg(pd.Series.mean, skipna=False) for name, log in logs.items()}
    first, by_step = next(iter(logs)), {name: bool(log.step.notna().all()) for name, log in logs.items()}
    unit, curves = "epoch", epochs
    if all(by_step.values()):
        unit = "step"
        curves = {name: pd.Series(log.loss.to_numpy(), np.arange(1, len(log) + 1)) for name, log in logs.items()}
    losses = pd.concat(curves, axis=1, join="inner")
    if losses.empty:
        raise InputError(f"{' and '.join(map(str, paths))} have no epoch in common")
    window = max(2, len(losses) // len(epochs[first])) if unit == "step" else EPOCHS
    rows = list(curve_rows(losses, [first], window))
    taken = {name: seconds(log) for name, log in logs.items()}
    rows += [["time", "", name, "step" if by_step[name] else "epoch", "wall_steady", each.mean()]
             for name, each in taken.items() if len(each)]  # fmt: skip
    losses = losses.add_suffix(":loss")
    write_tables(out, losses, as_table(rows), index=unit)
    plot_losses(losses, window, out / "loss_comparison.png", judge=first, unit=unit)
    return out


def _names(paths: Sequence[Path]) -> list[str]:
    """Call logs by their files, with their folders where these have one name, and by number where all is one."""
    for names in ([path.stem for path in paths], [f"{path.parent.name}/{path.stem}" for path in paths]):
        if len(set(names)) == len(names):
            return names
    return [f"{path.stem} {number}" for number, path in enumerate(paths, start=1)]
