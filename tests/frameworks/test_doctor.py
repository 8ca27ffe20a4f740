"""What `fusionbench doctor jittor` finds, and setting oneDNN up; with fakes, but for the last."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fusionbench.cli import app
from fusionbench.errors import InputError, RunError
from fusionbench.frameworks.jittor import doctor, environment, onednn
from fusionbench.frameworks.jittor.doctor import Finding, examine, usable
from fusionbench.frameworks.jittor.pipe import Hello, Seconds


def hello(**changes: Any) -> Hello:
    values: dict[str, Any] = {
        "version": "1.3.11.0", "numpy": "1.26.4", "onednn": True, "device": "cpu", "threads": 2,
        "sound": True, "seconds": Seconds(1.5, 1.0, 0.0),
    }  # fmt: skip
    return Hello(**{**values, **changes})


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which all is well; returns JITTOR_HOME."""
    folder = tmp_path / "jittor"
    monkeypatch.setenv("JITTOR_HOME", str(folder))
    monkeypatch.delenv("cc_path", raising=False)
    versions = {"jittor": "1.3.11.0", "numpy": "1.26.4"}
    monkeypatch.setattr(metadata, "version", versions.__getitem__)
    monkeypatch.setattr(shutil, "which", {"g++": "/usr/bin/g++"}.get)
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "Python.h").touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / name))
    return folder


def lay_onednn() -> None:
    for file in ("lib/libmkldnn.so", "include/dnnl.hpp"):
        path = environment.onednn_folder() / file
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(1_000_000))


def examined(start: doctor.Start) -> tuple[dict[str, Finding], bool]:
    findings = list(examine(start))
    return {finding.what: finding for finding in findings}, usable(findings)


def examined_at_once() -> dict[str, Finding]:
    """What is seen where something is bad, so that Jittor must not be started."""

    def start(onednn: bool | None) -> Hello:
        raise AssertionError("it must not be started")

    findings, can = examined(start)
    assert not can
    assert findings["start"].found == "not tried"
    return findings


def test_all_is_well(machine: Path) -> None:
    lay_onednn()
    findings, can = examined(lambda onednn: hello())
    assert can
    assert {(finding.verdict, finding.advice) for finding in findings.values()} == {("good", "")}
    assert findings["Jittor"].found == "1.3.11.0"
    assert findings["start"].found == "in 1.5 s"
    assert findings["device"].found == "the processor, 2 threads"
    assert findings["compiled code"].found == f"{machine}, 2 MB"


@pytest.mark.parametrize(
    ("changes", "what", "verdict", "words"),
    [
        ({"seconds": Seconds(240.0, 5.0, 400.0)}, "start", "good", "in 240.0 s, 400 CPU seconds of it compiling"),
        ({}, "compiled code", "good", "up to half an hour"),
        ({"device": "cuda", "threads": 1}, "device", "good", "cuda"),
        ({"sound": False}, "arrays", "bad", "numpy 1.26.4's do not come through"),
        ({"onednn": False}, "oneDNN", "poor", "not there; without it convolutions take 14 to 50 times as long"),
    ],
)
def test_what_comes_up_is_judged(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], what: str, verdict: str, words: str
) -> None:
    monkeypatch.setattr(doctor, "start_worker", lambda onednn: hello(**changes))
    findings = {finding.what: finding for finding in examine()}
    assert findings[what].verdict == verdict
    assert words in findings[what].found
    done = CliRunner().invoke(app, ["doctor", "jittor"])
    code, sentence = {
        "good": (0, "Jittor can be used here."),
        "poor": (0, "Jittor can be used here, but slowly."),
        "bad": (1, "Jittor cannot be used here yet."),
    }[verdict]
    assert done.exit_code == code
    assert done.stdout.strip().endswith(sentence)
    assert ("→ fusionbench doctor jittor --fix" in done.stdout) == (verdict == "poor")


@pytest.mark.parametrize(
    ("versions", "what", "words"),
    [
        ({"numpy": "1.26.4"}, "Jittor", "not installed"),
        ({"jittor": "1.3.8.5", "numpy": "1.26.4"}, "Jittor", "1.3.11 or later"),
        ({"jittor": "1.3.11.0", "numpy": "2.1.0"}, "numpy", "Jittor needs one below 2"),
    ],
)
def test_versions_that_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], what: str, words: str
) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(metadata, "version", version)
    finding = examined_at_once()[what]
    assert (finding.verdict, finding.advice) == ("bad", environment.how_to_install())
    assert words in finding.found
    with pytest.raises(InputError, match=r"pip install 'fusionbench-suite\[jittor\]'"):
        environment.require()


