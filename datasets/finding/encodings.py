"""Text files of strangers: whatever encoding they are in, read strictly or not at all."""

from __future__ import annotations

import codecs
import contextlib
import re
from pathlib import Path

from ...errors import InputError

# Tried in this order where a file is not UTF-8; which is right is told by the names that it must hold.
_OTHERS = ("gb18030", "cp1252", "shift_jis", "big5", "euc_kr", "cp1251", "latin-1")
_WIDE = ("utf-16-le", "utf-16-be")
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")
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
        Text by encoding: one, where a mark at the front or valid UTF-8 settle it; none, where the file is no text.

    Raises
    ------
    InputError
        The file cannot be read, or is of another kind.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no file, but a folder, a pipe or a device: a list of names is a text file")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the list of names {path}: {(error.strerror or str(error)).lower()}") from error
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    if encoding is not None:
        try:
            return {encoding: data.decode(encoding)}
        except UnicodeDecodeError as error:
            raise InputError(f"{path} begins as {encoding.upper()} text and is not: save it as UTF-8") from error
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if kind is not None:
        raise InputError(f"{path} is {kind}: a list of names is a text file, one name a line")
    texts: dict[str, str] = {}
    for name in _WIDE if b"\0" in data else ("utf-8", *_OTHERS, *_WIDE):
        if "utf-8" not in texts:
            with contextlib.suppress(UnicodeDecodeError):
                text = data.decode(name)
                texts |= {} if _CONTROL.search(text) else {name: text}
    return texts
