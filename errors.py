"""Errors that a user can act on: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from string import ascii_lowercase


class FusionBenchError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command line exits with."""

    exit_code = 1


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
    folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    hint = f"did you mean {folded[close[0]]!r}?" if close else f"there are {', '.join(names) or 'none'}"
    return InputError(f"unknown {kind} {name!r}: {hint}")


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