def test_a_compiler_and_headers_are_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (tmp_path / "include" / "Python.h").unlink()
    findings = examined_at_once()
    assert findings["C++ compiler"].advice == "install it: sudo apt install g++"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert findings["Python headers"].advice == f"install them: sudo apt install python{version}-dev"
    monkeypatch.setenv("cc_path", "/opt/g++")
    assert examined_at_once()["C++ compiler"].verdict == "good"


@pytest.mark.parametrize("works_without_onednn", [False, True])
def test_an_onednn_that_does_not_work_is_told_from_a_jittor_that_does_not(works_without_onednn: bool) -> None:
    def start(onednn: bool | None) -> Hello:
        if onednn is None or not works_without_onednn:
            raise RunError("Jittor does not start; its log is x.log")
        return hello(onednn=False)

    assert examined(start)[0]["start"] == Finding(
        "start", "bad", "Jittor does not start; its log is x.log", "read the log"
    )
    lay_onednn()
    findings, can = examined(start)
    assert can == works_without_onednn
    if can:
        assert findings["oneDNN"].verdict == "poor"
        assert findings["oneDNN"].found == "cannot be used: Jittor does not start; its log is x.log"
        assert "dnnl_lnx_2.2.0_cpu_gomp, then fusionbench doctor jittor --fix" in findings["oneDNN"].advice
    else:
        assert "x.log" in findings["start"].found


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Linux without Debian's library; returns the folder where that would be."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(onednn, "_DEBIAN_INCLUDE", tmp_path / "usr/include")
    monkeypatch.setattr(onednn, "_DEBIAN_LIB", tmp_path / "usr/lib")
    return tmp_path / "usr"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What a stand-in for pip downloads, by file name."""
    wheels: dict[str, bytes] = {}

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[1:4] == ["-m", "pip", "download"]
        for name, data in wheels.items():
            Path(command[command.index("--dest") + 1], name).write_bytes(data)
        lines = "ERROR: Could not find a version\nERROR: No matching distribution found\n"
        return subprocess.CompletedProcess(command, 0 if wheels else 1, "", lines)

    monkeypatch.setattr(subprocess, "run", run)
    return wheels


def wheel(path: Path, files: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"onednn-2021.2.0.data/data/{name}", data)
    return path.read_bytes()


def test_wheels_are_verified_and_laid_out(
    machine: Path, linux: Path, index: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = wheel(tmp_path / "a.whl", {"lib/libdnnl.so.2": b"library", "lib/libdnnl.so": b"library"})
    headers = wheel(tmp_path / "b.whl", {"include/dnnl.hpp": b"1", "include/oneapi/dnnl/dnnl.h": b"2", "lib/x": b""})
    index |= {"a.whl": library, "b.whl": headers}
    with pytest.raises(RunError, match="is not what was published"):
        onednn.set_up()
    assert not environment.has_onednn()
    hashes = [hashlib.sha256(data).hexdigest() for data in (library, headers)]
    monkeypatch.setattr(onednn, "WHEELS", dict(zip(onednn.WHEELS, hashes, strict=True)))
    assert onednn.set_up().startswith("downloaded by pip: onednn-cpu-gomp==2021.2.0")
    assert environment.has_onednn()
    folder = environment.onednn_folder()
    laid = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    assert laid == ["include/dnnl.hpp", "include/oneapi/dnnl/dnnl.h", "lib/libdnnl.so.2", "lib/libmkldnn.so"]
    assert (folder / "lib/libmkldnn.so").read_bytes() == b"library"
    assert [path.name for path in folder.parent.iterdir()] == ["dnnl_lnx_2.2.0_cpu_gomp"]
    index.clear()
    assert onednn.set_up() == "it was there already"


def test_debian_is_taken_where_it_is_installed(linux: Path, index: dict[str, bytes]) -> None:
    (linux / "include/oneapi").mkdir(parents=True)
    (linux / "lib").mkdir()
    for file in ("include/dnnl.hpp", "include/dnnl.h", "lib/libdnnl.so.2"):
        (linux / file).write_text(file)
    assert onednn.set_up() == "linked from Debian's libdnnl-dev"
    assert environment.has_onednn()
    assert (environment.onednn_folder() / "include/oneapi").is_dir()


def test_without_an_index_it_says_what_to_install(
    linux: Path, index: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"No matching distribution .*install Debian's .*apt install libdnnl-dev"):
        onednn.set_up()
    assert not environment.has_onednn()
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(InputError, match="on Linux with x86_64, not on Linux with riscv64"):
        onednn.set_up()


@pytest.mark.jittor
def test_jittor_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    command = [sys.executable, "-m", "fusionbench", "doctor", "jittor"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "come through as they are" in done.stdout
    assert "Jittor can be used here" in done.stdout
