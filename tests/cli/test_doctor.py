"""`fusionbench doctor` looks at everything that needs no start of Jittor."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fusionbench.cli import app, doctor
from fusionbench.errors import nearest
from fusionbench.extras import EXTRAS, install

from ..scenes import write_noise


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["doctor", *arguments])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_alone_it_looks_at_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_noise(tmp_path / "TNO", ["x"])
    monkeypatch.setenv("FUSIONBENCH_DATA", str(tmp_path))
    text = said()
    for part in ("fusionbench", "Python", "core", *(f"extra {extra}" for extra in EXTRAS), "compiled for", "Jittor"):
        assert part in text
    assert f"{tmp_path} (FUSIONBENCH_DATA): TNO" in text
    assert "numpy" in text


def test_what_is_missing_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FUSIONBENCH_DATA", raising=False)
    monkeypatch.setattr(doctor, "find_spec", lambda module: None)
    text = said()
    for extra in EXTRAS:
        assert f"extra {extra} not installed → {install(extra)}" in text
    assert "no data set of the catalogue → fusionbench datasets fetch RoadScene" in text
    assert "devices" not in text


def test_a_part_alone_says_that_alone() -> None:
    assert "extra" not in said("compiler")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("laplacain", "laplacian"), ("VIBF", "VIFB"), ("road scene", "RoadScene"), ("Harvard", "Harvard-MRI-CT"),
        ("m3fd2", "M3FD"), ("FMB", None), ("EN", None), ("deepfuse", None), ("", None),
    ],
)  # fmt: skip
def test_only_what_is_close_is_suggested(name: str, meant: str | None) -> None:
    known = ["laplacian", "VIFB", "RoadScene", "Harvard-MRI-CT", "M3FD", "MEFB", "AG", "densefuse"]
    assert nearest(name, known) == meant
