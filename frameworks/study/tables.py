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
FARTHEST = 8  # layers whose gradients are listed
ITEMS = {"start": "start", "step": "step", "forward": "image"}  # calls whose times are told, and what each gives
Results = Mapping[str, Mapping[str, Any]]


def difference_rows(
    topic: str, point: str, values: Mapping[str, NDArray[Any]], judge: Mapping[str, NDArray[Any]]
) -> Iterator[list[Any]]:
    """Compare what a run computes, arrays by name, with what the judge does: topic, point, item, quantity, value.

    Of the topic "forward" `relative_difference` is the largest one by the judge's largest magnitude; of "gradient" its
    norm by that of the judge's, 0 where both are none, and the item "all" is the whole gradient.
    """
    pairs = {name: (values[name].ravel() - exact.ravel(), exact.ravel()) for name, exact in judge.items()}
    size: Any = np.linalg.norm if topic == "gradient" else lambda array: np.abs(array).max()
    if topic == "gradient":
        pairs["all"] = tuple(map(np.concatenate, zip(*pairs.values(), strict=True)))  # type: ignore[assignment]
    for name, sides in pairs.items():
        ours, whole = (float(size(side)) for side in sides)
        if topic == "forward":
            yield [topic, point, name, "largest_difference", ours]
        yield [topic, point, name, "relative_difference", ours / whole if whole else 0.0 if ours == 0 else np.inf]


def comparison_table(results: Results, epoch: int) -> pd.DataFrame:
    """Put everything that the runs gave into rows of topic, point, run, item, quantity, value; `epoch` is its steps."""
    rows: list[list[Any]] = []
    for run, result in results.items():
        rows += [[topic, point, run, *rest] for topic, point, *rest in result["values"]]
        rows += [["time", "", run, *rest] for rest in times(result["took"], result["children"])]
    steps = {run: result["losses"]["loss"] for run, result in results.items()}
    curves = pd.DataFrame({run: losses for run, losses in steps.items() if len(losses) == len(steps[JUDGE])})
    return as_table([*rows, *curve_rows(curves, [run for run in (JUDGE, BASE, PORT) if run in curves], epoch)])


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
    tables = {call: pd.DataFrame(taken, columns=["wall", "cpu", "compiling"]) for call, taken in calls.items()}
    compiling, cpu = (sum(table[kind].sum() for table in tables.values()) for kind in ("compiling", "cpu"))
    yield "run", "compiling", max(compiling, children - cpu)
    for call in filter(tables.__contains__, ITEMS):
        first, later = tables[call][:1], tables[call][1:]
        later = later if later.compiling.all() else later[later.compiling == 0]
        steady = later[["wall", "cpu"]].add_suffix("_steady").median()
        seconds = pd.concat([first.add_suffix("_first").sum(), steady]).dropna()
        yield from ((ITEMS[call], str(quantity), value) for quantity, value in seconds.items())


def curve_rows(curves: pd.DataFrame, others: Sequence[str], epoch: int) -> Iterator[list[Any]]:
    """Tell how far each loss curve, a column, swings, and how far it is from those of others, relative to these."""
    for run, curve in curves.items():
        key = ["losses", "", run, "loss"]
        yield [*key, "swing", swing(curve.to_numpy(), max(2, epoch))]
        for other in others:
            if other != run:
                difference = (curve - curves[other]).abs() / curves[other].abs()
                finite = difference[np.isfinite(difference)]
                yield [*key, f"rms_difference_from_{other}", (finite**2).mean() ** 0.5]
                yield [*key, f"largest_difference_from_{other}", finite.max()]
                first = difference[:FIRST].max(skipna=False)
                yield [*key, f"largest_difference_from_{other}_in_{FIRST}_steps", first]


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
    for topic, rows in comparison.groupby("topic", sort=False):
        keys = ["point", "item", "quantity"]
        table = rows.pivot(index=keys, columns="run", values="value")  # sorted; now in the order of computation
        table = table.loc[pd.MultiIndex.from_frame(rows[keys].drop_duplicates()), rows.run.unique()]
        if topic == "gradient":
            farthest = table.max(axis=1).drop("all", level="item").groupby("item").max().nlargest(FARTHEST).index
            table = table[table.index.isin(["all", *farthest], level="item")]
        texts = table.map(lambda number: "" if np.isnan(number) else f"{number:.3g}").reset_index()
        lines = [list(texts), ["---"] * len(texts.columns), *texts.to_numpy().tolist()]
        cells = (" | ".join(text.replace("|", "\\|") for text in line) for line in lines)
        parts.append(f"## {topic}\n\n" + "\n".join(f"| {line} |" for line in cells))
    return "\n\n".join(parts) + "\n"
