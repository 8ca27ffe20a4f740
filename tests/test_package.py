"""The package as a whole: its public face, its arrows, its examples."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import pkgutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fusionbench

ROOT = Path(fusionbench.__file__).parent
# Which rooms a room may import; the leaves are open to all.
ARROWS = {
    "foreign": {"devices"},
    "devices": set(),
    "metrics": set(),
    "datasets": set(),
    "drawing": set(),
    "results": set(),
    "reference": {"results"},
    "weights": {"datasets"},
    "methods": {"datasets", "weights", "foreign", "devices"},
    "zoo": {"methods", "weights", "datasets", "devices"},
    "export": {"methods", "weights", "datasets"},
    "training": {"methods", "weights", "datasets", "results", "drawing", "foreign", "devices", "tasks.models.network"},
    "frameworks": {"training", "methods", "datasets", "results", "drawing"},
    "bench": {"metrics", "datasets", "methods", "results", "foreign", "devices"},
    "tasks": {"datasets", "weights", "results", "drawing", "foreign"},
    "reports": {"results", "drawing"},
}
ROOMS = tuple(ARROWS)
LEAVES = {"download", "environment", "errors", "extras", "files", "sizes", "version"}


def modules() -> list[str]:
    """All modules but those that import Jittor, which lives in a process of its own and is not let into this one."""
    walked = (pkgutil.walk_packages([str(ROOT / room)], f"fusionbench.{room}.") for room in ROOMS)
    found = [name for rooms in walked for _, name, _ in rooms if not _of_jittor(name)]
    return ["fusionbench.errors", "fusionbench.files", *(f"fusionbench.{room}" for room in ROOMS), *found]


def _of_jittor(name: str) -> bool:
    path = (ROOT / name.partition(".")[2].replace(".", "/")).with_suffix(".py")
    return path.is_file() and "\nimport jittor as jt\n" in path.read_text(encoding="utf-8")


def _imports(path: Path) -> set[str]:
    """Names of our own modules that a file imports, at its top or anywhere in it."""
    package = path.relative_to(ROOT).parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{stem}.{alias.name}".strip(".") for alias in node.names}
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_runs_the_other_way(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        for name in _imports(path):
            top = name.split(".")[0]
            allowed = top in {room, *LEAVES} or any(name == a or name.startswith(f"{a}.") for a in ARROWS[room])
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def _graph() -> dict[str, set[str]]:
    """Which module imports which, anywhere in it: `from .x import y` means the module x.y, or else x."""
    paths = [ROOT / f"{leaf}.py" for leaf in LEAVES] + [
        p for room in (*ROOMS, "cli") for p in (ROOT / room).rglob("*.py")
    ]
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}
    return {
        name: {target if target in names else target.rpartition(".")[0] for target in _imports(path)}
        & names.keys() - {name}
        for name, path in names.items()
    }


def test_no_imports_run_in_a_circle() -> None:
    """Neither at the top of modules, nor in functions, nor for types alone."""
    graph = _graph()
    while lowest := {name for name, targets in graph.items() if not targets & graph.keys()}:
        graph = {name: targets for name, targets in graph.items() if name not in lowest}
    while highest := graph.keys() - set().union(*graph.values()):
        graph = {name: targets for name, targets in graph.items() if name not in highest}
    circles = {name: sorted(targets & graph.keys()) for name, targets in graph.items()}
    assert not circles, circles


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_public_face() -> None:
    assert fusionbench.__all__ == ["__version__", "evaluate", "get_method", "load_dataset", "run"]
    assert all(getattr(fusionbench, name) for name in fusionbench.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = fusionbench.nothing


def test_the_installed_packages_are_all_there() -> None:
    """`setup.cfg` lists the packages by hand, because the root is one of them."""
    import configparser

    listed = configparser.ConfigParser()
    listed.read(ROOT / "setup.cfg")
    folders = [path.parent for room in (*ROOMS, "cli") for path in (ROOT / room).rglob("__init__.py")]
    names = {"fusionbench", *("fusionbench." + ".".join(path.relative_to(ROOT).parts) for path in folders)}
    assert set(listed["options"]["packages"].split()) == names


BUILD = """
import sys, tarfile
from pathlib import Path
from setuptools import build_meta
target = Path(sys.argv[1])
source = target / build_meta.build_sdist(str(target))
tarfile.open(source).extractall(target / "unpacked", filter="data")
import os
os.chdir(next((target / "unpacked").iterdir()))
build_meta.build_wheel(str(target))
"""


def test_the_wheel_of_the_source_archive_holds_what_the_checkout_has(tmp_path: Path) -> None:
    """Neither a file of data is forgotten nor one of the tests taken along; the folder has an odd name."""
    pytest.importorskip("setuptools", minversion="77")
    checkout = Path(__file__).resolve().parent.parent
    if not (checkout / ".git").exists():
        pytest.skip("not a checkout of git")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    files = [Path(name) for name in tracked.split("\0") if name and (checkout / name).is_file()]
    copy = tmp_path / "fusion bench, 融合"
    for file in files:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        (copy / file).write_bytes((checkout / file).read_bytes())
    built = subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    apart = {"tests", "docs", "speed", ".ci", ".github"}
    wanted = {
        f for f in files if f.parts[0] not in apart and (len(f.parts) > 1 or f.suffix == ".py" or f.name == "py.typed")
    }
    assert inside == {f"fusionbench/{file.as_posix()}" for file in wanted}


@pytest.mark.parametrize(
    "words", ["--help", "run --help", "list metrics", "list datasets", "explain psnr", "run --limit 1 -m average"]
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_that_is_not_utf8(words: str, encoding: str, tmp_path: Path) -> None:
    """What cannot be shown there is a question mark, with exit code 0; no home folder is needed either."""
    plain = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    kept = {name: value for name, value in os.environ.items() if name not in {"HOME", "LANG", "LC_CTYPE"}}
    command = [sys.executable, "-m", "fusionbench", *words.split()]
    done = subprocess.run(command, cwd=tmp_path, env={**kept, **plain}, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding)
