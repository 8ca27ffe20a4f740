"""The commands that turn stored results into what people read."""

from __future__ import annotations

from pathlib import Path

import pytest

import fusionbench

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
    assert "laplacian" in done.stdout
    assert "Qabf" in done.stdout


@pytest.mark.parametrize("kind", ["curves", "boxes", "radar", "latency", "ranks"])
def test_plot(place: Path, kind: str) -> None:
    done = call("plot", kind, "runs", "-o", f"{kind}.png", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / f"{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_figure_shows_sources_and_methods(place: Path) -> None:
    done = call("figure", "runs", "--pair", "p0", "--box", "5,5,10,10", "-m", "average,max", "-o", "f.pdf", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "f.pdf").read_bytes().startswith(b"%PDF")


def test_report(place: Path) -> None:
    done = call("report", "runs", "-o", "page", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "page" / "index.html").is_file()
    assert (place / "page" / "metrics.html").is_file()
