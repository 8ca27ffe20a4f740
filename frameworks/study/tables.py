"""The tables of a study of two frameworks, and what is computed from them: what moves the loss, and what costs time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import InputError

JUDGE, BASE, PORT, NATIVE = "torch-float64", "torch", "jittor", "jittor-native"
TIES, ADAM = "jittor-native-ties", "jittor-native-adam"
SLOW, COLD = "jittor-native-without-onednn", "jittor-native-cold"
LABELS = {
    JUDGE: "PyTorch in float64", BASE: "PyTorch", PORT: "Jittor with PyTorch's mathematics", NATIVE: "Jittor as it is",
    TIES: "Jittor, its own gradients at ties alone", ADAM: "Jittor, its own Adam alone",
    SLOW: "Jittor as it is, without oneDNN", COLD: "Jittor as it is, first start",
}  # fmt: skip
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """The tables of a study.

    Attributes
    ----------
    table : topic, point, run, item, quantity, value.
    losses : the loss of each step, by run.
    study : what was asked for, on which machine, and what each run computed with.
    """

    table: pd.DataFrame
    losses: dict[str, Array]
    study: Mapping[str, Any]

    def value(self, topic: str, run: str, item: str, quantity: str, point: str = "") -> float:
        """Return one number; NaN where it was not measured."""
        t = self.table
        found = t[(t.topic == topic) & (t.run == run) & (t["item"] == item) & (t.quantity == quantity)
                  & (t.point == point)]  # fmt: skip
        return float(found.value.iloc[0]) if len(found) else float("nan")

    def items(self, topic: str, run: str, quantity: str, point: str) -> dict[str, float]:
        """Return the numbers of all items, in their order."""
        t = self.table
        found = t[(t.topic == topic) & (t.run == run) & (t.quantity == quantity) & (t.point == point)]
        return dict(zip(found["item"], found.value, strict=True))

    @property
    def orders(self) -> list[str]:
        """The runs of another order."""
        return [run for run in self.losses if run.startswith("torch-order-")]

    @property
    def epoch(self) -> int:
        """Steps in which every pair is seen once."""
        return int(self.study["steps_in_epoch"])


def label(run: str) -> str:
    """Say what a run is."""
    return LABELS.get(run, run.replace("torch-order-", "PyTorch, another order, "))


def read_comparison(folder: Path) -> Comparison:
    """Read a study's folder.

    Raises
    ------
    InputError
        It is none, or not finished.
    """
    try:
        table = pd.read_csv(folder / "comparison.csv", keep_default_na=False, dtype=str)
        table["value"] = table["value"].astype(float)  # "nan" is a value, too
        losses = pd.read_csv(folder / "losses.csv")
        study = json.loads((folder / "study.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} holds no finished study: run `fusionbench compare-backends` first") from error
    columns = [str(name) for name in losses if str(name).endswith(":loss")]
    curves = {name.removesuffix(":loss"): losses[name].dropna().to_numpy(float) for name in columns}
    return Comparison(table, curves, study)


@dataclass(frozen=True)
class Factor:
    """One thing that may move a loss curve.

    Attributes
    ----------
    name : in words.
    moved : root mean square of the relative difference it makes at the same step.
    share : of the sum of the squares of all factors.
    swing : by how much the curve swings more around its moving mean, as a part.
    """

    name: str
    moved: float
    share: float
    swing: float


def factors(comparison: Comparison) -> list[Factor]:
    """Measure what each difference does to the loss, each alone against the run that lacks only it."""

    def moved(run: str, other: str) -> float:
        return comparison.value("losses", run, "loss", f"rms_difference_from_{other}")

    def swing(run: str, other: str) -> float:
        swings = [comparison.value("losses", each, "loss", "swing") for each in (run, other)]
        return swings[0] / swings[1] - 1

    measured = [
        ("the arithmetic of the framework", moved(PORT, BASE), swing(PORT, BASE)),
        ("gradients at ties", moved(TIES, PORT), swing(TIES, PORT)),
        ("Adam's epsilon", moved(ADAM, PORT), swing(ADAM, PORT)),
    ]
    if comparison.orders:
        by_order = [moved(run, BASE) for run in comparison.orders]
        widest = max((swing(run, BASE) for run in comparison.orders), key=abs)
        measured.append(("another order of the same data", float(np.sqrt(np.mean(np.square(by_order)))), widest))
    total = sum(m**2 for _, m, _ in measured)
    return [Factor(name, m, m**2 / total if total else 0.0, s) for name, m, s in measured]


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one step or one image, once everything is compiled.

    Attributes
    ----------
    what : "step" or "image".
    torch, jittor, slow : with PyTorch, with Jittor as it is with oneDNN and without; NaN where not measured.
    """

    what: str
    torch: float
    jittor: float
    slow: float


def cost(comparison: Comparison, what: str) -> Cost:
    """Read what a step or an image costs."""
    return Cost(what, *(comparison.value("time", run, what, "cpu_steady") for run in (BASE, NATIVE, SLOW)))


def compiling(comparison: Comparison) -> tuple[float, bool]:
    """Return the CPU seconds of the compilers, and whether they are those of a first start in an empty folder."""
    cold = comparison.value("time", COLD, "run", "compiling")
    if np.isfinite(cold):
        return cold, True
    t = comparison.table
    return float(t[(t.quantity == "compiling") & (t["item"] == "run")].value.sum()), False
