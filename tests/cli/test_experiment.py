"""Experiments in one file: read in place of a command line, written by every run."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fusionbench import get_method, load_dataset
from fusionbench import run as run_in_python
from fusionbench.bench.experiment import as_toml
from fusionbench.cli import app
from fusionbench.errors import InputError

from ..scenes import write_noise


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_noise(tmp_path / "data" / "TNO", [f"p{number}" for number in range(4)])
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def refused(text: str) -> str:
    Path("bad.toml").write_text(text, encoding="utf-8")
    result = call("run", "bad.toml")
    assert isinstance(result.exception, InputError)
    assert not Path("runs").exists()
    return str(result.exception)


def test_a_run_writes_what_repeats_it(place: Path) -> None:
    given = ["-m", "laplacian[levels=3]", "-m", "average", "-d", "TNO", "--data-root", "data", "--metrics", "EN,SD"]
    assert call("run", *given, "--pairs", "p1,p3", "--size-policy", "crop", "-o", "one", "-j", "2").exit_code == 0
    written = tomllib.loads((place / "one/experiment.toml").read_text(encoding="utf-8"))
    assert written == {
        "method": ["laplacian[levels=3]", "average"], "dataset": ["TNO"], "protocol": ["film"], "data-root": "data",
        "metrics": "EN,SD", "pairs": "p1,p3", "size-policy": "crop",
    }  # fmt: skip
    assert call("run", "one/experiment.toml", "-o", "two").exit_code == 0
    for name in ("experiment.toml", "TNO/average/fused/p3.png"):
        assert (place / "one" / name).read_bytes() == (place / "two" / name).read_bytes()
    assert {path.name for path in (place / "two/TNO/average/fused").iterdir()} == {"p1.png", "p3.png"}


def test_a_run_in_python_writes_it_too(place: Path) -> None:
    methods = ["average", get_method("laplacian", levels=3), get_method("mine=max")]
    run_in_python(methods, "TNO", out="one", data_root="data", metrics=["EN", "SD"], pairs=["p1", "p3"])
    written = tomllib.loads((place / "one/experiment.toml").read_text(encoding="utf-8"))
    assert written == {
        "method": ["average", "laplacian[levels=3]", "mine=max"], "dataset": ["TNO"], "protocol": ["film"],
        "data-root": "data", "metrics": ["EN", "SD"], "pairs": ["p1", "p3"],
    }  # fmt: skip
    assert call("run", "one/experiment.toml", "-o", "two").exit_code == 0
    assert (place / "one/leaderboard.csv").read_bytes() == (place / "two/leaderboard.csv").read_bytes()
    dataset = load_dataset("TNO", "data")
    run_in_python("average", [dataset, load_dataset("sample")], out="three", limit=1, metrics=["EN"])
    text = (place / "three/experiment.toml").read_text(encoding="utf-8")
    assert "# but for what Python alone can name: TNO\n" in text
    assert tomllib.loads(text)["dataset"] == ["sample"]
    before = text
    assert (
        call("score", "--fused", "three/TNO/average/fused", "-d", "TNO", "--data-root", "data", "-o", "three").exit_code
        == 0
    )
    assert (place / "three/experiment.toml").read_text(encoding="utf-8") == before


def test_the_command_line_comes_first(place: Path) -> None:
    text = (
        'method = "laplacian"\ndataset = "TNO"\ndata_root = "data"\nmetrics = ["EN"]\nlimit = 3\n[option]\nlevels = 2\n'
    )
    (place / "mine.toml").write_text(text)
    assert call("run", "mine.toml", "--limit", "1").exit_code == 0
    written = tomllib.loads((place / "runs/experiment.toml").read_text(encoding="utf-8"))
    assert (written["limit"], written["option"], written["metrics"]) == (1, ["levels=2"], "EN")
    assert len(list((place / "runs/TNO/laplacian[levels=2]/fused").iterdir())) == 1


def test_what_was_not_named_is_written_too(place: Path) -> None:
    assert call("run", "--limit", "1", "--metrics", "EN").exit_code == 0
    written = tomllib.loads((place / "runs/experiment.toml").read_text(encoding="utf-8"))
    assert written["dataset"] == ["sample"]
    assert "laplacian" in written["method"]


def test_mistakes_are_one_sentence(place: Path) -> None:
    assert refused('methods = ["average"]') == (
        "the experiment bad.toml: unknown option 'methods': did you mean 'method'?"
    )
    assert refused("limit = [1, 2]") == "the experiment bad.toml: limit takes one value, not a list"
    assert refused("[method]\na = 1") == "the experiment bad.toml: method takes no table, only [option] does"
    assert refused("method = [[1]]") == "the experiment bad.toml: method takes texts and numbers"
    assert refused("limit = one").startswith("the experiment bad.toml is no TOML: ")
    assert refused('method = "average"\ndevice = "cpu"').startswith("--device is for methods with a network")
    assert refused('method = "averge"').startswith("unknown method 'averge': did you mean 'average'?")
    result = call("run", "not/there.toml")
    assert str(result.exception) == "the experiment not/there.toml cannot be read: no such file or directory"


@pytest.mark.parametrize("text", ['cmd:cp {a} "{out}" # \\ \'', "é 融\x7f\n\t", "", "a = [1]"])
def test_texts_of_every_kind_are_read_back(text: str) -> None:
    assert tomllib.loads(f"x = {as_toml([text, text])}")["x"] == [text, text]
    assert tomllib.loads(f"x = {as_toml([True, 2, 0.5])}")["x"] == [True, 2, 0.5]
