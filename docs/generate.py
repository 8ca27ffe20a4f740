"""What is made when the site is built: pages from the code, and the figures of the stored study of two frameworks."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages; a hook of MkDocs."""
    for name, content in {"metrics.md": _metrics(), "datasets.md": _datasets(), "methods.md": _methods()}.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill the page on Jittor with figures; a hook of MkDocs."""
    return with_figures(markdown) if page.file.src_uri == "jittor.md" else markdown


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

    return (
        "# Metrics\n\nA result always carries its convention, `metric@convention`. `fusionbench explain NAME` prints what "
        f"stands here. Values are those of the example triple that ships with the package.\n\n{overview()}\n\n{reference()}"
    )


def _datasets() -> str:
    from fusionbench.datasets import list_datasets

    parts = [
        "# Data sets\n\nNames match by stem, whatever the extension; folders without regard to case; images are read by "
        "their content. `fusionbench datasets check NAME` says what was found. `--data-root ROOT` is the data set's own "
        "folder or the one it lies in; without it, the environment's FUSIONBENCH_DATA or `./data`. A file `test.txt` of "
        "names beside the folders is the default split; where there is no list, RoadScene's is `film50`, the 50 names that "
        "FILM and CDDFuse test on, and `--split all` takes all pairs.\n",
        f"## How to get them\n\n{_FETCH}\n\n{_obtaining(list_datasets())}",
    ]
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
            "Splits that ship": ", ".join(f"`{split.name}`: the test pairs of {split.whose}" for split in spec.splits),
        }
        parts.append(f"## {spec.name}\n\n{spec.title}\n\n{_facts(facts)}")
        if layouts:
            parts.append(f"\nLayouts, as regular expressions of the folders' names:\n\n{layouts}")
    return "\n".join(parts)


_FETCH = """\
`fusionbench datasets fetch RoadScene TNO` downloads data sets into the data folder; `fusionbench run --fetch` does so for
those that it does not find, and asks on a terminal. The archive of the pinned commit is unpacked as it comes, and only
the data set's folders are kept. They take their places when git's own hashes of them are the published ones; what lies
there already is compared, and never overwritten. A download that was interrupted goes on with the same command, from
where it was cut if the server lets it.

`--mirror ADDRESS`, or FUSIONBENCH_MIRROR in the environment, stands in place of `https://codeload.github.com`. On a machine
without a network, download the address that the error names elsewhere, and give the file with `--archive`. Proxies and
certificates are those of HTTPS_PROXY and REQUESTS_CA_BUNDLE. Licences are the data sets' own."""


def _obtaining(specs: list[Any]) -> str:
    rows = ["| data set | by | pinned to | git hash of |", "| --- | --- | --- | --- |"]
    for spec in specs:
        pin = spec.pin
        if pin is None:
            rows.append(f"| {spec.name} | {spec.obtain} | | |")
            continue
        trees = ", ".join(f"`{tree.path}` {tree.hash[:8]}" for tree in pin.trees if tree.hash)
        size = f" ({pin.size})" if pin.size else ""
        where = f"[{pin.repository}](https://github.com/{pin.repository}) {pin.commit[:8]}"
        rows.append(
            f"| {spec.name} | `fusionbench datasets fetch {spec.name}`{size} | {where} | {trees or 'not known'} |"
        )
    return "\n".join(rows) + "\n"


def _methods() -> str:
    from fusionbench.methods import get_method, list_methods
    from fusionbench.methods.method import option_parameters

    parts = [
        "# Methods\n\nOptions stand in brackets, `laplacian[levels=5]`. `quantise` says how [0, 1] becomes 8 bit: it "
        "changes EN, SD and AG, so it stands in every manifest.\n"
    ]
    for info in list_methods():
        options = ", ".join(
            f"`{name}={parameter.default}`"
            for name, parameter in option_parameters(type(get_method(info.name))).items()
        )
        facts = {"Tasks": " ".join(info.tasks), "Options": options, "Reference": info.reference}
        parts.append(f"## {info.name}\n\n{info.summary}\n\n{_facts(facts)}")
    return "\n".join(parts)


def _facts(facts: dict[str, str]) -> str:
    return "".join(f"- **{key}:** {' '.join(value.split())}\n" for key, value in facts.items() if value)
