"""What results can depend on: versions, system, processor."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from .version import __version__

_PACKAGES = (
    "numpy", "scipy", "opencv-python-headless", "pillow", "PyWavelets", "scikit-image", "llvmlite", "torch", "jittor",
)  # fmt: skip


def version_of(package: str) -> str | None:
    """Return the version of a package that is installed, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def environment() -> dict[str, Any]:
    """Versions, system and processor, as far as results can depend on them; looked at once in a process."""
    return dict(_environment())


@cache
def _environment() -> dict[str, Any]:
    return {
        "fusionbench": __version__,
        "revision": _revision(),
        "python": platform.python_version(),
        **{package: version for package in _PACKAGES if (version := version_of(package))},
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _revision() -> str | None:
    """The commit of a source checkout, with a + where files were changed; None for an installed package."""
    root = Path(__file__).resolve().parent
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
