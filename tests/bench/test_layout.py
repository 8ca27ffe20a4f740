"""Images in the arrangement of FILM's script, and the sources that ran."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import read
from fusionbench.errors import InputError

MakeFolder = Callable[..., Path]
USERS = '''
"""A method of somebody's."""

from fusionbench.methods import Method
from helper import darker


class Mine(Method):
    """The darker one."""

    name = "mine"

    def fuse(self, a, b, **context):
        return darker(a, b)
'''


def test_gray_and_colour_of_the_layout(tmp_path: Path, make_folder: MakeFolder) -> None:
    options = {"metrics": ["EN"], "out": tmp_path / "runs", "layout": "film"}
    fusionbench.run("laplacian", make_folder(2), **options)  # type: ignore[arg-type]
    for kind, folder in (("fused", "Gray"), ("colour", "RGB")):
        copies = sorted((tmp_path / "runs/test_output/scenes" / folder).iterdir())
        assert [copy.name for copy in copies] == ["p000.png", "p001.png"]
        for copy in copies:
            assert np.array_equal(read(copy), read(tmp_path / "runs/scenes/laplacian" / kind / copy.name))
    board = fusionbench.run("average", make_folder(2), metrics=["EN"], out=tmp_path / "runs")
    assert set(board["method"]) == {"average"}  # what lies there is no result of another data set
    text = (tmp_path / "runs/leaderboard.csv").read_text()
    assert "test_output" not in text


def test_h5_files_of_a_split_go_to_the_folder_of_their_data_set(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for name in ("MSRS_test.h5", "MSRS_mine.h5", "MSRS_train.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            for group in ("imageA", "imageB"):
                file[f"{group}/00001D"] = draw.random((1, 24, 32), dtype=np.float32)
            file["text/00001D"] = np.ones((1, 4, 768), np.float32)
    options = {"metrics": ["EN"], "out": tmp_path / "runs", "layout": "film"}
    fusionbench.run("average", [tmp_path / "MSRS_test.h5", tmp_path / "MSRS_mine.h5"], **options)  # type: ignore[arg-type]
    written = sorted(
        path.relative_to(tmp_path / "runs/test_output") for path in tmp_path.glob("runs/test_output/**/*.png")
    )
    assert written == [Path("MSRS/Gray/00001D.png"), Path("MSRS_mine/Gray/00001D.png")]
    with pytest.raises(InputError, match="one folder MSRS, and two data sets would go there"):
        fusionbench.run("average", [tmp_path / "MSRS_test.h5", tmp_path / "MSRS_train.h5"], **options)  # type: ignore[arg-type]


def test_what_a_layout_has_no_place_for(tmp_path: Path, make_folder: MakeFolder) -> None:
    folder = make_folder(1)
    for methods, layout, sentence in (
        (["average", "laplacian"], "film", "run one method"),
        (["average"], "films", "did you mean 'film'"),
    ):
        with pytest.raises(InputError, match=sentence):
            fusionbench.run(methods, folder, out=tmp_path / "runs", layout=layout)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_the_kept_sources_are_those_that_ran(tmp_path: Path, make_folder: MakeFolder) -> None:
    """In a fresh process, as the modules that are loaded here are those of all tests."""
    (tmp_path / "method.py").write_text(USERS)
    (tmp_path / "helper.py").write_text("import numpy as np\n\ndarker = np.minimum\n")
    command = [
        *(sys.executable, "-m", "fusionbench", "run", "-m", f"{tmp_path}/method.py:Mine", "-d", str(make_folder(1))),
        *("--metrics", "EN", "--out", f"{tmp_path}/runs", "--keep", "code"),
    ]
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    kept = tmp_path / "runs/scenes/mine/code"
    assert sorted(path.name for path in (kept / "method").iterdir()) == ["helper.py", "method.py"]
    names = {path.relative_to(kept / "fusionbench").as_posix() for path in kept.glob("fusionbench/**/*.py")}
    assert {"bench/runner.py", "methods/pipeline.py", "metrics/evaluation.py", "datasets/load.py"} <= names
    assert not any(name.startswith(("training/", "methods/film/network", "tests/")) for name in names)
    package = Path(fusionbench.__file__).parent
    assert all((kept / "fusionbench" / name).read_bytes() == (package / name).read_bytes() for name in names)
    assert all(ast.parse(path.read_text()) for path in kept.rglob("*.py"))


def test_an_unknown_thing_to_keep(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'code'"):
        fusionbench.run("average", out=tmp_path, keep="codes")
