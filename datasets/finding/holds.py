"""What a folder holds that has no images: said by name, so that people see what is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from .layouts import subfolders

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_SHOWN = 3


def holds(folder: Path) -> str:
    """Say what lies in a folder that holds no images itself.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for number in range(12):
    ...         (Path(folder) / f"{number}.mp4").touch()
    ...     holds(Path(folder))
    'it holds 12 .mp4 files'
    """
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        return f"it cannot be read: {(error.strerror or str(error)).lower()}"
    shown = [path for path in inside if not path.name.startswith(".")]
    files = [path for path in shown if not path.is_dir()]
    folders = subfolders(folder)
    if not inside:
        return "it is empty"
    if not shown:
        return f"it holds only hidden files ({inside[0].name}{', …' if len(inside) > 1 else ''})"
    parts = []
    if files:
        parts.append(_kinds(files))
    if folders:
        names = ", ".join(path.name for path in folders[:_SHOWN]) + (", …" if len(folders) > _SHOWN else "")
        parts.append(f"{'only ' if not files else ''}sub-folders ({names})")
    packed = [path.name for path in files if path.suffix.lower() in _ARCHIVES]
    return f"it holds {' and '.join(parts)}" + (f": unpack {packed[0]}" if packed else "")


def _kinds(files: list[Path]) -> str:
    counts = Counter(path.suffix.lower() for path in files)
    told = [_kind(count, suffix) for suffix, count in counts.most_common(_SHOWN)]
    return ", ".join(told) + (", …" if len(counts) > _SHOWN else "")


def _kind(count: int, suffix: str) -> str:
    files = "file" if count == 1 else "files"
    return f"{count} {suffix} {files}" if suffix else f"{count} {files} without extension"
