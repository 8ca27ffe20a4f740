"""Text files of strangers: whatever encoding they are in, read strictly or not at all."""

from __future__ import annotations

import codecs
from pathlib import Path

from ..errors import InputError

# Tried in this order where a file is not UTF-8; which is right is told by the names that it must hold.
_OTHERS = ("gb18030", "cp1252", "shift_jis", "big5", "euc_kr", "cp1251", "latin-1")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
_KINDS = {
    b"PK": "an archive or a workbook", b"%PDF": "a PDF file", b"\x89PNG": "an image", b"\xff\xd8\xff": "an image",
    b"\xd0\xcf\x11\xe0": "a workbook or a document", b"\x1f\x8b": "an archive",
}  # fmt: skip


def readings(path: Path) -> dict[str, str]:
    """Read a text file in every encoding that it may be in, the likeliest first.

    Returns
    -------
    dict
        Text by encoding: one, where a mark at the front, zeros between letters or valid UTF-8 settle it.

    Raises
    ------
    InputError
        The file cannot be read, or is no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the list of names {path}: {(error.strerror or str(error)).lower()}") from error
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None) or _wide(data)
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if encoding is None and (kind or b"\0" in data):
        raise InputError(f"{path} is {kind or 'no text'}: a list of names is a text file, one name a line")
    if encoding is not None:
        try:
            return {encoding: data.decode(encoding)}
        except UnicodeDecodeError as error:
            raise InputError(f"{path} begins as {encoding.upper()} text and is not: save it as UTF-8") from error
    found = {}
    for name in ("utf-8", *_OTHERS):
        try:
            found[name] = data.decode(name)
        except UnicodeDecodeError:
            continue
        if name == "utf-8":
            break
    return found


def _wide(data: bytes) -> str | None:
    """Tell UTF-16 without a mark by the zeros that stand in every second place."""
    if len(data) < 2 or len(data) % 2 or b"\0" not in data:
        return None
    half = len(data) // 2
    even, odd = data[::2].count(0), data[1::2].count(0)
    if odd > half / 3 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > half / 3 and not odd else None
