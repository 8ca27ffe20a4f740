"""Setting up oneDNN where Jittor looks for it.

Jittor downloads oneDNN 2.2 from a server of its own, which many machines do not reach. The same library is in the
Python package index and, a little newer, in Debian; either is put where Jittor's download would lie.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ...errors import InputError, RunError
from ...files import writing
from .environment import has_onednn, onednn_folder

# Two wheels, by the file's SHA-256: the library, and its headers.
WHEELS = {
    "onednn-cpu-gomp==2021.2.0": "c4be17dc0f1066b2dc20aca96564339b8938bd1084337b068c501987c1a64256",
    "onednn-devel-cpu-gomp==2021.2.0": "80443ea8a45289bf79f6189a18ef4d2285b314793a5c212480f2dee8077a895b",
}
DEBIAN = "libdnnl-dev"
LIBRARY = "libdnnl.so.2"
_DEBIAN_INCLUDE, _DEBIAN_LIB = Path("/usr/include"), Path("/usr/lib/x86_64-linux-gnu")


def set_up() -> str:
    """Put oneDNN where Jittor looks for it, unless it is there.

    Returns
    -------
    Where it came from, in words.

    Raises
    ------
    InputError
        There is none for this kind of machine, or it can be had from nowhere: what to do is said.
    RunError
        What was downloaded is not what was published; or the disk is full.
    """
    if has_onednn():
        return "it was there already"
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise InputError(
            f"oneDNN can be set up for Jittor on Linux with x86_64, not on {platform.system()} with "
            f"{platform.machine()}; without it Jittor works, but slowly"
        )
    folder = onednn_folder()
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-") as temporary:
            new = Path(temporary) / "new"
            origin = _from_debian(new) or _from_wheels(new, Path(temporary))
            shutil.rmtree(folder, ignore_errors=True)  # half of one, of a download that failed
            new.rename(folder)
    return origin


def _from_debian(new: Path) -> str | None:
    """Link what Debian has installed, if it is the generation that Jittor is written for."""
    library = _DEBIAN_LIB / LIBRARY
    if not library.exists() or not (_DEBIAN_INCLUDE / "dnnl.hpp").exists():
        return None
    _make_folders(new)
    for header in [*_DEBIAN_INCLUDE.glob("dnnl*.h*"), _DEBIAN_INCLUDE / "oneapi"]:
        (new / "include" / header.name).symlink_to(header)
    (new / "lib" / "libmkldnn.so").symlink_to(library)
    return f"linked from Debian's {DEBIAN}"


def _from_wheels(new: Path, temporary: Path) -> str:
    """Download the wheels by the user's pip and its settings, verify and unpack them."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary", ":all:", "--dest", str(temporary), *WHEELS]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise InputError(
            f"pip cannot download oneDNN ({last[:200]}): install Debian's (`sudo apt install {DEBIAN}`), and run the "
            "same command again"
        )
    wheels = {hashlib.sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in temporary.glob("*.whl")}
    for name, digest in WHEELS.items():
        if digest not in wheels:
            raise RunError(f"what pip downloaded as {name} is not what was published: its SHA-256 is not {digest}")
    _make_folders(new)
    for digest in WHEELS.values():
        _unpack(wheels[digest], new)
    (new / "lib" / "libmkldnn.so").symlink_to(LIBRARY)
    return "downloaded by pip: " + ", ".join(WHEELS)


def _unpack(wheel: Path, new: Path) -> None:
    """Take the headers, and the library under the name that is looked for when it is loaded."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            _, _, inside = member.filename.partition(".data/data/")
            if inside == f"lib/{LIBRARY}" or (inside.startswith("include/") and not member.is_dir()):
                target = new / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))


def _make_folders(new: Path) -> None:
    for part in ("include", "lib"):
        (new / part).mkdir(parents=True)
