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


def lay_onednn(folder: Path) -> None:
    place = folder / ".cache/jittor/mkl/dnnl_lnx_2.2.0_cpu_gomp"
    for file in ("lib/libmkldnn.so", "include/dnnl.hpp"):
        (place / file).parent.mkdir(parents=True)
        (place / file).write_bytes(bytes(1_000_000))


def examined(start: doctor.Start) -> tuple[dict[str, Finding], bool]:
    findings = list(examine(start))
    return {finding.what: finding for finding in findings}, usable(findings)


def never(onednn: bool | None) -> Hello:
    raise AssertionError("it must not be started")


def test_all_is_well(machine: Path) -> None:
    lay_onednn(machine)
    findings, can = examined(lambda onednn: hello())
    assert can
    assert {finding.verdict for finding in findings.values()} == {"good"}
    assert not any(finding.advice for finding in findings.values())
    assert findings["Jittor"].found == "1.3.11.0"
    assert findings["start"].found == "in 1.5 s"
    assert findings["device"].found == "the processor, 2 threads"
    assert findings["compiled code"].found == f"{machine}, 2 MB"


def test_the_first_start_says_what_it_compiled(machine: Path) -> None:
    findings, _ = examined(lambda onednn: hello(seconds=Seconds(240.0, 5.0, 400.0)))
    assert findings["start"].found == "in 240.0 s, 400 CPU seconds of it compiling"
    assert "up to half an hour" in findings["compiled code"].found


def test_a_graphics_card_is_named() -> None:
    assert examined(lambda onednn: hello(device="cuda", threads=1))[0]["device"].found == "cuda"


def test_without_jittor_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "jittor":
            raise metadata.PackageNotFoundError(name)
        return "1.26.4"

    monkeypatch.setattr(metadata, "version", version)
    findings, can = examined(never)
    assert not can
    assert (findings["Jittor"].verdict, findings["Jittor"].advice) == ("bad", environment.how_to_install())
    assert findings["start"].found == "not tried"
    with pytest.raises(InputError, match=r"not installed: .*pip install 'fusionbench\[jittor\]'"):
        environment.require()


@pytest.mark.parametrize(
    ("versions", "what", "told"),
    [
        ({"jittor": "1.3.8.5", "numpy": "1.26.4"}, "Jittor", "1.3.11 or later"),
        ({"jittor": "1.3.11.0", "numpy": "2.1.0"}, "numpy", "Jittor needs one below 2"),
    ],
)
def test_versions_that_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], what: str, told: str
) -> None:
    monkeypatch.setattr(metadata, "version", versions.__getitem__)
    findings, can = examined(never)
    assert not can
    assert findings[what].verdict == "bad"
    assert told in findings[what].found
    with pytest.raises(InputError, match="fusionbench"):
        environment.require()


def test_a_compiler_and_headers_are_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (tmp_path / "include" / "Python.h").unlink()
    findings, can = examined(never)
    assert not can
    assert findings["C++ compiler"].advice == "install it: sudo apt install g++"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert findings["Python headers"].advice == f"install them: sudo apt install python{version}-dev"
    monkeypatch.setenv("cc_path", "/opt/g++")
    assert examined(never)[0]["C++ compiler"].verdict == "good"


def test_arrays_that_do_not_come_through_are_bad() -> None:
    findings, can = examined(lambda onednn: hello(sound=False))
    assert not can
    assert findings["arrays"].verdict == "bad"


def test_what_does_not_start_is_bad() -> None:
    def start(onednn: bool | None) -> Hello:
        raise RunError("Jittor does not start; its log is x.log")

    findings, can = examined(start)
    assert not can
    assert "x.log" in findings["start"].found


def test_without_onednn_it_is_slow_and_can_be_used() -> None:
    findings, can = examined(lambda onednn: hello(onednn=False))
    assert can
    assert findings["oneDNN"] == Finding(
        "oneDNN", "poor", "not there; without it convolutions take 14 to 50 times as long",
        "fusionbench doctor jittor --fix",
    )  # fmt: skip


def test_an_onednn_that_does_not_work_is_told_from_a_jittor_that_does_not(machine: Path) -> None:
    lay_onednn(machine)

    def start(onednn: bool | None) -> Hello:
        if onednn is None:
            raise RunError("Jittor does not start")
        return hello(onednn=False)

    findings, can = examined(start)
    assert can
    assert findings["oneDNN"].verdict == "poor"
    assert findings["oneDNN"].found == "cannot be used: Jittor does not start"
    assert "dnnl_lnx_2.2.0_cpu_gomp, then fusionbench doctor jittor --fix" in findings["oneDNN"].advice


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({}, 0, "Jittor can be used here."),
        ({"onednn": False}, 0, "Jittor can be used here, but slowly."),
        ({"sound": False}, 1, "Jittor cannot be used here yet."),
    ],
)
def test_the_command(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], code: int, sentence: str) -> None:
    monkeypatch.setattr(doctor, "start_worker", lambda onednn: hello(**changes))
    done = CliRunner().invoke(app, ["doctor", "jittor"])
    assert done.exit_code == code
    assert done.stdout.strip().endswith(sentence)
    assert ("→ fusionbench doctor jittor --fix" in done.stdout) == (changes == {"onednn": False})


# --- setting oneDNN up ---


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
    """What a stand-in for pip downloads, by file name; None of it is what our hashes say, unless told."""
    offered: dict[str, bytes] = {}

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[1:4] == ["-m", "pip", "download"]
        target = Path(command[command.index("--dest") + 1])
        for name, data in offered.items():
            (target / name).write_bytes(data)
        said = "" if offered else "ERROR: Could not find a version\nERROR: No matching distribution found\n"
        return subprocess.CompletedProcess(command, 0 if offered else 1, "", said)

    monkeypatch.setattr(subprocess, "run", run)
    return offered


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
