"""What the folders and files of results are called."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any


def folder_name(label: str) -> str:
    """Make a folder name of any label: readable, safe on every file system, different for different labels.

    Examples
    --------
    >>> folder_name("laplacian[levels=5]")
    'laplacian[levels=5]'
    >>> folder_name("cmd:python x.py").startswith("cmd-python-x.py-")
    True
    """
    safe = re.sub(r"[^\w\[\]=,.+@-]+", "-", label).strip("-.")[:80] or "unnamed"
    return safe if safe == label else f"{safe}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def without_home(value: Any) -> Any:
    """Write ~ for the user's folder in the texts of a JSON value: what is handed on need not name its user.

    Examples
    --------
    >>> without_home({"root": f"{Path.home()}/data", "command": f"python {Path.home()}/fuse.py", "limit": 2})
    {'root': '~/data', 'command': 'python ~/fuse.py', 'limit': 2}
    """
    home = str(Path.home())
    return _without(home, value) if home != "/" else value


def _without(home: str, value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(rf"(?<![\w./-]){re.escape(home)}(?=/)", "~", value) if home in value else value
    if isinstance(value, dict):
        return {name: _without(home, each) for name, each in value.items()}
    if not isinstance(value, list | tuple):
        return value
    changed = [_without(home, each) for each in value]
    return value if isinstance(value, list) and changed == value else changed  # there may be many of them


def profile_path(out: Path, method: str, size: tuple[int, int], device: str) -> Path:
    """Name the file of what `method` costs at a size (height, width) on a device."""
    return out / "profile" / folder_name(method) / f"{size[0]}x{size[1]}-{folder_name(device)}.json"
