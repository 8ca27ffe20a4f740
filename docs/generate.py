"""What is made when the site is built: pages from the code, and the figures of the stored study of two frameworks."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from fusionbench.results import Results


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages; a hook of MkDocs."""
    pages = {
        "metrics.md": _metrics(), "datasets.md": _datasets(), "methods.md": _methods(), "leaderboard.md": _leaderboard(),
        **{f"reference-{name}.md": _reference(name) for name in _PUBLISHED},
    }  # fmt: skip
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill the page on Jittor with figures, and that on published networks with their table; a hook of MkDocs."""
    if page.file.src_uri == "zoo.md":
        return markdown.replace("{{ networks }}", _networks())
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
    from fusionbench.metrics.guide.explain import markdown_table

    rows = []
    for spec in specs:
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

    parts = [
        "# Methods\n\nOptions stand in brackets, `laplacian[levels=5]`. `quantise` says how [0, 1] becomes 8 bit: it "
        "changes EN, SD and AG, so it stands in every manifest.\n"
    ]
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


def _leaderboard() -> str:
    """Lay out the stored results beside the reference results, with intervals, ranks and costs; say what lacks yet."""
    from fusionbench.methods import list_methods
    from fusionbench.reference import References
    from fusionbench.reference.beside import Choice, beside
    from fusionbench.results import Results
    from fusionbench.results.leaderboard.boards import make_boards
    from fusionbench.results.leaderboard.efficiency import efficiency_grids
    from fusionbench.results.leaderboard.grid import means_grid, standings_grid
    from fusionbench.results.leaderboard.markdown import grid_to_markdown

    results = Results(_STORED)
    boards = make_boards(results)
    methods = [info.name for info in list_methods() if info.origin == "built in" and "IVF" in info.tasks]
    lacking = {
        board.dataset: ", ".join(sorted(set(methods) - {entry.method for entry in board.entries})) for board in boards
    }
    said = "".join(f"- {dataset}: not computed yet for {names}\n" for dataset, names in lacking.items() if names)
    shown = make_boards(beside(results, Choice(), References()))
    for board in shown:  # "DenseFuse (reference)" stands by "densefuse"
        board.entries.sort(key=lambda entry: entry.method.casefold())
    grids = [means_grid([board], intervals=True) for board in shown]
    grids += [standings_grid(boards), *efficiency_grids(results.profiles)]
    if not results.profiles:
        said += "- what the methods cost: to be measured on a machine that does nothing else\n"
    tables = "\n".join(grid_to_markdown(grid).replace("### ", "## ", 1) for grid in grids)
    return f"{_BOARD}\n{_BUTTON.format('leaderboard')}\n\n{said}\n{tables}"


_STORED = Path(__file__).parent / "board"
_BUTTON = '<a class="md-button" href="../published/{}/index.html">Sort, filter by year and venue, compare</a>'


_BOARD = """\
# Leaderboard

Methods on the field's test pairs, in the protocol `film`: the mean of each metric with its 95 % bootstrap interval, the best
in bold, the second underlined. [Published networks](zoo.md) have their authors' weights and saving rule, which moves EN,
SD, SF and AG: the notes below each table say so. No metric is quality; [Why numbers differ](protocols.md) says what
each rewards.

On TNO and VIFB, a method marked `(reference)` was not run here: its rows are scores of [published images](reference.md) on the
same pairs, and are ranked with the others in the table of the data set. Places over all data sets are of our own runs alone.

`docs/board` holds the rows of all pairs. They are made, and made again, by one command, which goes on where it was stopped:

    make leaderboard DATA=/data WEIGHTS=/disk/weights

and `fusionbench table docs/board -d TNO --intervals --against reference` reads them as this page does.
"""


def on_post_build(config: Any) -> None:
    """Write the reports whose leaderboards sort: of docs/board, and of each data set's published results; a hook."""
    from fusionbench.metrics import METRICS
    from fusionbench.metrics.guide.explain import explain
    from fusionbench.reference import References
    from fusionbench.reference.beside import Choice, beside
    from fusionbench.reports.html import write_report
    from fusionbench.results import Results

    explanations = {key: explain(key).markdown() for key in METRICS}
    for name, results in {
        "leaderboard": beside(Results(_STORED), Choice(), References()),
        **{name: _published(name) for name in _PUBLISHED},
    }.items():
        write_report(results, Path(config.site_dir) / "published" / name, explanations=explanations)


_PUBLISHED = ("TNO", "VIFB")


def _published(dataset: str) -> Results:
    """Return the reference results of a data set as those of runs."""
    from fusionbench.metrics.evaluation import select
    from fusionbench.reference import References
    from fusionbench.reference.beside import run_of
    from fusionbench.results import DatasetRecord, MetricRecord, Results

    references = References()
    entries = references.of(dataset)
    metrics = {
        m.key: MetricRecord(name=m.name, better=m.better, protocol=protocol)
        for protocol in entries[0].protocols
        for m in select(protocol).values()
    }
    record = DatasetRecord(name=dataset, label=dataset)
    runs = [run_of(entry, references.rows(entry), metrics, record, Path(dataset)) for entry in entries]
    return Results(Path("reference")).with_runs(runs)


def _reference(dataset: str) -> str:
    """Lay out the reference results of a data set, a table for each protocol, and where they come from."""
    from fusionbench.metrics.guide.explain import markdown_table
    from fusionbench.reference import References
    from fusionbench.results.leaderboard.boards import make_boards
    from fusionbench.results.leaderboard.grid import means_grid
    from fusionbench.results.leaderboard.markdown import escaped, grid_to_markdown

    references = References()
    entries, sources = references.of(dataset), references.sources[dataset]
    names = {entry.label: f"{entry.method} ({entry.year})" for entry in entries}
    results = _published(dataset)
    boards = [board for protocol in entries[0].protocols for board in make_boards(results, protocols=[protocol])]
    tables = [grid_to_markdown(means_grid([board], names=names)).replace("### ", "## ", 1) for board in boards]
    rows = []
    for entry in entries:
        paper = f"[{escaped(entry.paper)}](https://doi.org/{entry.doi})" if entry.doi else escaped(entry.paper)
        rows.append((escaped(entry.method), str(entry.year), escaped(entry.venue), paper, f"`{entry.files}`"))
    home = (
        f"[{sources.repository}](https://github.com/{sources.repository}/tree/{sources.commit}) at {sources.commit[:7]}"
    )
    return (
        f"# Published results on {dataset}\n\nScores of fused images that {home} holds: {len(entries)} methods on "
        f"{len(sources.pairs)} pairs. None was run here. "
        f"[Reference results](reference.md) says how to stand among them.\n\n"
        f"{_BUTTON.format(dataset)}\n\n"
        + "\n".join(tables)
        + "\n## Where they come from\n\n"
        + markdown_table(("method", "year", "venue", "paper", "images"), rows)
        + "\n"
    )


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
