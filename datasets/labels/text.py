"""The text of annotation files: small, whole, and in any encoding."""

from __future__ import annotations

import codecs
import math
import re
from pathlib import Path

from ...errors import InputError

MOST = 8 << 20  # bytes of the annotations of an image, or of a list of classes
MOST_OF_ALL = 2 << 30  # of those of a data set in one file
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


def read_text(path: Path, most: int = MOST) -> str:
    """Read a text file. What its encoding does not have is replaced: names of classes and numbers are ASCII mostly.

    Raises
    ------
    InputError
        It cannot be read, is far too large, or names an encoding that is not known; it names the file.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path} is no file of annotations")
        size = path.stat().st_size
        if size > most:
            raise InputError(f"{path} has {size} bytes, and annotations have no more than {most}")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the annotations {path}: {(error.strerror or str(error)).lower()}") from error
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    declared = _DECLARED.match(data)
    try:
        return data.decode(encoding or (declared[1].decode() if declared else "utf-8"), errors="replace")
    except (LookupError, UnicodeError) as error:  # also of codecs that are none of text
        raise InputError(f"{path} names an encoding that is not known, {str(error).splitlines()[0]}") from error


def number(text: str | None) -> float:
    """Read a number as files write them; NaN where it is none.

    Examples
    --------
    >>> number(" 12.5 "), number("1_000"), number(None)
    (12.5, nan, nan)
    """
    return float(text) if text is not None and _NUMBER.fullmatch(text) else math.nan
