"""Leaderboards as text: Markdown, and tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from .leaderboard import Board, Column, Entry

Mark = Callable[[str, int], str]  # a number and its rank: what is printed


def digits(board: Board, column: Column) -> int:
    """How many decimals a column needs to show five significant digits of its largest mean, between 1 and 4."""
    largest = max((abs(m) for e in board.entries if not math.isnan(m := e.means.get(column.key, math.nan))), default=0)
    whole = len(str(int(largest)))
    return min(4, max(1, 5 - whole))


def title(board: Board) -> str:
    """Name the data set, the number of its pairs and the protocols."""
    protocols = sorted({protocol for entry in board.entries for protocol in entry.protocols.split()})
    plural = "pair" if board.pairs == 1 else "pairs"
    return f"{board.dataset} · {board.pairs} {plural} · {', '.join(protocols)}"


def heads(board: Board) -> list[str]:
    """Head each metric's column: the protocol's name for it, or the key where two conventions share a name."""
    names = [column.name for column in board.columns]
    return [f"{c.name if names.count(c.name) == 1 else c.key} {c.arrow}" for c in board.columns]


def count(board: Board, entry: Entry) -> str:
    """Say how many pairs were scored, out of how many where some are missing."""
    return str(entry.scored) if entry.complete else f"{entry.scored}/{board.pairs}"


def cells(board: Board, entry: Entry, mark: Mark) -> list[str]:
    """Print the means of a method; `mark` sets off the best and the second."""
    texts = []
    for column in board.columns:
        value = entry.means.get(column.key, math.nan)
        if math.isnan(value):
            texts.append("–")
            continue
        text = f"{value:.{digits(board, column)}f}"
        if missing := entry.undefined.get(column.key):
            text += f" (n={entry.scored - missing})"
        texts.append(mark(text, board.ranking(column).get(entry.method, 0)))
    return texts


def _marked_markdown(text: str, rank: int) -> str:
    return {1: f"**{text}**", 2: f"<u>{text}</u>"}.get(rank, text)


def _marked_terminal(text: str, rank: int) -> str:
    return {1: f"[bold]{text}[/bold]", 2: f"[underline]{text}[/underline]"}.get(rank, text)


def to_markdown(boards: Iterable[Board]) -> str:
    """Render a table for each data set: best in bold, second underlined, incomplete methods not ranked."""
    blocks = []
    for board in boards:
        lines = [["Method", "n", *heads(board)], ["---", "---:", *["---:"] * len(board.columns)]]
        lines += [[_escaped(e.method), count(board, e), *cells(board, e, _marked_markdown)] for e in board.entries]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        blocks.append(f"### {_escaped(title(board))}\n\n{table}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    plain = " ".join(text.split())
    for sign in "\\`*_{}[]<>|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def to_tables(board: Board, width: int) -> list[Table]:
    """Build what a terminal of `width` columns shows: best in bold, second underlined, incomplete methods dim.

    Metrics that do not fit beside each other go into further tables below.
    """
    titles, lines = heads(board), [cells(board, entry, _marked_terminal) for entry in board.entries]
    room = (
        width
        - max(len("method"), *(len(entry.method) for entry in board.entries))
        - len(f"  {board.pairs}/{board.pairs}")
        - 4
    )
    groups: list[list[int]] = [[]]
    left = room
    for index, head in enumerate(titles):
        need = 2 + max(len(head), *(len(Text.from_markup(line[index])) for line in lines))
        if need > left and groups[-1]:
            groups.append([])
            left = room
        groups[-1].append(index)
        left -= need
    return [_table(board, titles, lines, group, number) for number, group in enumerate(groups)]


def _table(board: Board, titles: list[str], lines: list[list[str]], group: list[int], number: int) -> Table:
    name = Text(f"{title(board)}{' (continued)' if number else ''}")
    table = Table(title=name, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("method", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for index in group:
        table.add_column(titles[index], justify="right", no_wrap=True)
    for entry, line in zip(board.entries, lines, strict=True):
        style = "" if entry.complete else "dim"
        table.add_row(Text(entry.method), count(board, entry), *(line[index] for index in group), style=style)
    return table
