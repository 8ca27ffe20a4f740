"""The diagram of critical differences: mean ranks, and which methods the test does not tell apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..drawing.pens import Pen, pens
from ..drawing.style import new_figure, short
from ..errors import InputError
from .significance import Friedman

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def critical_differences(
    test: Friedman, names: Mapping[str, str] | None = None, inks: Mapping[str, Pen] | None = None
) -> Figure:
    """Draw mean ranks, best at the left; a bar joins methods that Nemenyi's test does not tell apart.

    J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006, pp. 1-30, drawn by
    scikit-posthocs. Call it within `style`.

    Raises
    ------
    InputError
        There are less than two methods, or no pair that all of them have.
    """
    k = len(test.methods)
    if k < 2 or test.n < 2:
        raise InputError(
            f"a diagram of critical differences needs two methods and two pairs that all have, here are {k} and "
            f"{test.n}: run more, or choose the methods"
        )
    import pandas as pd
    import scikit_posthocs

    inks = inks or pens(test.methods)
    labels = [short((names or {}).get(method, method)) for method in test.methods]
    labels = [label + "\u200b" * labels[:index].count(label) for index, label in enumerate(labels)]  # keys must differ
    p_values = scikit_posthocs.posthoc_nemenyi_friedman(test.costs).to_numpy()
    figure = new_figure(5.0, 1.1 + 0.19 * math.ceil(k / 2))
    axes = figure.add_subplot()
    axes.grid(visible=False)
    parts = scikit_posthocs.critical_difference_diagram(
        dict(zip(labels, test.ranks, strict=True)),
        pd.DataFrame(p_values, index=labels, columns=labels),
        alpha=test.alpha,
        ax=axes,
        label_fmt_left="{label} ({rank:.2f}) ",
        label_fmt_right=" ({rank:.2f}) {label}",
        color_palette=dict(zip(labels, (inks[method].colour for method in test.methods), strict=True)),
        label_props={"size": 8},
        marker_props={"s": 18, "clip_on": False},
        elbow_props={"clip_on": False},
    )
    for text in parts["labels"]:
        text.set_color("black")
    axes.set(xlim=(1, k), xticks=range(1, k + 1))
    _ruler(axes, test)
    p = "p < 0.001" if test.p < 0.001 else f"p = {test.p:.3f}"
    friedman = "" if math.isnan(test.p) else f"; Friedman χ²({k - 1}) = {test.statistic:.1f}, {p}"
    figure.suptitle(f"mean rank over {test.n} pairs{friedman}", size=8)
    return figure


def _ruler(axes: Axes, test: Friedman) -> None:
    """Draw the critical difference above the axis; one that is longer than the axis is stated alone."""
    where = axes.get_xaxis_transform()
    fits = test.critical <= len(test.methods) - 1
    if fits:
        ends = [1, 1 + test.critical]
        axes.plot(ends, [1.3, 1.3], "|-", color="black", transform=where, clip_on=False, linewidth=1)
    text = f"critical difference {test.critical:.2f}"
    axes.text(1.08 + test.critical if fits else 1, 1.3, text, transform=where, va="center", size=7)
