"""The tables of a study: a row for each number that was measured, and for readers a few short ones in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...files import write_text
from .plan import BASE, JUDGE, PORT

KEYS = ["topic", "point", "run", "item", "quantity"]
FIRST = 20  # steps over which the frameworks must agree
NAN = float("nan")
FARTHEST = 8  # layers whose gradients are listed
Results = Mapping[str, Mapping[str, Any]]


def difference_rows(
    topic: str, point: str, values: Mapping[str, NDArray[Any]], judge: Mapping[str, NDArray[Any]]
) -> Iterator[list[Any]]:
    """Compare what a run computes with what the judge does.

    Parameters
    ----------
    topic : "forward" for stages, "gradient" for gradients.
    point : "start" or "end" of the training.
    values, judge : arrays by name.

    Yields
    ------
    Rows of topic, point, item, quantity, value. A stage's `largest_difference` is in its own units and
    `relative_difference` divides it by the judge's largest magnitude; a gradient's is the norm of the difference by the
    norm of the judge's. The item "all" is the whole gradient.
    """
    squares = np.zeros(2)
    for name, exact in judge.items():
        difference = values[name].reshape(exact.shape) - exact
        if topic == "forward":
            largest = float(np.abs(difference).max())
            yield [topic, point, name, "largest_difference", largest]
            yield [topic, point, name, "relative_difference", largest / float(np.abs(exact).max())]
        else:
            sums = np.array([np.square(difference).sum(), np.square(exact).sum()])
            squares += sums
            yield [topic, point, name, "relative_difference", _ratio(*sums)]
    if topic == "gradient":
        yield [topic, point, "all", "relative_difference", _ratio(*squares)]


def _ratio(difference: float, exact: float) -> float:
    """Return the ratio of two norms: 0 where there is nothing to differ, as in the text's layer without a text."""
    return float(np.sqrt(difference / exact)) if exact else 0.0 if difference == 0 else float("inf")


def comparison_table(results: Results, epoch: int) -> pd.DataFrame:
    """Put everything that was measured into rows of topic, point, run, item, quantity, value.

    Parameters
    ----------
    results : what each run gives, by name.
    epoch : steps in which every pair is seen once.
    """
    rows: list[list[Any]] = []
    for run, result in results.items():
        rows += [[topic, point, run, *rest] for topic, point, *rest in result["values"]]
        rows += [["time", "", run, *rest] for rest in times(result["took"], result["children"])]
    curves = {run: np.array(result["losses"]["loss"]) for run, result in results.items()}
    whole = {run: curve for run, curve in curves.items() if len(curve) == len(curves[JUDGE])}
    rows += curve_rows(whole, [other for other in (JUDGE, BASE, PORT) if other in whole], epoch)
    return as_table(rows)


def as_table(rows: Iterable[list[Any]]) -> pd.DataFrame:
    """Make the table of its rows."""
    return pd.DataFrame(rows, columns=[*KEYS, "value"]).astype({"value": float})


def times(calls: Mapping[str, list[dict[str, float]]], children: float = 0.0) -> Iterator[tuple[str, str, float]]:
    """Tell what the start, a step and an image take: the first, and the median of those that compile nothing.

    Parameters
    ----------
    calls : wall, cpu and compiling seconds of each call, by name.
    children : CPU seconds of the worker and its compilers, known when they have ended. Compilers that outlast a call
        are in no call's.
    """
    compiling, cpu = (sum(each[kind] for kind_calls in calls.values() for each in kind_calls)
                      for kind in ("compiling", "cpu"))  # fmt: skip
    yield "run", "compiling", max(compiling, children - cpu)
    for call, item in (("start", "start"), ("step", "step"), ("forward", "image")):
        first, later = calls.get(call, [])[:1], calls.get(call, [])[1:]
        later = [each for each in later if not each["compiling"]] or later
        for kind in ("wall", "cpu", "compiling") if first else ():
            yield item, f"{kind}_first", first[0][kind]
        for kind in ("wall", "cpu") if later else ():
            yield item, f"{kind}_steady", float(np.median([each[kind] for each in later]))


