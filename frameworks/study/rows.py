"""From what the runs gave to tidy tables: one row a number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .runs import BASE, JUDGE, PORT

COLUMNS = ("topic", "point", "run", "item", "quantity", "value")
FIRST = 20  # steps over which the frameworks must agree
Array = NDArray[np.float64]
Kept = Mapping[str, Mapping[str, Any]]


def difference_rows(
    point: str, stages: Mapping[str, NDArray[Any]], gradients: Mapping[str, NDArray[Any]], judge: Mapping[str, Any]
) -> list[list[Any]]:
    """Compare forward values and gradients with the judge's.

    Parameters
    ----------
    point : "start" or "end" of the training.
    judge : its stages as "s:NAME", its gradients as "g:NAME".

    Returns
    -------
    Rows of topic, point, item, quantity, value. A stage's `largest_difference` is in its own units and
    `relative_difference` divides it by the judge's largest magnitude; a gradient's is the norm of the difference by the
    norm of the judge's. The item "all" is the whole gradient.
    """
    rows: list[list[Any]] = []
    for name, values in stages.items():
        exact = judge[f"s:{name}"]
        largest = float(np.abs(values.reshape(exact.shape) - exact).max())
        rows.append(["forward", point, name, "largest_difference", largest])
        rows.append(["forward", point, name, "relative_difference", largest / float(np.abs(exact).max())])
    squares = np.zeros(2)
    for name, values in gradients.items():
        exact = judge[f"g:{name}"]
        pair = np.array([np.square(values.reshape(exact.shape) - exact).sum(), np.square(exact).sum()])
        rows.append(["gradient", point, name, "relative_difference", _ratio(pair)])
        squares += pair
    rows.append(["gradient", point, "all", "relative_difference", _ratio(squares)])
    return rows


def _ratio(squares: Array) -> float:
    """Return the ratio of two norms: 0 where there is nothing to differ, as in the text's layer without a text."""
    if squares[1] == 0:
        return 0.0 if squares[0] == 0 else float("inf")
    return float(np.sqrt(squares[0] / squares[1]))


def comparison_csv(runs: Kept, epoch: int) -> str:
    """Write the table of everything that was measured.

    Parameters
    ----------
    runs : what each run gave, by name.
    epoch : steps in which every pair is seen once.
    """
    rows: list[list[Any]] = []
    for name, kept in runs.items():
        rows += [[topic, point, name, item, quantity, value] for topic, point, item, quantity, value in kept["values"]]
        rows += [
            ["time", "", name, item, quantity, value] for item, quantity, value in times(kept["took"], kept["children"])
        ]
    rows += list(_curves(runs, epoch))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([*row[:-1], repr(float(row[-1]))] for row in rows)
    return buffer.getvalue()


def times(took: Mapping[str, Any], children: float = 0.0) -> Iterable[tuple[str, str, float]]:
    """Say what the start, a step and an image took: the first, and the median of those that compiled nothing.

    Parameters
    ----------
    took : what each call took.
    children : CPU seconds of the worker and its compilers, known when they have ended. Compilers that outlast a call
        are in no call's.
    """
    compiled = sum(each["compiling"] for calls in took.values() for each in calls)
    computed = sum(each["cpu"] for calls in took.values() for each in calls)
    yield "run", "compiling", max(compiled, children - computed)
    for call, item in (("start", "start"), ("step", "step"), ("forward", "image")):
        calls = took.get(call, [])
        if not calls:
            continue
        for kind in ("wall", "cpu", "compiling"):
            yield item, f"{kind}_first", calls[0][kind]
        later = [each for each in calls[1:] if not each["compiling"]] or calls[1:]
        for kind in ("wall", "cpu") if later else ():
            yield item, f"{kind}_steady", float(np.median([each[kind] for each in later]))


def swing(losses: Array, epoch: int) -> float:
    """Return how far a curve swings: the deviation from its moving mean over one epoch, root mean square.

    The mean is over a window in which every pair counts about once, so what remains is which pairs a batch has, and
    chance; the ends, where the window is not full, are left out.

    Examples
    --------
    >>> swing(np.array([1.0, 3.0, 1.0, 3.0, 1.0]), 2)
    1.0
    """
    mean = moving_mean(losses, epoch)
    inside = np.isfinite(mean)
    return float(np.sqrt(np.mean(np.square(losses[inside] - mean[inside])))) if inside.any() else float("nan")


def moving_mean(values: Array, width: int) -> Array:
    """Return the mean of `width` values before, at and after each place, NaN where they are not all there.

    Of an even width the two outermost count half, so that the window is centred.
    """
    kernel = np.ones(width) if width % 2 else np.r_[0.5, np.ones(width - 1), 0.5]
    out = np.full(len(values), np.nan)
    if len(values) >= len(kernel):
        half = len(kernel) // 2
        out[half : len(values) - half] = np.convolve(values, kernel / kernel.sum(), mode="valid")
    return out


def _curves(runs: Kept, epoch: int) -> Iterable[list[Any]]:
    """Compare the loss curves: with the judge's, PyTorch's in float32, Jittor's in its mathematics; each by itself."""
    curves = {name: np.array(kept["losses"]["loss"]) for name, kept in runs.items() if kept["losses"]}
    whole = {name: curve for name, curve in curves.items() if len(curve) == len(curves[JUDGE])}
    for name, curve in whole.items():
        yield ["losses", "", name, "loss", "swing", swing(curve, max(2, epoch))]
        for other in (JUDGE, BASE, PORT):
            if name == other:
                continue
            difference = np.abs(curve - whole[other]) / np.abs(whole[other])
            yield ["losses", "", name, "loss", f"rms_difference_from_{other}", np.sqrt(np.mean(difference**2))]
            yield ["losses", "", name, "loss", f"largest_difference_from_{other}", difference.max()]
            yield ["losses", "", name, "loss", f"largest_difference_from_{other}_in_{FIRST}_steps",
                   difference[:FIRST].max()]  # fmt: skip


def losses_csv(runs: Kept) -> str:
    """Write the losses of each step: a row a step, a column a run and loss, empty where a run has ended."""
    columns = {f"{name}:{loss}": values for name, kept in runs.items() for loss, values in kept["losses"].items()}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["step", *columns])
    for step in range(max(map(len, columns.values()))):
        writer.writerow([step + 1, *(repr(v[step]) if step < len(v) else "" for v in columns.values())])
    return buffer.getvalue()
