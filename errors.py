"""Errors that a user can act on: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import ascii_lowercase

_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]")  # what breaks a line, or steers a terminal


class FusionBenchError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line exits with.

    It is one line, whatever names of files, keys or methods it tells.
    """

    exit_code = 1

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(FusionBenchError):
    """The command, the options or the data are wrong; nothing was run."""

    exit_code = 2


class SetupError(InputError):
    """A method lacks what every pair needs, and that could not be known before: a run ends with the first pair."""


class RunError(FusionBenchError):
    """A run started and failed; finished work is kept."""


class InterruptedRunError(FusionBenchError):
    """The user, or the system, wanted a command to end; says what is kept.

    Attributes
    ----------
    exit_code : what a shell expects: 128 and the signal's number.
    """

    def __init__(self, text: str, cause: KeyboardInterrupt) -> None:
        super().__init__(text)
        self.exit_code = 128 + (cause.args[0] if cause.args else 2)


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Build the error for a name that is not in a catalogue, with the nearest name that is.

    Parameters
    ----------
    kind : what the name should have been, in the singular: "method", "metric", "data set".
    name : what the user wrote.
    known : every valid name.

    Returns
    -------
    InputError
        To be raised by the caller.

    Examples
    --------
    >>> print(unknown("metric", "Qabg", ["EN", "Qabf"]))
    unknown metric 'Qabg': did you mean 'Qabf'?
    """
    names = sorted(set(known))
    close = nearest(name, names)
    hint = f"did you mean {close!r}?" if close else f"there are {', '.join(names) or 'none'}"
    return InputError(f"unknown {kind} {name!r}: {hint}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the name that was most likely meant: what begins or ends alike, or has one letter in four wrong at most.

    Letters that are exchanged with their neighbours count once; case, blanks and the signs - _ @ do not count.

    Examples
    --------
    >>> nearest("laplacain", ["gff", "laplacian"]), nearest("harvard", ["Harvard-MRI-CT", "TNO"])
    ('laplacian', 'Harvard-MRI-CT')
    >>> nearest("Qab", ["Q_CB", "Qabf"]), nearest("FMB", ["VIFB", "MEFB"])
    ('Qabf', None)
    """
    wanted = _folded(name)
    best: tuple[float, bool, int, str] | None = None
    for candidate in known:
        other = _folded(candidate)
        short, long = sorted((wanted, other), key=len)
        begins = len(short) > 2 and (long.startswith(short) or (len(short) > 4 and long.endswith(short)))
        edits = _edits(wanted, other)
        wrong = min(edits, 1.25) if begins else edits  # one slip is likelier than a name that was left half
        allowed = max(1, len(long) // 4) if len(long) > 2 else 0
        this = (wrong, not begins, len(other), candidate)
        if (begins or wrong <= allowed) and (best is None or this < best):
            best = this
    return best[-1] if best else None


def _folded(name: str) -> str:
    return re.sub(r"[-_@\s]", "", name.casefold())


def _edits(one: str, other: str) -> int:
    """Count letters that are to be put in, left out, replaced, or exchanged with the next."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter_ in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, sign in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter_ != sign)))
            if i > 1 and j > 1 and letter_ == other[j - 2] and one[i - 2] == sign:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]


def one_line(error: BaseException, longest: int = 300) -> str:
    r"""Return type and message of an exception on one line, shortened where it is very long.

    Examples
    --------
    >>> one_line(ValueError("two\n  lines"))
    'ValueError: two lines'
    """
    try:
        text = " ".join(str(error).split())
    except Exception:  # somebody's exception that cannot even be printed
        text = ""
    text = text if len(text) <= longest else f"{text[:longest]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def letter(place: int) -> str:
    """Name a source in sentences and options, by its place, from 0.

    Examples
    --------
    >>> letter(0), letter(4), letter(26)
    ('a', 'e', 'source27')
    """
    return ascii_lowercase[place] if place < len(ascii_lowercase) else f"source{place + 1}"


def printable(name: str) -> str:
    r"""Return a name as it can be written in a line: control characters, and bytes that are no UTF-8, are escaped.

    Examples
    --------
    >>> print(printable("one\ntwo"))
    one\ntwo
    """
    escaped = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), name)
    return escaped.encode("utf-8", "backslashreplace").decode()
