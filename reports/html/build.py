"""Making the report: read the runs, place the pictures, write the data and the pages."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from ...errors import InputError
from ...files import writing
from ...results import Results, Run
from ...results.leaderboard.footnotes import footnotes
from ...results.leaderboard.spreadsheet import to_csv
from ...results.leaderboard.tasks import task_grids
from ...results.runs import KINDS
from ...version import __version__
from ..tables import to_html
from .collect import DataSet, Names, collect, panels
from .data import SIDES, dataset_content, index, loss_curves, metric_columns, script, significance_content
from .images import Picture, place
from .pages import ASSETS, asset, from_markdown, phrase, render, words

MARK = "assets/report.css"  # a folder that has it is a report
Advance = Callable[[int, int], None]


def write_report(
    results: Results,
    out: Path,
    *,
    explanations: Mapping[str, str] | None = None,
    embed: bool = False,
    workers: int | None = None,
    advance: Advance | None = None,
) -> Path:
    """Write the report of all results into the folder `out`.

    Small pictures lie in the folder. Large ones are shown where they lie, or with `embed` from the folder, which then
    holds all that its pages need and may be moved or sent as a whole. It is made beside `out` and takes its place at
    the end. Equal runs give equal bytes.

    Parameters
    ----------
    results : of the folder given to `run`, with the training runs in its sub-folder `train`.
    out : the folder of the report; an earlier report is replaced.
    explanations : Markdown on metrics, by metric@convention.
    embed : take the large pictures into the report, as hard links where that can be done, else as copies.
    workers : how many pictures to work on at once; as many as there are processors if None.
    advance : called with the number of pictures that are done and of all, after each picture.

    Returns
    -------
    Path
        index.html, to be opened.

    Raises
    ------
    InputError
        There are no results, or `out` is something else than a report.
    RunError
        The disk is full.
    """
    datasets = collect(results)
    _check(out)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".tmp"))
        try:
            new.chmod(0o755)
            builder = Builder(new, out.resolve(), results, datasets, explanations or {}, embed)
            builder.build(workers or os.cpu_count() or 1, advance)
            shutil.rmtree(out, ignore_errors=True)
            new.replace(out)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return out / "index.html"


def _check(out: Path) -> None:
    empty = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    if not empty and not (out / MARK).is_file():
        raise InputError(f"{out} is there and is not a report: choose another folder with --out")


class Builder:
    """Writes one report into an empty folder, which will be at `out`."""

    def __init__(
        self,
        folder: Path,
        out: Path,
        results: Results,
        datasets: list[DataSet],
        explanations: Mapping[str, str],
        embed: bool,
    ) -> None:
        self.folder, self.out, self.datasets, self.explanations = folder, out, datasets, explanations
        self.embed = embed
        self.training = [loss_curves(training) for training in results.trainings]
        self.profiles = results.profiles
        self.panels = panels(results)
        self.tasks = [Markup(to_html(grid, phrase)) for grid in task_grids(results, results.tasks)]
        self.columns = metric_columns(datasets)
        self.names = Names(datasets, self.columns)

    def build(self, workers: int, advance: Advance | None) -> None:
        """Write everything."""
        pictures = list(self._pictures())
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            if advance is not None:
                advance(done, len(pictures))

        shown = place(pictures, workers, count)
        placed = {path.relative_to(self.folder): self._address(file) for path, file in shown.items()}
        self._write_data(placed)
        self._write_assets()
        self._write_pages()

    def _pictures(self) -> Iterator[Picture]:
        for dataset in self.datasets:
            for pair, files in dataset.sources.items():
                for side, source in zip(SIDES, files, strict=False):
                    yield self._picture(source, self.names.source(dataset.label, side, pair), True)
            for run in dataset.runs.values():
                for pair in dataset.pairs:
                    yield from self._results(run, pair)

    def _results(self, run: Run, pair: str) -> Iterator[Picture]:
        kinds = [kind for kind in KINDS if run.has(kind, pair)]
        for kind in kinds:
            target = self.names.result(run.dataset, run.method, kind, pair)
            # one thumbnail serves both: the page takes the colour away
            yield self._picture(run.folder.image(pair, kind), target, False, thumb=kind == kinds[-1])

    def _picture(self, source: Path, target: Path, convert: bool, thumb: bool = True) -> Picture:
        small = self.folder / "thumbs" / target.relative_to("images")
        return Picture(
            source, self.folder / target, small.with_name(small.name + ".jpg") if thumb else None, convert, self.embed
        )

    def _address(self, file: Path) -> str:
        """How pages at the top of the report name a file in it or elsewhere."""
        if file.is_relative_to(self.folder):
            return quote(file.relative_to(self.folder).as_posix())
        try:
            return quote(Path(os.path.relpath(file.resolve(), self.out)).as_posix())
        except ValueError:  # on another drive
            return file.resolve().as_uri()

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")

    def _write_data(self, placed: Mapping[Path, str]) -> None:
        content = index(self.datasets, self.names, __version__, len(self.training), self.profiles)
        self._write("data/report.js", script("report", content))
        self._write("data/training.js", script("training", self.training))
        boards = [dataset.board for dataset in self.datasets]
        tests = significance_content(boards, dict(self.names.datasets))
        self._write("data/significance.js", script("significance", tests))
        self._write("leaderboard.csv", to_csv(boards))
        for dataset in self.datasets:
            text = script("dataset", dataset_content(dataset, self.names, placed))
            self._write(f"data/pairs/{self.names.datasets[dataset.label]}.js", text)

    def _write_assets(self) -> None:
        from plotly.offline import get_plotlyjs

        for name in ASSETS:
            self._write(f"assets/{name}", asset(name))
        self._write("assets/words.js", script("words", words()))
        self._write("assets/plotly.min.js", get_plotlyjs())

    def _write_pages(self) -> None:
        content: dict[str, Any] = {
            "version": __version__, "datasets": self.datasets, "names": self.names, "columns": self.columns,
            "training": self.training, "profiles": self.profiles, "panels": self.panels, "tasks": self.tasks,
            "footnotes": {d.label: footnotes([d.board], [e.method for e in d.board.entries]) for d in self.datasets},
        }  # fmt: skip
        pages = ["pairs", "viewer", "significance", "metrics", "runs", *(["training"] if self.training else [])]
        for name, page in {"index": "overview", **dict(zip(pages, pages, strict=True))}.items():
            self._write(f"{name}.html", render(f"{name}.html", root="", page=page, **content))
        for method, file in self.names.methods.items():
            runs = [dataset.runs[method] for dataset in self.datasets if method in dataset.runs]
            text = render("method.html", root="../", page="methods", method=method, runs=runs, **content)
            self._write(f"methods/{file}.html", text)
        for column in self.columns:
            explanation = from_markdown(self.explanations.get(column.key, ""))
            text = render("metric.html", root="../", page="metrics", column=column, explanation=explanation, **content)
            self._write(f"metrics/{self.names.metrics[column.key]}.html", text)
