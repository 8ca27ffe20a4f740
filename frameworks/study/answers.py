"""What a study of two frameworks says, in sentences that follow from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .tables import BASE, COLD, JUDGE, NATIVE, PORT, Comparison, Cost, compiling, cost, factors, label


def why_fluctuating(comparison: Comparison) -> list[str]:
    """Answer why Jittor's losses would fluctuate more, from the numbers."""
    found = factors(comparison)
    steps = len(comparison.losses[BASE])
    swings = [comparison.value("losses", run, "loss", "swing") for run in (BASE, NATIVE)]
    change = swings[1] / swings[0] - 1
    rms, largest = (
        comparison.value("losses", NATIVE, "loss", f"{kind}_difference_from_{BASE}") for kind in ("rms", "largest")
    )
    sentences = [
        f"With the same weights, data and order, the loss swings around its moving mean by {swings[0]:.4g} with "
        f"PyTorch and by {swings[1]:.4g} with Jittor as it is over {steps} steps: {percent(change, signed=True)}.",
        f"At the same step the two losses differ by {percent(rms)} (root mean square), and by {percent(largest)} at "
        "most.",
    ]
    sentences += [
        f"Of what moves the loss, {factor.name} is {percent(factor.share)}: alone it moves the loss by "
        f"{percent(factor.moved)} and changes the swing by {percent(factor.swing, signed=True)}."
        for factor in found
    ]
    shares = [comparison.items("ties", BASE, "share_of_values", point) for point in ("start", "end")]
    if any(shares):
        most = max(share for each in shares for share in each.values())
        told = f"At most {percent(most)} of an operator's values were" if most else "No value of an operator was"
        sentences.append(f"{told} exactly at a tie, where the frameworks' gradients differ.")
    strongest = max(found, key=lambda factor: factor.moved)
    order = next((factor for factor in found if factor.name.startswith("another order")), None)
    if order is not None:
        inside = abs(change) <= abs(order.swing)
        sentences.append(
            f"So the strongest is {strongest.name}; what Jittor changes of the swing ({percent(change, signed=True)}) "
            f"is {'less' if inside else 'more'} than what another order alone does "
            f"({percent(order.swing, signed=True)})."
        )
    return sentences


def why_slow(comparison: Comparison) -> list[str]:
    """Answer why Jittor is slow, from the numbers."""
    sentences = [sentence for what in ("image", "step") for sentence in _slow(cost(comparison, what))]
    compiled, cold = compiling(comparison)
    wall = comparison.value("time", COLD, "start", "wall_first")
    if cold:
        sentences.append(
            f"A first start in an empty folder compiles for {compiled:.0f} CPU seconds, once on a machine; the start "
            f"alone took {wall:.0f} s by the clock here."
        )
        sentences += _job(comparison, compiled)
    else:
        sentences.append(
            f"In this study {compiled:.0f} CPU seconds went into compiling what Jittor had not met before; what it has "
            "compiled it keeps, so this is no measure of a first start (--cold measures one)."
        )
    return sentences


def _slow(c: Cost) -> list[str]:
    told = [
        f"One {c.what} takes {seconds(c.torch)} with PyTorch and {seconds(c.jittor)} with Jittor as it is with oneDNN "
        f"({times(c.jittor / c.torch)} as long)."
    ]
    if np.isfinite(c.slow):
        told[0] = told[0][:-1] + f", and {seconds(c.slow)} without ({times(c.slow / c.torch)})."
        extra = c.slow - c.torch
        if extra > 0:
            missing = min(1.0, (c.slow - c.jittor) / extra)
            told.append(
                f"Of the time that a compiled {c.what} takes longer without oneDNN than with PyTorch, "
                f"{percent(missing)} is the missing oneDNN, and {percent(1 - missing)} the rest."
            )
    return told


def _job(comparison: Comparison, compiled: float) -> list[str]:
    """Divide what a first job takes longer, fusing all pairs once."""
    c, number = cost(comparison, "image"), int(comparison.study["pairs"])
    if not np.isfinite(c.slow) or c.slow <= c.torch:
        return []
    parts = np.array([compiled, number * max(0.0, c.slow - c.jittor), number * (min(c.jittor, c.slow) - c.torch)])
    parts = np.maximum(parts, 0)
    shares = [percent(part) for part in parts / parts.sum()]
    even = compiled / (c.slow - c.torch)
    return [
        f"Fusing the {number} pairs on a new machine without oneDNN takes {seconds(float(parts.sum()))} longer than "
        f"with PyTorch: {shares[0]} of it compiling, {shares[1]} the missing oneDNN, {shares[2]} the rest. Compiling "
        f"is the smaller part from {even:.0f} images on."
    ]


