"""Every convention of a metric side by side: what `fusionbench explain psnr` prints, and the documentation shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import isnan

from ...errors import unknown
from ..catalog import METRICS, Metric, load_extensions
from ..evaluation import score
from ..protocols import PROTOCOLS
from .example import example
from .families import GROUPS, Family, families

DIRECTIONS = {"higher": "larger is better", "lower": "smaller is better", "zero": "0 is best"}


@dataclass(frozen=True)
class Convention:
    """One metric in one convention, and what it gives on the bundled triple."""

    metric: Metric
    value: float
    reason: str  # why the value is NaN
    protocols: tuple[str, ...]  # that use it


@dataclass(frozen=True)
class Explanation:
    """All conventions of one family; its text is Markdown, `str()` gives it too."""

    family: Family
    conventions: tuple[Convention, ...]

    @property
    def formulas(self) -> list[list[Convention]]:
        """The conventions grouped by formula: those of one group compute the same numbers."""
        groups: dict[object, list[Convention]] = {}
        for convention in self.conventions:
            groups.setdefault(convention.metric.compute, []).append(convention)
        return list(groups.values())

    def markdown(self, level: int = 1) -> str:
        """Write the explanation as Markdown, its heading of the given level."""
        parts = [f"{'#' * level} {self.family.name}: {self.family.title}", self.family.measures, self._table()]
        for group in self.formulas:
            parts += [f"{'#' * (level + 1)} {', '.join(c.metric.key for c in group)}", *_formula(group)]
        if self.family.traps:
            parts += [f"{'#' * (level + 1)} Traps", "\n".join(f"- {trap}" for trap in self.family.traps)]
        return "\n\n".join(parts) + "\n"

    def __str__(self) -> str:
        """Give the Markdown text."""
        return self.markdown()

    def _table(self) -> str:
        return markdown_table(
            ("metric", "on the example", "best", "range", "smallest side", "in protocol"),
            (
                (
                    c.metric.key,
                    c.reason if isnan(c.value) else f"{c.value:.6g}",
                    f"{c.metric.arrow} {DIRECTIONS[c.metric.better]}",
                    f"{c.metric.range[0]:.4g} … {c.metric.range[1]:.4g}",
                    f"{c.metric.min_size} px",
                    ", ".join(c.protocols) or "none",
                )
                for c in self.conventions
            ),
        )


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table; signs that would end a cell are escaped, unless they are."""
    cells = [[re.sub(r"(?<!\\)\|", r"\|", cell) for cell in row] for row in (head, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "| " + " | ".join("---" for _ in cells[0]) + " |", *lines[1:]])


def _formula(group: list[Convention]) -> list[str]:
    """Paragraphs on one formula: in words, how its conventions differ, when it has no value, what else, whose."""
    metric = group[0].metric
    noted: dict[str, list[str]] = {}
    for c in group:
        noted.setdefault(c.metric.note, []).append(c.metric.key)
    notes = [f"{', '.join(keys)}: {note}." for note, keys in noted.items() if note]
    facts = [
        "It looks at the fused image alone." if metric.no_reference else "",
        "" if metric.symmetric or metric.no_reference else "Swapping the sources changes it.",
        "It has a gradient and can serve as a loss." if metric.differentiable else "",
        f"No value (NaN) where: {metric.undefined}." if metric.undefined else "",
    ]
    return [
        metric.formula,
        *(["\n".join(f"- {note}" for note in notes)] if notes else []),
        *([" ".join(fact for fact in facts if fact)] if any(facts) else []),
        f"Reference: {metric.reference}",
    ]


def explain(name: str) -> Explanation:
    """Explain a metric with all its conventions, under whatever name it is known.

    Parameters
    ----------
    name : a metric ("psnr"), a metric in one convention ("PSNR@vifb"), or what people call it ("mutual information"),
        in any case.

    Raises
    ------
    InputError
        for an unknown name, with the nearest one that is known.

    Examples
    --------
    >>> explanation = explain("psnr")
    >>> [c.metric.key for c in explanation.conventions][:2], len(explanation.formulas)
    (['PSNR@film', 'PSNR@reference'], 4)
    """
    load_extensions()
    labels: dict[str, Family] = {}
    for family in families():
        keys = [metric.key for metric in family.metrics]
        for label in (*keys, *family.aliases, *family.names, family.name, family.title):
            labels[label] = family
    folded = {label.casefold(): family for label, family in labels.items()}
    if name.strip().casefold() not in folded:
        raise unknown("metric", name, labels)
    return _explanation(folded[name.strip().casefold()])


def _explanation(family: Family) -> Explanation:
    metrics = sorted(family.metrics, key=lambda metric: (family.names.index(metric.name), metric.convention))
    return Explanation(family, tuple(_convention(metric.key) for metric in metrics))


@cache
def _convention(key: str) -> Convention:
    """Score the bundled triple."""
    scores = score(*example(), [key])
    users = tuple(protocol.name for protocol in PROTOCOLS.values() if key in protocol.metrics)
    return Convention(METRICS[key], float(scores[key]), scores.reasons.get(key, ""), users)


def overview() -> str:
    """List all families in Markdown tables, by group: names, what they measure, what is best, who uses them."""
    load_extensions()
    parts = []
    for group, title in GROUPS.items():
        members = [family for family in families() if family.group == group]
        if members:
            parts += [f"## {title}", markdown_table(("metric", "measures", "best", "conventions"), map(_row, members))]
    return "\n\n".join(parts) + "\n"


def _row(family: Family) -> tuple[str, str, str, str]:
    arrows = dict.fromkeys(metric.arrow for metric in family.metrics)
    conventions = ", ".join(metric.key for metric in family.metrics)
    return f"{family.name}: {family.title}", family.measures, " ".join(arrows), conventions


def reference(level: int = 2) -> str:
    """Explain every family, one after the other, as one Markdown text: the documentation's page of all metrics."""
    load_extensions()
    return "\n".join(_explanation(family).markdown(level) for family in families())
