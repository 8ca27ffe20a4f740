"""How somebody else's exception is told in one line."""

from __future__ import annotations

_LONGEST = 300


def one_line(error: BaseException) -> str:
    r"""Return type and message of an exception on one line, shortened where it is very long.

    Examples
    --------
    >>> one_line(ValueError("two\n  lines"))
    'ValueError: two lines'
    """
    text = " ".join(str(error).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
