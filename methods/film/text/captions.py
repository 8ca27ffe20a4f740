"""Paragraphs on pairs, as whatever model wrote them: a line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ....errors import InputError, printable

NAME, TEXT = "name", ("text", "caption")


def read_captions(path: Path) -> dict[str, str]:
    """Read a file of lines such as {"name": "00004N", "text": "A street at night …"}, to the texts by name.

    Parameters
    ----------
    path : the file, UTF-8; "caption" stands for "text", too, and other keys are left alone. Empty lines are skipped.

    Raises
    ------
    InputError
        It cannot be read, has no such line, or a line is none or names a pair for the second time.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the captions {path}: {getattr(error, 'strerror', None) or error}") from error
    texts: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, text = _of_line(line)
        if not name or not text:
            raise InputError(f'{path}, line {number}: this is no {{"name": "…", "text": "…"}}: {printable(line[:60])}')
        if name in texts:
            again = f"{path}, line {number}: {printable(name)} has a caption already"
            raise InputError(f"{again}: make one paragraph of both")
        texts[name] = text
    if not texts:
        raise InputError(f"{path} has no captions")
    return texts


def require_all(texts: dict[str, str], names: Iterable[str], path: Path) -> None:
    """Make sure that every pair has a caption.

    Raises
    ------
    InputError
        Some have none; it names the first few.
    """
    wanted = list(names)
    lacking = [name for name in wanted if name not in texts]
    if lacking:
        few = printable(", ".join(lacking[:3])) + (", …" if len(lacking) > 3 else "")
        raise InputError(f"{path} has no caption for {len(lacking)} of {len(wanted)} pairs: {few}")


def _of_line(line: str) -> tuple[str, str]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(record, dict):
        return "", ""
    name, text = record.get(NAME), next((record[key] for key in TEXT if key in record), None)
    return (name, text.strip()) if isinstance(name, str) and isinstance(text, str) else ("", "")
