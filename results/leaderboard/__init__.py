"""The leaderboard: what the rows of all runs below a folder average to, ranked, as CSV and as Markdown."""

from .files import write_leaderboard

__all__ = ["write_leaderboard"]
