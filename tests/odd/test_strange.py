"""What is no file, has no ordinary name, or is no place at all: one sentence at once, wherever it stands."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench import datasets
from fusionbench.errors import InputError

from .agree import agree

IMAGE = np.arange(600, dtype=np.uint16).reshape(20, 30).astype(np.uint8)
NAMES = {
    "a line break": "one\ntwo", "a carriage return": "one\rtwo", "a tab": "one\ttwo", "an escape": "one\x1b[2Jtwo",
    "a next line": "one\x85two", "a separator": "one\u2028two", "no UTF-8": "one\udcfftwo",
}  # fmt: skip
STRANGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (os.mkfifo, "it is no file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is no file"),
    "loop": (lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
    "link to nothing": (lambda path: path.symlink_to("nowhere"), "there is no such file"),
    "folder": (Path.mkdir, "it is a folder"),
    "empty file": (Path.touch, "the file is empty"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for side in ("ir", "vi"):
        for name in ("good", "odd"):
            datasets.write(tmp_path / "data" / side / f"{name}.png", IMAGE)
    return tmp_path / "data"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_pair_is_lost_for_its_name(folder: Path, tmp_path: Path, name: str) -> None:
    for side in ("ir", "vi"):
        datasets.write(folder / side / f"{name}.png", IMAGE)
    verdict = agree(folder, tmp_path)
    assert verdict.good == {"good", "odd"}
    (called,), (reason,) = verdict.faults.keys(), verdict.faults.values()
    assert "rename them" in reason
    for text in (called, reason):
        assert text.isprintable()
    with pytest.raises(InputError, match="rename them") as caught:
        fusionbench.load_dataset(folder)
    assert str(caught.value).isprintable()


def test_no_source_is_lost_for_its_name(folder: Path, tmp_path: Path) -> None:
    datasets.write(folder / "ir" / "one\ntwo.png", IMAGE)
    verdict = agree(folder, tmp_path)
    assert verdict.faults == {r"one\ntwo": r"ir/one\ntwo.png has no partner in vi"}


@pytest.mark.parametrize("make", STRANGE)
def test_strange_fused_images(folder: Path, tmp_path: Path, make: str) -> None:
    datasets.write(tmp_path / "fused" / "good.png", IMAGE)
    build, says = STRANGE[make]
    build(tmp_path / "fused" / "odd.png")
    rows = fusionbench.run(
        [f"folder:{tmp_path / 'fused'}"], folder, out=tmp_path / "out", metrics=["EN"], protocol="film"
    ).set_index("pair")
    assert rows.loc["good", "status"] == "ok"
    assert rows.loc["odd", "status"] == "failed"
    assert says in rows.loc["odd", "reason"]


@pytest.mark.parametrize("make", STRANGE)
def test_strange_sources_by_templates(folder: Path, tmp_path: Path, make: str) -> None:
    templates = {"a": "ir/{name}", "b": "vi/{name}.png"}
    (folder / "vi" / "odd.png").unlink()
    build, says = STRANGE[make]
    build(folder / "vi" / "odd.png")
    (folder / "names.txt").write_text("odd\ngood\n")
    verdict = agree(folder, tmp_path, task="IVF", **templates)
    assert verdict.good == {"good"}
    assert says in verdict.faults["odd"]
    with pytest.raises(InputError, match=says):
        fusionbench.load_dataset(folder, split=folder / "names.txt", task="IVF", **templates)


@pytest.mark.parametrize("make", STRANGE)
def test_strange_lists(folder: Path, make: str) -> None:
    path = folder / "names.txt"
    STRANGE[make][0](path)
    with pytest.raises(InputError, match=r"names\.txt|names"):
        fusionbench.load_dataset(folder, split=path)
    assert len(fusionbench.load_dataset(folder)) == 2


@pytest.mark.parametrize("make", STRANGE)
def test_strange_places(folder: Path, tmp_path: Path, make: str) -> None:
    place = tmp_path / "place"
    STRANGE[make][0](place)
    for options in ({"name_or_path": place}, {"name_or_path": "TNO", "root": place}):
        with pytest.raises(InputError, match="place"):
            fusionbench.load_dataset(**options)
    assert datasets.check(place).problems[""]
    with pytest.raises(InputError, match="place"):
        fusionbench.load_dataset(folder, a=str(place), b="vi", task="IVF")
    with pytest.raises(InputError, match="place"):
        fusionbench.run([f"folder:{place}"], folder, out=tmp_path / "out")


@pytest.mark.parametrize("text", ["x" * 300, "x" * 5000, "~nobody-of-this-name/x", "a/" + "x" * 300], ids=len)
def test_what_cannot_be_a_name(folder: Path, tmp_path: Path, text: str) -> None:
    for options in (
        {"name_or_path": Path(text)}, {"name_or_path": "TNO", "root": text}, {"name_or_path": folder, "split": text},
        {"name_or_path": folder, "a": text, "b": "vi"}, {"name_or_path": folder, "a": text + "{name}", "b": "vi"},
        {"name_or_path": Path(text), "rgbt": True},
    ):  # fmt: skip
        with pytest.raises(InputError):
            fusionbench.load_dataset(**options)
    with pytest.raises(InputError, match="no folder"):
        fusionbench.run([f"folder:{text}"], folder, out=tmp_path / "out")


@pytest.mark.skipif(not os.getuid(), reason="root may read anything")
def test_what_may_not_be_read(folder: Path, tmp_path: Path) -> None:
    (folder / "ir" / "odd.png").chmod(0)
    assert "permission denied" in agree(folder, tmp_path).faults["odd"]
    (folder / "ir").chmod(0)
    with pytest.raises(InputError):
        fusionbench.load_dataset(folder)
    (folder / "ir").chmod(0o700)


def test_a_file_that_the_system_refuses(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refuse(path: Path, *args: object, **options: object) -> object:
        if path.name == "odd.png" and path.parent.name == "ir":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    assert "permission denied" in agree(folder, tmp_path).faults["odd"]