def agreement(comparison: Comparison) -> list[str]:
    """Say how far the frameworks are from float64 and from each other."""
    told = []
    for point, when in (("start", "at the start"), ("end", "after the last step")):
        far = {run: comparison.items("forward", run, "relative_difference", point) for run in (BASE, PORT, NATIVE)}
        worst = {run: max(stages, key=lambda name: stages[name]) for run, stages in far.items()}
        ratio = {name: far[NATIVE][name] / far[BASE][name] for name in far[BASE] if far[BASE][name]}
        apart = max(ratio, key=lambda name: ratio[name])
        told.append(
            f"Forward, {when}: the farthest stage from float64 is {worst[BASE]} with PyTorch "
            f"({far[BASE][worst[BASE]]:.1e} of its largest value) and {worst[NATIVE]} with Jittor "
            f"({far[NATIVE][worst[NATIVE]]:.1e}); they part most at {apart}, where Jittor is {times(ratio[apart])} as "
            "far from it."
        )
        gradients = {run: comparison.value("gradient", run, "all", "relative_difference", point) for run in far}
        nearest = min(gradients, key=lambda run: gradients[run])
        told.append(
            f"Gradients, {when}: from float64's, {_listed(gradients)}; the nearest is {label(nearest)}. "
            + _parting(comparison, point)
        )
    curve = {run: comparison.value("losses", run, "loss", f"rms_difference_from_{JUDGE}")
             for run in (BASE, PORT, NATIVE)}  # fmt: skip
    told.append(f"Losses of {len(comparison.losses[BASE])} steps: from float64's, {_listed(curve)}.")
    return told


def _parting(comparison: Comparison, point: str) -> str:
    """Name the layer whose gradient is farthest from float64's in Jittor, and how far it is in PyTorch."""
    far = comparison.items("gradient", NATIVE, "relative_difference", point)
    layer = max((name for name in far if name != "all"), key=lambda name: far[name])
    other = comparison.value("gradient", BASE, layer, "relative_difference", point)
    return (
        f"Of single layers, {layer} is the farthest with Jittor as it is, by {far[layer]:.1e} (PyTorch: {other:.1e})."
    )


def _listed(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{label(run)} {value:.1e}" for run, value in numbers.items())


def percent(part: float, signed: bool = False) -> str:
    """Write a part in percent with two or three digits.

    Examples
    --------
    >>> percent(0.12345), percent(3.2e-7), percent(0.99999), percent(0.0), percent(-0.05, signed=True)
    ('12.3 %', '3.2e-05 %', '99.999 %', '0 %', '-5 %')
    """
    number = 100 * part
    if not signed and 99.5 < number < 100:
        text = f"{number:.3f}".rstrip("0")
        text = text if float(text) < 100 else "more than 99.999"
    elif number and abs(number) < 0.001:
        text = f"{number:.1e}"
    else:
        text = f"{number:.3g}"
    return f"{'+' if signed and number > 0 else ''}{text} %"


def seconds(number: float) -> str:
    """Write CPU seconds.

    Examples
    --------
    >>> seconds(0.01234), seconds(123.4)
    ('12.3 CPU ms', '123 CPU s')
    """
    return f"{1000 * number:.3g} CPU ms" if number < 1 else f"{number:.3g} CPU s"


def times(ratio: float) -> str:
    """Write a ratio: "1.7 times"."""
    return f"{ratio:.2g} times" if ratio < 10 else f"{ratio:.0f} times"


def rows_of_times(comparison: Comparison) -> Sequence[tuple[str, ...]]:
    """Return a row for each run: what a step and an image take, the first and later, by CPU and by the clock."""
    rows = []
    for run in comparison.study["runs"]:
        cells = [label(run)]
        for what in ("step", "image"):
            for kind in ("first", "steady"):
                wall, cpu = (comparison.value("time", run, what, f"{clock}_{kind}") for clock in ("wall", "cpu"))
                cells.append(f"{cpu:.3g} ({wall:.3g})" if np.isfinite(cpu) else "–")
        cells.append(f"{comparison.value('time', run, 'run', 'compiling'):.0f}")
        rows.append(tuple(cells))
    return rows
