"""The commands that turn stored results into what people read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fusionbench
from fusionbench.cli.sources import sources_of
from fusionbench.results import Results

from ..results.storing import store
from ..scenes import write_noise
from .command import call


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of three methods on a small data set."""
    root = tmp_path_factory.mktemp("reports")
    scenes = write_noise(root / "scenes", ("p0", "p1", "p2", "p3"), (48, 64, 3))
    fusionbench.run(["average", "max", "laplacian"], scenes, out=root / "runs", metrics=["EN", "SF", "Qabf"])
    return root


@pytest.mark.parametrize("format", ["latex", "markdown", "html", "csv"])
def test_table(place: Path, format: str) -> None:
    done = call("table", "runs", "--format", format, "--dataset", "scenes", "--protocol", "film", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "Laplacian" in done.stdout  # as papers write it
    assert ("$Q^{AB/F}$" if format == "latex" else "Qabf") in done.stdout


@pytest.mark.parametrize("kind", ["curves", "boxes", "radar", "latency", "ranks"])
def test_plot(place: Path, kind: str) -> None:
    done = call("plot", kind, "runs", "-o", f"{kind}.png", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / f"{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_figure_shows_sources_and_methods(place: Path) -> None:
    done = call("figure", "runs", "--pair", "p0", "--box", "5,5,10,10", "-m", "average,max", "-o", "f.pdf", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "f.pdf").read_bytes().startswith(b"%PDF")


def test_figure_searches_a_box_and_says_it(place: Path) -> None:
    done = call("figure", "runs", "--pair", "p0", "--box", "p0:auto", "--serif", "-o", "g.png", cwd=place)
    assert done.returncode == 0, done.stderr
    name, _, found = done.stdout.splitlines()[0].removeprefix("box     ").partition(":")
    assert name == "p0"
    again = call("figure", "runs", "--pair", "p0", "--box", f"p0:{found}", "--serif", "-o", "h.png", cwd=place)
    assert again.returncode == 0, again.stderr
    assert (place / "g.png").read_bytes() == (place / "h.png").read_bytes()


@pytest.mark.parametrize(
    ("task", "folders", "labels"),
    [
        ("IVF", ("ir", "vi"), ["Infrared", "Visible"]),
        ("MIF", ("MRI", "SPECT"), ["MRI", "SPECT"]),
        ("MIF", ("a", "b"), ["MRI", "Source b"]),
        ("MEF", ("a", "b"), ["Over-exposed", "Under-exposed"]),
        ("MFF", ("near", "far"), ["Near focus", "Far focus"]),
    ],
)
def test_sources_of_a_folder_are_named_by_their_task(
    tmp_path: Path, task: str, folders: tuple[str, str], labels: list[str]
) -> None:
    files = [tmp_path / folder / "p0.png" for folder in folders]
    for path in files:
        path.parent.mkdir()
        Image.fromarray(np.zeros((4, 5), np.uint8)).save(path)
    store(tmp_path / "runs", "a", [(1.0, 1.0, 1.0)], tasks=[task], sources={"p0": list(map(str, files))})
    assert [label for label, _ in sources_of(Results(tmp_path / "runs"))("Set", "p0")] == labels


def test_report(place: Path) -> None:
    done = call("report", "runs", "-o", "page", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "page" / "index.html").is_file()
    assert (place / "page" / "metrics.html").is_file()


def test_a_table_for_a_paper(place: Path) -> None:
    wishes = ["--columns", "venue", "--decimals", "1,EN=3", "--last", "average", "--split", "family"]
    done = call("table", "runs", *wishes, cwd=place)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(("Average", "Laplacian", "Maximum"))]
    assert [row.split()[0] for row in rows] == ["Laplacian", "Maximum", "Average"] * 2  # EN; SF and Qabf
    assert "TCOM'83 & " in rows[0]
    assert r"$Q^{AB/F}$ $\uparrow$" in done.stdout
    assert r"mean\\rank" not in done.stdout
