"""The leaderboard: what the rows of all runs below a folder average to, ranked, as CSV and as Markdown."""

from __future__ import annotations

from pathlib import Path

from ...files import write_text
from ..reader import Results
from .boards import make_boards
from .efficiency import efficiency_grids
from .markdown import grid_to_markdown, to_markdown
from .spreadsheet import to_csv
from .tasks import task_grid

__all__ = ["write_leaderboard"]


def write_leaderboard(results: Results) -> Path:
    """Write `leaderboard.csv` and `leaderboard.md` of all results beside them, and return the former's path."""
    boards = make_boards(results)
    further = [*efficiency_grids(results.profiles), *map(task_grid, results.tasks)]
    write_text(results.folder / "leaderboard.md", "\n".join([to_markdown(boards), *map(grid_to_markdown, further)]))
    path = results.folder / "leaderboard.csv"
    write_text(path, to_csv(boards, records=results.tasks))
    return path
