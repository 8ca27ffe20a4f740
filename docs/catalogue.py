"""Pages from what the code declares: metrics, data sets, methods, networks; and the figures of the stored study."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put what is made into the pages that have a place for it; a hook of MkDocs."""
    if page.file.src_uri == "jittor.md":
        return with_figures(markdown)
    for place, made in _MADE.items():
        if (mark := f"{{{{ {place} }}}}") in markdown:
            markdown = markdown.replace(mark, made())
    return markdown


def with_figures(markdown: str) -> str:
    """Fill in the figures of `docs/study/comparison.csv`.

    `{{ topic run item quantity point }}` is one number, where `point` is empty for what has none; `{{ one / another }}` is
    the ratio of two.
    """
    with (Path(__file__).parent / "study" / "comparison.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        keys = ("topic", "run", "item", "quantity", "point")
        figures = {" ".join(row[key] for key in keys).strip(): float(row["value"]) for row in rows}

    def figure(match: re.Match[str]) -> str:
        number, *divisor = (figures[name.strip()] for name in match[1].split(" / "))
        number = number / divisor[0] if divisor else number
        return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"

    return re.sub(r"\{\{ (.+?) \}\}", figure, markdown)


def _metrics() -> str:
    from fusionbench.metrics.guide.explain import overview, reference

    return f"{overview()}\n\n{reference()}"


def _datasets() -> str:
    from fusionbench.datasets import list_datasets

    parts = []
    for spec in list_datasets():
        layouts = "".join(
            f"- `{x.a}` with `{x.b}`{f', ideal image `{x.truth}`' if x.truth else ''}\n" for x in spec.all_layouts
        )
        facts = {
            "Task": spec.task,
            "Sources": f"a: {spec.modalities[0]}, b: {spec.modalities[1]}",
            "Colour": {"a": "source a", "b": "source b", "both": "both sources", "none": "none"}[spec.colour],
            "Pairs": spec.pairs,
            "Licence": spec.licence,
            "Home": f"<{spec.home}>" if spec.home.startswith("http") else spec.home,
            "Citation": spec.citation + (f" <https://doi.org/{spec.doi}>" if spec.doi else ""),
            "How to get it": f"`{spec.how_to_get()}`; by hand: {spec.obtain}" if spec.pin else spec.obtain,
            "Splits that ship": "; ".join(
                f"`{spec.name}/{split.name}`, the test pairs of {split.whose} ({split.source}), SHA-256 of the names "
                f"`{split.digest}`"
                for split in spec.splits
            ),
        }
        facts |= dict(map(_labels, spec.labels))
        parts.append(f"## {spec.name}\n\n{spec.title}\n\n{_facts(facts)}")
        if layouts:
            parts.append(f"\nLayouts, as regular expressions of the folders' names:\n\n{layouts}")
    return "\n".join(parts)


def _labels(files: Any) -> tuple[str, str]:
    """Say where labels lie, and what is scored."""
    from fusionbench.datasets.annotations import SUFFIXES

    places = ", ".join(f"`{template}{SUFFIXES[files.format][0]}`" for template in files.templates)
    void = "".join(f"; label {label} is void" for label in files.void)
    ignored = f"; not scored: {', '.join(files.ignored)}" if files.ignored else ""
    return f"{files.kind.capitalize()} ({files.format})", f"{', '.join(files.scored)}{void}{ignored}; {places}"


def _obtaining() -> str:
    from fusionbench.datasets import list_datasets
    from fusionbench.metrics.guide.explain import markdown_table

    rows = []
    for spec in list_datasets():
        pin = spec.pin
        if pin is None:
            rows.append((spec.name, spec.obtain, "", ""))
            continue
        trees = ", ".join(f"`{tree.path}` {tree.hash[:8]}" for tree in pin.trees if tree.hash)
        size = f" ({pin.size})" if pin.size else ""
        where = f"[{pin.repository}](https://github.com/{pin.repository}) {pin.commit[:8]}"
        rows.append((spec.name, f"`fusionbench datasets fetch {spec.name}`{size}", where, trees or "not known"))
    return markdown_table(("data set", "by", "pinned to", "git hash of"), rows) + "\n"


def _methods() -> str:
    from fusionbench.methods import get_method, list_methods
    from fusionbench.methods.method import option_parameters
    from fusionbench.weights.catalog import weights_of

    parts = []
    for info in list_methods():
        options = ", ".join(
            f"`{name}={parameter.default}`"
            for name, parameter in option_parameters(type(get_method(info.name))).items()
        )
        facts = {
            "Tasks": " ".join(info.tasks),
            "Year": str(info.year or ""),
            "Options": options,
            "Reference": info.reference,
            "Weights": "; ".join(f"`{w.name}`, {w.obtained}, licence {w.licence}" for w in weights_of(info.name)),
            "Verified": info.verified.sentence if info.verified else "",
        }
        parts.append(f"## {info.name}\n\n{info.summary}\n\n{_facts(facts)}")
    return "\n".join(parts)


def _networks() -> str:
    """Lay out a table of the published networks from what their classes and the catalogue of weights state."""
    from fusionbench.methods import get_method, list_methods
    from fusionbench.metrics.guide.explain import markdown_table
    from fusionbench.weights.catalog import ZOO, weights_of

    heads = ("method", "year", "task", "fetch", "licence", "saved as", "given again", "differing")
    rows = []
    for info in list_methods():
        if info.name in ZOO and info.verified:
            weights = weights_of(info.name)
            rows.append((
                f"[`{info.name}`](methods.md#{info.name})", str(info.year),
                "all" if len(info.tasks) == 4 else " ".join(info.tasks), ", ".join(f"`{each.name}`" for each in weights),
                ", ".join(dict.fromkeys(each.licence.partition(":")[0] for each in weights)),
                f"its own step, then {info.quantise}" if get_method(info.name).remarks else info.quantise,
                str(info.verified), f"{info.verified.differing:,} of {info.verified.values:,}",
            ))  # fmt: skip
    return markdown_table(heads, rows)


def _facts(facts: dict[str, str]) -> str:
    return "".join(f"- **{key}:** {' '.join(value.split())}\n" for key, value in facts.items() if value)


_MADE = {
    "metrics": _metrics, "datasets": _datasets, "obtaining": _obtaining, "methods": _methods, "networks": _networks,
}  # fmt: skip
