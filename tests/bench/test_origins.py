"""What a result came from: when the code, the weights or the data behind it change, its pair is done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import fusionbench
from fusionbench.methods import get_method
from fusionbench.results import Results

MakeFolder = Callable[..., Path]
CODE = {
    "method.py": (
        "from pathlib import Path\nimport helper\nfrom package import deep\nfrom fusionbench.methods import Method\n\n"
        "class Mine(Method):\n    '''Of the tests.'''\n\n    name, reference = 'mine', 'none'\n\n"
        "    def __init__(self, weights: str = '') -> None:\n        self.weights = weights\n\n"
        "    def fuse(self, a, b, **context):\n        import late\n"
        "        gain = float(Path(__file__).with_name(CONFIGURATION).read_text())\n"
        "        gain *= float(Path(self.weights).read_text()) if self.weights else 1\n"
        "        return a * gain * helper.VALUE * deep.VALUE * late.VALUE\n\n"
        "CONFIGURATION = 'gain.txt'\n"
    ),
    "helper.py": "VALUE = 0.9\n",
    "late.py": "VALUE = 0.9\n",
    "gain.txt": "0.9",
    "package/__init__.py": "",
    "package/deep.py": "from .deeper import VALUE\n",
    "package/deeper.py": "VALUE = 0.9\n",
    "other.txt": "0.5",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in CODE.items():
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "code"


def _marks(out: Path) -> dict[str, str]:
    (run,) = Results(out).runs
    return {name: row.sources for name, row in run.rows.items()}


def test_the_files_of_a_method_are_found(folder: Path) -> None:
    method = get_method(f"{folder / 'method.py'}[weights={folder / 'other.txt'}]")
    names = [path.relative_to(folder).as_posix() for path in [*method.files(None), *method.named_files()]]  # type: ignore[arg-type]
    assert names[0] == "method.py"
    assert sorted(names) == sorted(CODE)
    assert get_method("laplacian").files(None) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(CODE))
def test_a_change_of_any_of_them_makes_the_pairs_again(
    name: str, folder: Path, tmp_path: Path, make_folder: MakeFolder
) -> None:
    spec, out, source = f"{folder / 'method.py'}[weights={folder / 'other.txt'}]", tmp_path / "out", make_folder(2)
    fusionbench.run(spec, source, out=out, metrics=["EN"])
    before = _marks(out)
    fusionbench.run(spec, source, out=out, metrics=["EN"])
    assert _marks(out) == before
    text = "0.4" if name.endswith(".txt") else CODE[name] + "\n# changed\n"
    (folder / name).write_text(text)
    fusionbench.run(spec, source, out=out, metrics=["EN"])
    after = _marks(out)
    assert all(after[pair] != before[pair] for pair in before)


@pytest.mark.parametrize("text", ["import nothing_of_that_name\n", "x = (\n", "import helper, helper2\n", "\0"])
def test_code_that_cannot_be_read_is_no_reason_to_stop(text: str, folder: Path) -> None:
    method = get_method(str(folder / "method.py"))
    (folder / "helper.py").write_text(text)
    assert folder / "method.py" in method.files(None)  # type: ignore[arg-type]


def test_fewer_pairs_leave_the_others_in_the_manifest(tmp_path: Path, make_folder: MakeFolder) -> None:
    source, out = make_folder(4), tmp_path / "out"
    fusionbench.run("average", source, out=out, metrics=["EN"])
    (before,) = Results(out).runs
    fusionbench.run("average", source, out=out, metrics=["EN"], limit=2)
    (after,) = Results(out).runs
    assert after.manifest.pairs == before.manifest.pairs == [f"p{index:03}" for index in range(4)]
    assert after.manifest.sources == before.manifest.sources
    assert list(after.rows) == list(before.rows)


def test_records_do_not_name_the_user(tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = make_folder(2), tmp_path / "out"
    monkeypatch.setenv("HOME", str(tmp_path))
    fusionbench.run("average", source, out=out, metrics=["EN"])
    fused = out / "scenes" / "average" / "fused"
    for _ in range(2):  # the second finds the configuration equal
        fusionbench.run(f"theirs=folder:{fused}", source, out=out, metrics=["EN"])
    for path in out.rglob("*.json"):
        assert str(tmp_path) not in path.read_text()
    run = Results(out).runs[0]
    content = json.loads((run.folder.path / "run.json").read_text())
    assert (content["root"], content["sources"]["p000"]) == ("~/scenes", ["ir/p000.png", "vi/p000.png"])
    files = run.manifest.source_files("p000")
    assert files == (source / "ir" / "p000.png", source / "vi" / "p000.png")


def test_files_of_one_name_beside_two_methods(tmp_path: Path) -> None:
    values = []
    for value in (1, 2):
        folder = tmp_path / str(value)
        folder.mkdir()
        (folder / "utils.py").write_text(f"VALUE = {value}\n")
        (folder / "method.py").write_text(
            "import utils\nfrom fusionbench.methods import Method\n\nclass Mine(Method):\n    '''Of the tests.'''\n\n"
            "    name, reference = 'mine', 'none'\n    value = utils.VALUE\n\n    def fuse(self, a, b, **context):\n"
            "        return a\n"
        )
        values.append(get_method(str(folder / "method.py")).value)  # type: ignore[attr-defined]
    (tmp_path / "2" / "utils.py").write_text("VALUE = 33\n")
    values.append(get_method(str(tmp_path / "2" / "method.py")).value)  # type: ignore[attr-defined]
    assert values == [1, 2, 33]
