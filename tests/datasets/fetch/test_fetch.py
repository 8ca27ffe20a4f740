"""From a server of this machine to a data set in its place; cut off, wrong, hostile, without network or room."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionbench import download
from fusionbench.datasets import list_datasets, load_dataset
from fusionbench.datasets.fetch import fetch
from fusionbench.datasets.fetch import job as job_module
from fusionbench.datasets.spec import Pin, Tree
from fusionbench.download import DownloadError
from fusionbench.errors import InputError, RunError

from .published import COMMIT, FOLDERS, pack, pin_of, zipped

Files = dict[str, bytes]
Server = Any


def below(folder: Path) -> Files:
    """Every file below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wanted(files: Files, root: str = "") -> Files:
    return {root + path: data for path, data in files.items() if path.startswith(FOLDERS)}


def start(asked: str) -> int:
    """The first byte that a request asks for."""
    return int(asked.removeprefix("bytes=").rstrip("-"))


def test_the_whole_way(road: Server, files: Files, tmp_path: Path) -> None:
    sentences: list[str] = []
    states: list[tuple[int, int | None]] = []
    done = fetch("road scene", tmp_path / "data", progress=lambda *state: states.append(state), say=sentences.append)
    assert (done.root, done.pairs, done.new, done.verified) == (tmp_path / "data" / "RoadScene", 54, True, True)
    assert below(tmp_path / "data") == wanted(files, "RoadScene/")
    assert road.paths == [f"/made/RoadScene/tar.gz/{done.commit}"]
    assert states[-1][1] == len(road.content)
    assert [now for now, _ in states] == sorted(now for now, _ in states)
    assert sentences == [f"{road.address}{road.paths[0]} (small)"]
    data = load_dataset("RoadScene", tmp_path / "data")
    assert (len(data), data.split, data.label) == (50, "film50", "RoadScene")


def test_what_is_not_needed_does_not_come(road: Server, files: Files, tmp_path: Path) -> None:
    road.content, road.pause = pack({**files, "zzz/rest.bin": os.urandom(4_000_000)}), 0.002
    fetch("RoadScene", tmp_path)
    assert road.sent < len(road.content) - 2_000_000


def test_there_already(road: Server, tmp_path: Path) -> None:
    fetch("RoadScene", tmp_path)
    done = fetch("RoadScene", tmp_path)
    assert (done.new, done.verified, done.pairs) == (False, True, 54)
    (tmp_path / "RoadScene" / "test.txt").write_text("FLIR_00006\n")
    (tmp_path / "RoadScene" / "cropinfrared" / ".DS_Store").write_bytes(b"x")
    assert not fetch("RoadScene", tmp_path).new
    assert not fetch("RoadScene", tmp_path / "RoadScene").new  # the folder itself as the data root
    (tmp_path / "RoadScene").rename(tmp_path / "RoadScene-master")
    assert fetch("RoadScene", tmp_path).root == tmp_path / "RoadScene-master"
    assert len(road.asked) == 1


def test_a_data_root_that_is_the_folder_itself(road: Server, files: Files, tmp_path: Path) -> None:
    (tmp_path / "road-scene").mkdir()
    assert below(fetch("RoadScene", tmp_path / "road-scene").root) == wanted(files)
    assert below(tmp_path) == wanted(files, "road-scene/")


def test_images_of_another_data_set_in_the_data_root(road: Server, files: Files, tmp_path: Path) -> None:
    for side in ("ir", "vi"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "1.png").write_bytes(files["cropinfrared/FLIR_00006.jpg"])
    assert fetch("RoadScene", tmp_path).root == tmp_path / "RoadScene"


def test_a_folder_that_is_lacking_is_added(road: Server, files: Files, tmp_path: Path) -> None:
    root = fetch("RoadScene", tmp_path).root
    (root / "notes.txt").write_text("mine")
    for path in (root / "crop_LR_visible").iterdir():
        path.unlink()
    assert fetch("RoadScene", tmp_path).pairs == 54
    assert below(root) == {**wanted(files), "notes.txt": b"mine"}


