"""The command line as a user calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def call(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call `python -m fusionbench`."""
    command = [sys.executable, "-m", "fusionbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300)
