"""The table of places over all metrics and data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .boards import Board
from .footnotes import footnotes
from .grid import INCOMPLETE, NONE, Cell, Grid, Head, Line, cited, protocols_of
from .ranks import standings


def standings_grid(
    boards: Sequence[Board], *, names: Mapping[str, str] | None = None, incomplete: bool = False
) -> Grid:
    """Lay out place, mean rank, Borda count and first places over all metrics and data sets."""
    places = standings(boards, incomplete)
    whole = [s for s in places if s.place and s.cells == s.of]  # only these are marked
    ranks, borda = sorted({s.mean_rank for s in whole}), sorted({s.borda for s in whole}, reverse=True)
    below = footnotes(boards, [s.method for s in places])
    lines = [
        Line(
            (names or {}).get(s.method, s.method),
            [
                Cell(str(s.place or NONE)),
                Cell(f"{s.mean_rank:.2f}" if s.place else NONE, ranks.index(s.mean_rank) + 1 if s in whole else 0),
                Cell(f"{s.borda:g}" if s.place else NONE, borda.index(s.borda) + 1 if s in whole else 0),
                Cell(str(s.firsts) if s.place else NONE),
                Cell(str(s.cells) if s.cells == s.of else f"{s.cells}/{s.of}"),
            ],
            s.cells < s.of,
            below.of.get(s.method, []),
        )
        for s in places
    ]
    sets = ", ".join(cited(board) for board in boards)
    columns = [Head("place"), Head("mean rank", "↓"), Head("Borda", "↑"), Head("first places", "↑"), Head("cells")]
    notes = ["A cell is one metric on one data set."]
    if any(line.marked for line in lines):
        end = "ranked over the others" if incomplete else "not ranked"
        notes.append(f"{INCOMPLETE} some cells lack pairs: {end}.")
    return Grid(
        f"All metrics · {sets} · {protocols_of(boards)}", "Method", columns, lines, notes=notes, footnotes=below
    )
