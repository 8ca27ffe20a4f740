"""What is right and what is wrong with Jittor on this machine, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from ...errors import FusionBenchError
from . import environment
from .pipe import Hello

Verdict = Literal["good", "poor", "bad"]
Start = Callable[[bool | None], Hello]
FIX = "fusionbench doctor jittor --fix"
COST = "without it convolutions take 14 to 50 times as long"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what : was looked at.
    verdict : "good"; "poor", where Jittor works all the same; "bad", where it does not.
    found : what there is.
    advice : what to do.
    """

    what: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(start: Start | None = None) -> Iterator[Finding]:
    """Look at everything that Jittor needs, and let it compile; what can be seen at once comes first.

    Parameters
    ----------
    start : starts Jittor with or without oneDNN (None: with it where it is there), and says what came up; raises a
        `FusionBenchError` if it does not start.

    Yields
    ------
    Each finding when it is known. Where something is bad that Jittor cannot start without, it is not started.
    """
    bad = False
    for look in (_version, _numpy, _compiler, _headers):
        finding = look()
        bad = bad or finding.verdict == "bad"
        yield finding
    if bad:
        yield Finding("start", "bad", "not tried", "mend the above first")
    else:
        yield from _start(start or start_worker)
    yield _cache()


def usable(findings: list[Finding]) -> bool:
    """Whether Jittor can be computed with."""
    return all(finding.verdict != "bad" for finding in findings)


def start_worker(onednn: bool | None) -> Hello:
    """Start Jittor in a process of its own, and end it."""
    from .worker import Worker

    with Worker(onednn) as worker:
        return worker.hello


def _version() -> Finding:
    version, least = environment.installed(), ".".join(map(str, environment.LEAST))
    if version is None:
        return Finding("Jittor", "bad", "not installed", environment.how_to_install())
    if environment.numbers(version) < environment.LEAST:
        return Finding("Jittor", "bad", f"{version}, but {least} or later is needed", environment.how_to_install())
    return Finding("Jittor", "good", version)


def _numpy() -> Finding:
    version = metadata.version("numpy")
    if environment.numbers(version) >= (2,):
        return Finding("numpy", "bad", f"{version}, but Jittor needs one below 2", environment.how_to_install())
    return Finding("numpy", "good", version)


def _compiler() -> Finding:
    path = os.environ.get("cc_path") or shutil.which("g++")  # noqa: SIM112  # Jittor calls it so
    if path is None:
        return Finding("C++ compiler", "bad", "there is no g++", "install it: sudo apt install g++")
    return Finding("C++ compiler", "good", path)


def _headers() -> Finding:
    folder = Path(sysconfig.get_path("include"))
    if not (folder / "Python.h").is_file():
        version = sysconfig.get_python_version()
        advice = f"install them: sudo apt install python{version}-dev"
        return Finding("Python headers", "bad", f"there is no Python.h in {folder}", advice)
    return Finding("Python headers", "good", str(folder))


def _start(start: Start) -> Iterator[Finding]:
    try:
        hello, broken = start(None), None
    except FusionBenchError as error:
        broken = error
        try:
            if not environment.has_onednn():
                raise
            hello = start(False)
        except FusionBenchError:
            yield Finding("start", "bad", str(broken), "read the log")
            return
    seconds = hello.seconds
    compiling = f", {seconds.compiling:.0f} CPU seconds of it compiling" if seconds.compiling > 1 else ""
    yield Finding("start", "good", f"in {seconds.wall:.1f} s{compiling}")
    if hello.sound:
        yield Finding("arrays", "good", "come through as they are")
    else:
        yield Finding("arrays", "bad", f"numpy {hello.numpy}'s do not come through", environment.how_to_install())
    threads = f"{hello.threads} thread" + "s" * (hello.threads != 1)
    yield Finding("device", "good", f"the processor, {threads}" if hello.device == "cpu" else hello.device)
    yield _onednn(hello, broken)


def _onednn(hello: Hello, broken: FusionBenchError | None) -> Finding:
    if hello.onednn:
        return Finding("oneDNN", "good", "used")
    if broken is not None:
        folder = environment.onednn_folder()
        return Finding("oneDNN", "poor", f"cannot be used: {broken}", f"delete {folder}, then {FIX}")
    if environment.has_onednn():
        return Finding("oneDNN", "poor", f"there, but not used; {COST}", "read the log")
    return Finding("oneDNN", "poor", f"not there; {COST}", FIX)


def _cache() -> Finding:
    folder = environment.home()
    if not folder.is_dir():
        return Finding("compiled code", "good", f"{folder}, empty: the first start takes minutes, up to half an hour")
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    return Finding("compiled code", "good", f"{folder}, {size / 1e6:.0f} MB")
