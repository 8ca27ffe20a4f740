"""The leaderboard of the stored results, and the pages of published ones, with reports that sort."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from fusionbench.results import Results

_PUBLISHED = ("TNO", "VIFB")


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each data set with published results; a hook of MkDocs."""
    for name in _PUBLISHED:
        files.append(File.generated(config, f"reference-{name}.md", content=_reference(name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill the page of the leaderboard; a hook of MkDocs."""
    return markdown.replace("{{ leaderboard }}", _leaderboard()) if page.file.src_uri == "leaderboard.md" else markdown


def _leaderboard() -> str:
    """Lay out the stored results beside the reference results, with intervals, ranks and costs; say what lacks yet."""
    from fusionbench.methods import list_methods
    from fusionbench.results import Results
    from fusionbench.results.leaderboard.boards import make_boards
    from fusionbench.results.leaderboard.efficiency import efficiency_grids
    from fusionbench.results.leaderboard.grid import means_grid
    from fusionbench.results.leaderboard.markdown import grid_to_markdown
    from fusionbench.results.leaderboard.places import standings_grid

    results = Results(_STORED)
    boards = make_boards(results)
    methods = [info.name for info in list_methods() if info.origin == "built in" and "IVF" in info.tasks]
    lacking = {
        board.dataset: ", ".join(
            sorted(set(methods) - {entry.method for entry in board.entries} - _LEARNT[board.dataset])
        )
        for board in boards
    }
    said = "".join(f"- {dataset}: not computed yet for {names}\n" for dataset, names in lacking.items() if names)
    said += "".join(
        f"- {dataset}: without {' and '.join(sorted(names))}, whose weights that ship have learnt from pairs of it\n"
        for dataset, names in _LEARNT.items()
    )
    shown = make_boards(_beside_published())
    for board in shown:  # "DenseFuse (reference)" stands by "densefuse"
        board.entries.sort(key=lambda entry: entry.method.casefold())
    grids = [means_grid([board], intervals=True) for board in shown]
    grids += [standings_grid(boards), *efficiency_grids(results.profiles)]
    if not results.profiles:
        said += "- what the methods cost: to be measured on a machine that does nothing else\n"
    tables = "\n".join(grid_to_markdown(grid).replace("### ", "## ", 1) for grid in grids)
    return f"{_BUTTON.format('leaderboard')}\n\n{said}\n{tables}"


_STORED = Path(__file__).parent / "board"
_LEARNT: defaultdict[str, set[str]] = defaultdict(set, MSRS={"film"})  # see the card in methods/film
_BUTTON = '<a class="md-button" href="../published/{}/index.html">Sort, filter by year and venue, compare</a>'


def on_post_build(config: Any) -> None:
    """Write the reports whose leaderboards sort: of docs/board, and of each data set's published results; a hook."""
    from fusionbench.metrics import METRICS
    from fusionbench.metrics.guide.explain import explain
    from fusionbench.reports.html import write_report

    explanations = {key: explain(key).markdown() for key in METRICS}
    for name, results in {
        "leaderboard": _beside_published(),
        **{name: _published(name) for name in _PUBLISHED},
    }.items():
        write_report(results, Path(config.site_dir) / "published" / name, explanations=explanations)


@cache
def _beside_published() -> Results:
    """Return the stored results, and the reference results on their data sets."""
    from fusionbench.reference import References
    from fusionbench.reference.beside import Choice, beside
    from fusionbench.results import Results

    return beside(Results(_STORED), Choice(), References())


@cache
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
