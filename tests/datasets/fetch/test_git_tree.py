"""The hashes of files and folders are git's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionbench.datasets import get_spec
from fusionbench.datasets.fetch import folder_id
from fusionbench.datasets.fetch.compare import is_published
from fusionbench.datasets.fetch.git_tree import FILE, Blob, files_of, same_tree, tree_id

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str, **environment: str) -> str:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(folder), **environment}
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write_tree(folder: Path) -> str:
    """What git itself makes of a folder."""
    git(folder, "init", "-q", "--separate-git-dir", str(folder.with_name(f"{folder.name}.git")))
    (folder / ".git").unlink()
    place = {"GIT_DIR": str(folder.with_name(f"{folder.name}.git")), "GIT_WORK_TREE": str(folder)}
    git(folder, "add", "-A", "-f", ".", **place)
    return git(folder, "write-tree", **place)


NAMES = st.sampled_from(["a", "a.b", "a-", "a0", "A", "b", "é", "名", "a b", "Thumbs.db", "a'", "ab", "B", "_", "~"])
TREES = st.recursive(
    st.tuples(st.binary(max_size=20), st.sampled_from([0o644, 0o755])),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=5),
    max_leaves=20,
).filter(lambda tree: isinstance(tree, dict))


def lay(folder: Path, tree: dict[str, object]) -> None:
    folder.mkdir()
    for name, content in tree.items():
        if isinstance(content, dict):
            lay(folder / name, content)
        else:
            data, mode = content  # type: ignore[misc]
            (folder / name).write_bytes(data)
            (folder / name).chmod(mode)


@needs_git
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_the_hash_of_a_folder_is_gits(tree: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tree") / "content"
    lay(folder, tree)
    assert folder_id(folder) == write_tree(folder)


@needs_git
def test_links_are_not_followed_and_order_is_gits(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    for name in ("foo/x", "foo.txt", "foo-bar", "foo0", "deep/er/still/y"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "link").symlink_to("foo")
    (folder / "dangling").symlink_to("/nowhere/at all")
    (folder / "empty").mkdir()
    assert folder_id(folder) == write_tree(folder)
    assert sorted(files_of(folder)) == ["dangling", "deep/er/still/y", "foo-bar", "foo.txt", "foo/x", "foo0", "link"]


def test_the_empty_tree_and_a_known_blob(tmp_path: Path) -> None:
    assert tree_id({}) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    (tmp_path / "x").write_bytes(b"hello\n")
    assert files_of(tmp_path) == {"x": Blob(FILE, "ce013625030ba8dba906f756967f9e9ca394464a")}


def test_file_systems_that_know_one_mode_only(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello\n")
    expected = folder_id(tmp_path)
    (tmp_path / "x").chmod(0o777)
    assert folder_id(tmp_path) != expected
    assert same_tree(files_of(tmp_path), expected)


@pytest.mark.parametrize("place", ["RoadScene/cropinfrared", "TNO/ir", "TNO/vi", "VIFB/IR", "VIFB/VI"])
def test_the_pins_of_the_catalogue_are_those_of_the_real_folders(shared_data: Path, place: str) -> None:
    """Of RoadScene's visible images the published folder holds a Thumbs.db, too, which the real data here lacks."""
    name, _, folder = place.partition("/")
    pin = get_spec(name).pin
    assert pin is not None
    tree = next(tree for tree in pin.trees if tree.path.endswith(folder))
    assert is_published(tree, files_of(shared_data / place))
    assert folder_id(shared_data / place) == tree.hash