def test_what_differs_is_said_and_stays(road: Server, tmp_path: Path) -> None:
    root = fetch("RoadScene", tmp_path).root
    changed, gone, more = (root / "cropinfrared" / f"{name}.jpg" for name in ("FLIR_00006", "FLIR_00018", "mine"))
    changed.write_bytes(b"changed")
    gone.unlink()
    more.write_bytes(b"more")
    before = below(tmp_path)
    with pytest.raises(InputError) as caught:
        fetch("RoadScene", tmp_path)
    message = str(caught.value)
    differences = "1 is not there (FLIR_00018.jpg), 1 is not the published (FLIR_00006.jpg), "
    assert f"{root / 'cropinfrared'}: {differences}" in message
    assert "1 is not among the published (mine.jpg). Move them away" in message
    assert "crop_LR_visible" not in message
    assert {path: data for path, data in below(tmp_path).items() if "fetch" not in path} == before
    shutil.rmtree(tmp_path / ".RoadScene.fetch")  # what came is kept for the next time
    road.status = [404]
    with pytest.raises(InputError, match=r"its git hash is [0-9a-f]{40}.*what differs is not known: cannot download"):
        fetch("RoadScene", tmp_path)


def test_images_are_what_counts(road: Server, tmp_path: Path) -> None:
    root = fetch("RoadScene", tmp_path).root
    (root / "crop_LR_visible" / "Thumbs.db").unlink()
    done = fetch("RoadScene", tmp_path)
    assert done.notes == (f"the images in {root / 'crop_LR_visible'} are the published ones; they stay as they are",)
    assert not (root / "crop_LR_visible" / "Thumbs.db").exists()
    assert done.verified


def test_another_copy_stays_alone(road: Server, tmp_path: Path) -> None:
    root = fetch("RoadScene", tmp_path).root
    for folder, name in zip(FOLDERS, ("ir", "vi"), strict=True):
        (root / folder).rename(root / name)
    (root / "ir" / "FLIR_00006.jpg").unlink()
    with pytest.raises(InputError, match=r"holds another RoadScene \(54 pairs as ir/\* with vi/\*\), which stays"):
        fetch("RoadScene", tmp_path)
    assert fetch("RoadScene", tmp_path / "new").new


# ---------------------------------------------------------------- the network


@pytest.mark.parametrize("length", [True, False, None])
@pytest.mark.parametrize("ranges", [True, False])
def test_cut_off_and_gone_on_with(road: Server, files: Files, tmp_path: Path, ranges: bool, length: bool) -> None:
    road.ranges, road.length, road.cut = ranges, length, [200_000, 100_000 if ranges else 300_000]
    fetch("RoadScene", tmp_path)
    assert below(tmp_path) == wanted(files, "RoadScene/")
    assert road.asked[0] == ""
    first, second = map(start, road.asked[1:])
    assert 100_000 < first <= 200_000
    if ranges:
        assert first < second <= 300_000
        assert road.sent < len(road.content) + 200_000