def curve_rows(curves: Mapping[str, NDArray[Any]], others: Sequence[str], epoch: int) -> Iterator[list[Any]]:
    """Tell how far each loss curve swings, and how far it is from others, relative to these.

    Parameters
    ----------
    curves : (n,) losses by run, equally many; NaN where a run has none.
    others : the names of those that all are compared with.
    epoch : how many losses an epoch has.
    """
    for run, curve in curves.items():
        key = ["losses", "", run, "loss"]
        yield [*key, "swing", swing(curve, max(2, epoch))]
        for other in others:
            if other != run:
                difference = np.abs(curve - curves[other]) / np.abs(curves[other])
                first, difference = difference[:FIRST], difference[np.isfinite(difference)]
                yield [
                    *key,
                    f"rms_difference_from_{other}",
                    np.sqrt(np.mean(difference**2)) if len(difference) else NAN,
                ]
                yield [*key, f"largest_difference_from_{other}", difference.max() if len(difference) else NAN]
                yield [*key, f"largest_difference_from_{other}_in_{FIRST}_steps", first.max()]


def swing(losses: NDArray[Any], epoch: int) -> float:
    """Return how far a curve swings: the deviation from its moving mean over one epoch, root mean square.

    The mean is over a window in which every pair counts about once, so what remains is which pairs a batch has, and
    chance. Of an even window the two outermost places count half; the ends, where it is not full, are left out.
    """
    kernel = np.ones(epoch) if epoch % 2 else np.r_[0.5, np.ones(epoch - 1), 0.5]
    if len(losses) < len(kernel):
        return float("nan")
    half = len(kernel) // 2
    inside = losses[half : len(losses) - half]
    return float(np.sqrt(np.mean(np.square(inside - np.convolve(losses, kernel / kernel.sum(), mode="valid")))))


def losses_table(results: Results) -> pd.DataFrame:
    """Return the losses: a row a step, a column a run and loss, empty where a run has ended."""
    columns = {f"{run}:{loss}": pd.Series(values, index=range(1, len(values) + 1), dtype=float)
               for run, result in results.items() for loss, values in result["losses"].items()}  # fmt: skip
    return pd.DataFrame(columns)


def write_tables(out: Path, losses: pd.DataFrame, comparison: pd.DataFrame, index: str = "step") -> None:
    """Write losses.csv, whose rows are steps or epochs, comparison.csv, and comparison.md for readers."""
    write_text(out / "losses.csv", losses.to_csv(index_label=index))
    write_text(out / "comparison.csv", comparison.to_csv(index=False, na_rep="nan"))
    write_text(out / "comparison.md", markdown(comparison))


def markdown(comparison: pd.DataFrame) -> str:
    """Write a table for each topic, a column for each run; of the gradients only the whole one and the farthest."""
    parts = ["# FILM in PyTorch and in Jittor"]
    for topic, rows_of_topic in comparison.groupby("topic", sort=False):
        values = rows_of_topic.set_index(KEYS).value.droplevel("topic")
        table = values.unstack("run")
        table = table.reindex(index=values.droplevel("run").index.unique())  # in the order of computation
        table = table[[run for run in comparison.run.unique() if run in table]]
        if topic == "gradient":
            farthest = table.max(axis=1).drop("all", level="item").groupby("item").max().nlargest(FARTHEST).index
            table = table[table.index.isin(["all", *farthest], level="item")]
        rows = [[*table.index.names, *table], ["---"] * (3 + len(table.columns))]
        for names, numbers in zip(table.index, table.to_numpy(), strict=True):
            rows.append([*names, *("" if np.isnan(number) else f"{number:.3g}" for number in numbers)])
        cells = (" | ".join(text.replace("|", "\\|") for text in row) for row in rows)
        parts.append(f"## {topic}\n\n" + "\n".join(f"| {row} |" for row in cells))
    return "\n\n".join(parts) + "\n"
