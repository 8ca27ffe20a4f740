"""Notes below a table: which methods carry which number, and what is said once of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .boards import Board

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass
class Footnotes:
    """What to print below: `shared` sentences stand for all methods, `numbered` ones for those that `of` marks.

    Numbers begin with 1 and rise in the order of the methods.
    """

    shared: list[str] = field(default_factory=list)
    numbered: list[str] = field(default_factory=list)
    of: dict[str, list[int]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """All sentences, each behind its raised number if it has one."""
        return [*self.shared, *(f"{raised([n])} {text}" for n, text in enumerate(self.numbered, start=1))]


def raised(numbers: Sequence[int]) -> str:
    """Write the numbers of notes as raised digits.

    Examples
    --------
    >>> raised([1, 12])
    '¹,¹²'
    """
    return ",".join(str(number).translate(_SUPERSCRIPT) for number in numbers)


def footnotes(boards: Sequence[Board], methods: Sequence[str], timing: bool = False) -> Footnotes:
    """Sort the notes of the boards' entries.

    A sentence that holds for every method on every board is shared. On several boards, one that holds for all methods
    of a board, or for a method on some of its boards, names the data set.

    Parameters
    ----------
    boards : the data sets of one table.
    methods : its rows, in order; entries of other methods do not count.
    timing : take the notes on the seconds, not those on the metrics.
    """
    cells = {
        (board.dataset, entry.method): entry.timing if timing else entry.notes
        for board in boards
        for entry in board.entries
        if entry.method in methods
    }
    everything = dict.fromkeys(sentence for sentences in cells.values() for sentence in sentences)
    holds = {sentence: {cell for cell, sentences in cells.items() if sentence in sentences} for sentence in everything}
    notes = Footnotes(of={method: [] for method in methods})
    for sentence, where in holds.items():
        if where == set(cells):
            notes.shared.append(sentence)
    for board in boards:
        here = {cell for cell in cells if cell[0] == board.dataset}
        for sentence, where in holds.items():
            if here and here <= where and where != set(cells):
                notes.shared.append(f"{board.dataset}: {sentence}")
                where -= here
    for method in methods:
        mine = [cell for cell in cells if cell[1] == method]
        for sentence, where in holds.items():
            marked = [cell for cell in mine if cell in where and where != set(cells)]
            for text in _named(sentence, marked, len(mine) == len(marked)):
                if text not in notes.numbered:
                    notes.numbered.append(text)
                notes.of[method].append(notes.numbered.index(text) + 1)
    notes.of = {method: sorted(numbers) for method, numbers in notes.of.items()}
    return notes


def _named(sentence: str, cells: list[tuple[str, str]], everywhere: bool) -> list[str]:
    if everywhere:
        return [sentence] if cells else []
    return [f"{dataset}: {sentence}" for dataset, _ in cells]