def test_cut_off_for_good_and_gone_on_with_later(road: Server, files: Files, tmp_path: Path) -> None:
    road.cut = [200_000, 0, 0, 0, 0]
    with pytest.raises(DownloadError, match=r"the connection was cut\); what has come is kept, and the same command"):
        fetch("RoadScene", tmp_path)
    assert not (tmp_path / "RoadScene").exists()
    road.cut, road.asked[:] = [], []
    fetch("RoadScene", tmp_path)
    (asked,) = road.asked
    assert start(asked) > 100_000
    assert below(tmp_path) == wanted(files, "RoadScene/")


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ({"ranges": False, "cut": [100_000] * 50}, "it was cut 4 times, and the server does not go on from there"),
        ({"cut": [200_000], "wait": [0, 1, 1, 1, 1]}, r"silent for 0\.2 seconds\); what has come is kept"),
    ],
    ids=["never gets further", "silent"],
)
def test_trouble_that_ends_it(
    road: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    vars(road).update(trouble)
    with pytest.raises(DownloadError, match=message):
        fetch("RoadScene", tmp_path)
    assert len(road.asked) < 20


@pytest.mark.parametrize(("tag", "new_tag", "requests"), [('W/"one"', 'W/"one"', 2), ('"one"', '"two"', 1)])
def test_kept_bytes_of_another_archive(
    road: Server, files: Files, tmp_path: Path, tag: str, new_tag: str, requests: int
) -> None:
    """The server packs the same commit anew: a weak tag does not tell that the halves do not fit, a strong one does."""
    road.cut, road.etag = [300_000, 0, 0, 0, 0], tag
    with pytest.raises(DownloadError):
        fetch("RoadScene", tmp_path)
    road.asked.clear()
    road.content, road.cut, road.etag = pack({**files, "AAA": os.urandom(150_000)}), [], new_tag
    assert fetch("RoadScene", tmp_path).verified
    assert len(road.asked) == requests
    assert (road.asked[-1] == "") == (requests == 2)


def test_a_slow_server(road: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow is not silent: it may take longer in all than is waited for a byte."""
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    road.pause, road.block = 0.03, 1 << 15
    begin = time.monotonic()
    assert fetch("RoadScene", tmp_path).verified
    assert time.monotonic() - begin > 0.5


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (404, {}, r"\(404: there is nothing at this address\)"),
        (403, {}, "403: the server refuses it"),
        (429, {"Retry-After": "60"}, "429: the server is asked too often: try again later, in 60 seconds"),
        (401, {}, "401: the server wants a login"),
        (503, {}, "503: the server has trouble of its own"),
    ],
)
def test_refusals(road: Server, tmp_path: Path, status: int, headers: dict[str, str], message: str) -> None:
    road.status, road.headers = [status] * 9, headers
    with pytest.raises(DownloadError, match=message) as caught:
        fetch("RoadScene", tmp_path / "data")
    assert f"cannot download {road.address}/made/RoadScene/tar.gz/" in str(caught.value)
    assert "with --archive" in str(caught.value)
    assert caught.value.exit_code == 1
    assert below(tmp_path) == {}
    assert len(road.asked) == (4 if status == 503 else 1)


@pytest.mark.parametrize("trouble", [{"status": [500, 502]}, {"kind": "text/html"}], ids=["passes", "wrong type"])
def test_trouble_that_does_no_harm(road: Server, tmp_path: Path, trouble: dict[str, Any]) -> None:
    vars(road).update(trouble)
    assert fetch("RoadScene", tmp_path).verified


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", "text/html; charset=utf-8", "a web page came in place of the file"),
        (b"\n <html><body>proxy", "application/x-gzip", "a web page came in place of the file"),
        (b"<head><title>blocked", "text/html", "a web page came in place of the file"),
        (b'{"message": "not now"}', "application/json", "the archive is damaged, or is none"),
        (b"", "application/x-gzip", "the archive"),
    ],
)
def test_what_is_no_archive(road: Server, tmp_path: Path, content: bytes, kind: str, message: str) -> None:
    road.content, road.kind = content, kind
    with pytest.raises(RunError, match=message):
        fetch("RoadScene", tmp_path / "data")
    assert below(tmp_path) == {}


def test_no_network(road: Server, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    for mirror in (closed, "http://nowhere.invalid"):
        with pytest.raises(DownloadError, match=r"cannot be reached: is this machine on the network\?\); without a"):
            fetch("RoadScene", tmp_path, mirror=mirror)
    with pytest.raises(DownloadError, match="this is no address of a server"):
        fetch("RoadScene", tmp_path / "data", mirror="ftp:/what")
    assert below(tmp_path) == {}
    assert not (tmp_path / "data").exists()


def test_no_secure_connection(road: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = road.address.replace("http:", "https:")
    with pytest.raises(DownloadError, match=r"no secure connection to the server comes about: does it speak HTTPS\?"):
        fetch("RoadScene", tmp_path, mirror=plain)

    def refuse(*arguments: object, **options: object) -> None:
        raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")

    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(DownloadError, match=r"certificate is not accepted; .* REQUESTS_CA_BUNDLE has to name"):
        fetch("RoadScene", tmp_path)


def test_a_proxy_that_is_not_there(road: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DownloadError, match="the proxy of HTTPS_PROXY or HTTP_PROXY does not let it through"):
        fetch("RoadScene", tmp_path, mirror="http://example.invalid")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.fixed_dictionaries(
        {
            "ranges": st.booleans(),
            "length": st.sampled_from([True, False, None]),
            "cut": st.lists(st.integers(0, 900_000), max_size=6),
            "status": st.lists(st.sampled_from([200, 200, 403, 404, 429, 500, 503]), max_size=6),
            "etag": st.sampled_from(['"one"', 'W/"one"']),
        }
    )
)
def test_whatever_the_network_does_the_data_set_is_whole_or_not_there(
    faults: dict[str, Any], road: Server, files: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("data")
    vars(road).update(faults)
    for _ in range(20):
        done = None
        with contextlib.suppress(RunError):
            done = fetch("RoadScene", root)
        assert (root / "RoadScene").exists() == (done is not None)
        if done is not None:
            break
    assert below(root) == wanted(files, "RoadScene/")


# ---------------------------------------------------------------- what came


def _changed(files: Files) -> Files:
    return {**files, "cropinfrared/FLIR_00006.jpg": files["cropinfrared/FLIR_00006.jpg"] + b"\0"}


def _without_visible(files: Files) -> Files:
    return {path: data for path, data in files.items() if not path.startswith("crop_LR")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_changed, r"not what was published: git's hash of cropinfrared is [0-9a-f]{40}, not [0-9a-f]"),
        (_without_visible, r"the archive has no crop_LR_visible of github\.com/made/RoadScene at commit 0123"),
        (lambda files: {**files, "../../../../evil.png": b"x"}, "is refused"),
    ],
    ids=["a wrong hash", "a folder is lacking", "hostile"],
)
def test_what_came_is_not_what_was_published(
    road: Server, files: Files, tmp_path: Path, change: Callable[[Files], Files], message: str
) -> None:
    road.content = pack(change(files))
    with pytest.raises(RunError, match=message):
        fetch("RoadScene", tmp_path / "data")
    assert not (tmp_path / "data" / "RoadScene").exists()
    assert not [*tmp_path.rglob("archive*"), *tmp_path.rglob("evil*")]


def test_not_pinned(road: Server, tmp_path: Path, pin: Callable[[Pin], None]) -> None:
    trees = tuple(map(Tree, FOLDERS))
    pin(Pin("made/RoadScene", "HEAD", trees))
    done = fetch("RoadScene", tmp_path / "newest")
    assert (done.verified, done.commit, done.pairs) == (False, COMMIT, 54)
    assert road.paths[-1] == "/made/RoadScene/tar.gz/HEAD"
    assert not fetch("RoadScene", tmp_path / "newest").new
    (done.root / "cropinfrared" / "FLIR_00006.jpg").unlink()
    for path in (done.root / "crop_LR_visible").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"1 is not there \(FLIR_00006.jpg\)"):
        fetch("RoadScene", tmp_path / "newest")
    pin(Pin("made/RoadScene", "f" * 40, trees))
    with pytest.raises(RunError, match=r"the archive is of commit 0123456789.*, not of ffff"):
        fetch("RoadScene", tmp_path / "other")


def test_folders_of_a_folder_and_a_zip(road: Server, tmp_path: Path, pin: Callable[[Pin], None], files: Files) -> None:
    road.content = pack({f"Image/IVF/{path}": data for path, data in files.items()})
    pin(Pin("made/RoadScene", "HEAD", tuple(map(Tree, FOLDERS)), base="Image/IVF"))
    assert below(fetch("RoadScene", tmp_path / "deep").root) == wanted(files)
    archive = zipped(tmp_path / "ir.zip", wanted(files, "top/"))
    road.content = pack({"Set.zip": archive.read_bytes()})
    pin(Pin("made/RoadScene", "HEAD", (Tree("Set.zip"),)))
    with pytest.raises(RunError, match="is not laid out as"):
        fetch("RoadScene", tmp_path / "zip")
    assert below(tmp_path / "zip" / "RoadScene" / "Set") == wanted(files)


def test_an_archive_from_elsewhere(road: Server, files: Files, tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(road.content)
    zipped(tmp_path / "b.zip", {f"RoadScene-0123/{path}": data for path, data in files.items()})
    for name in ("a.tar.gz", "b.zip"):
        assert below(fetch("RoadScene", tmp_path / name[0], archive=tmp_path / name).root) == wanted(files)
    assert road.asked == []
    with pytest.raises(InputError, match=r"there is no file .*c\.zip: give the \.tar\.gz or \.zip of github"):
        fetch("RoadScene", tmp_path / "c", archive=tmp_path / "c.zip")
    (tmp_path / "d.tar.gz").write_bytes(road.content[:-100_000])
    with pytest.raises(RunError, match=r"d\.tar\.gz: the archive ends"):
        fetch("RoadScene", tmp_path / "d", archive=tmp_path / "d.tar.gz")
    assert (tmp_path / "d.tar.gz").exists()


# ---------------------------------------------------------------- this machine


class Full:
    """A file on a disk with little room."""

    room = 0

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        Full.room -= len(data)
        if Full.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)


def test_no_room(road: Server, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Full.room = 600_000
    init = download.Download.__init__

    def full(self: download.Download, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        self._file = Full(self._file)  # type: ignore[assignment]

    with monkeypatch.context() as patch:
        patch.setattr(download.Download, "__init__", full)
        with pytest.raises(RunError, match=r"cannot write .*archive\.tar\.gz: the disk is full; make room and run the"):
            fetch("RoadScene", tmp_path)
    assert not (tmp_path / "RoadScene").exists()
    road.asked.clear()
    assert fetch("RoadScene", tmp_path).verified
    assert start(road.asked[0]) > 300_000
    assert below(tmp_path) == wanted(files, "RoadScene/")


def test_a_folder_that_cannot_be_written(road: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*: (not a directory|file exists); choose a folder that can"):
        fetch("RoadScene", tmp_path / "file")


def test_killed_between_two_folders(
    road: Server, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "RoadScene").mkdir()
    (tmp_path / "RoadScene" / "test.txt").write_text("FLIR_00006")
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        if self.name == "crop_LR_visible":
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", once)
        with pytest.raises(KeyboardInterrupt):
            fetch("RoadScene", tmp_path)
    assert sorted(path.name for path in (tmp_path / "RoadScene").iterdir()) == ["cropinfrared", "test.txt"]
    road.asked.clear()
    assert fetch("RoadScene", tmp_path).pairs == 54
    assert road.asked == []
    assert below(tmp_path / "RoadScene") == {**wanted(files), "test.txt": b"FLIR_00006"}


@pytest.mark.parametrize("at", ["download", "_verify", "move"])
def test_interrupted(road: Server, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def interrupt(*arguments: Any) -> None:
        if at != "download" or arguments[0] > 300_000:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if at != "download":
            patch.setattr(job_module.Job, at, interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch("RoadScene", tmp_path, progress=interrupt if at == "download" else lambda done, total: None)
    assert not (tmp_path / "RoadScene").exists()
    road.asked.clear()
    assert fetch("RoadScene", tmp_path).verified
    assert [asked[:6] for asked in road.asked] == (["bytes="] if at == "download" else [])
    assert below(tmp_path) == wanted(files, "RoadScene/")


@pytest.fixture
def program(road: Server, files: Files, tmp_path: Path) -> Path:
    """A program that is fusionbench with a made pin."""
    path = tmp_path / "driver.py"
    path.write_text(
        "from dataclasses import replace\n"
        "from fusionbench.datasets import catalog\n"
        "from fusionbench.datasets.spec import Pin, Tree\n"
        f"pin = {pin_of(files)!r}\n"
        "catalog._BUILT_IN = tuple(\n"
        "    replace(spec, pin=pin) if spec.name == 'RoadScene' else spec for spec in catalog._BUILT_IN\n"
        ")\n"
        "if __name__ == '__main__':\n"
        "    from fusionbench.cli import main\n"
        "    main()\n"
    )
    return path


def call(program: Path, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=program.parent, **options)


def test_killed_and_started_again(road: Server, files: Files, tmp_path: Path, program: Path) -> None:
    road.pause = 0.02
    process = subprocess.Popen([sys.executable, program, "datasets", "fetch", "RoadScene"], cwd=tmp_path)
    deadline = time.monotonic() + 300
    while road.sent < 500_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert road.sent >= 500_000
    assert not (tmp_path / "data" / "RoadScene").exists()
    road.pause, road.asked[:] = 0, []
    done = call(program, "datasets", "fetch", "RoadScene")
    assert done.returncode == 0, done.stderr
    assert start(road.asked[0]) > 200_000
    assert below(tmp_path / "data") == wanted(files, "RoadScene/")
    lines = done.stdout.splitlines()
    assert lines[0] == "RoadScene: 54 pairs at data/RoadScene, verified by git's hashes"
    assert any(line.startswith("  licence  ") for line in lines)
    assert any(line.startswith("  cite     H. Xu") for line in lines)


def test_two_at_once(road: Server, files: Files, tmp_path: Path) -> None:
    road.pause = 0.01
    results: list[Any] = []
    sentences: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(fetch("RoadScene", tmp_path, say=sentences.append)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.new for result in results) == [False, False, True]
    assert len(road.asked) == 1
    assert sentences.count("another process is fetching RoadScene: waiting for it") == 2
    assert below(tmp_path) == wanted(files, "RoadScene/")


# ---------------------------------------------------------------- the command


@pytest.mark.slow
def test_from_nothing_to_the_leaderboard(road: Server, tmp_path: Path, program: Path) -> None:
    command = ("run", "--method", "average", "--dataset", "RoadScene", "--fetch", "--metrics", "EN,SD")
    done = call(program, *command)
    assert done.returncode == 0, done.stderr
    assert "RoadScene · 50 pairs" in done.stdout
    assert "licence" in done.stderr
    assert "licence" not in done.stdout
    assert (tmp_path / "runs" / "leaderboard.csv").is_file()
    again = call(program, *command)
    assert again.returncode == 0, again.stderr
    assert len(road.asked) == 1


def test_without_fetch_nothing_is_asked_on_a_pipe(road: Server, program: Path) -> None:
    done = call(program, "run", "-m", "average", "-d", "RoadScene", stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    advice = "say where it lies with --data-root, or get it: fusionbench datasets fetch RoadScene"
    assert done.stderr.splitlines()[-1].endswith(advice)
    assert road.asked == []
    report = call(program, "datasets", "check", "RoadScene", "--data-root", "there")
    assert report.returncode == 2
    assert report.stdout.strip().endswith("or get it: fusionbench datasets fetch RoadScene --data-root there")


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_run_asks(tmp_path: Path, program: Path, answer: str) -> None:
    pty = pytest.importorskip("pty")
    main, side = pty.openpty()
    options = ["run", "-m", "average", "-d", "RoadScene", "--metrics", "EN", "--limit", "2"]
    process = subprocess.Popen(
        [sys.executable, str(program), *options], stdin=side, stdout=subprocess.DEVNULL, stderr=side, cwd=tmp_path
    )
    os.close(side)
    text, answered = b"", False
    deadline = time.monotonic() + 300
    with contextlib.suppress(OSError):  # the other side is gone
        while time.monotonic() < deadline:
            text += os.read(main, 4096)
            if b"[y/N]" in text and not answered:
                answered = os.write(main, answer.encode() + b"\n") > 0
    os.close(main)
    process.wait(300)
    shown = " ".join(text.decode(errors="replace").split())
    place = "It is published at github.com/made/RoadScene at commit 0123456789ab, small"
    assert f"RoadScene is not found in data. {place}" in shown
    assert (tmp_path / "data" / "RoadScene").is_dir() == (answer == "y")
    if answer == "n":
        assert process.returncode == 2
        assert "the data set RoadScene is not found" in shown


# ---------------------------------------------------------------- the catalogue


def test_the_catalogue_pins_what_it_can() -> None:
    pins = {spec.name: spec.pin for spec in list_datasets() if spec.pin is not None}
    assert {name for name, pin in pins.items() if pin.verified} == {"RoadScene", "TNO", "VIFB"}
    assert set(pins) > {"MSRS", "MEFB", "MFI-WHU", "Harvard-MRI-CT", "Harvard-MRI-PET", "Harvard-MRI-SPECT"}
    assert all(len(pin.commit) == 40 for pin in pins.values())
    assert str(pins["RoadScene"]) == "github.com/hanna-xu/RoadScene at commit ab71420f8fc9"
    for wrong in ({"commit": "main"}, {"trees": ()}, {"trees": (Tree("x", "12"),)}):
        with pytest.raises(ValueError, match="hexadecimal digits"):
            replace(pins["RoadScene"], **wrong)
