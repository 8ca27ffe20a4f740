"""What the options of `table` say on columns, groups and decimals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ..errors import InputError, unknown
from .options import names_of

if TYPE_CHECKING:
    from ..results.leaderboard.boards import Board
    from ..results.leaderboard.grid import Extra


def groups(split: str, boards: Sequence[Board]) -> dict[str, str]:
    """Name the group of each metric: its protocol, or what its family measures."""
    if split == "protocol":
        return {column.key: column.protocol for board in boards for column in board.columns}
    from ..metrics.guide.families import GROUPS, families

    group = {name: GROUPS[family.group].partition(":")[0] for family in families() for name in family.names}
    keys = [column.key for board in boards for column in board.columns]
    return {key: group.get(key.partition("@")[0], GROUPS["other"]) for key in keys}


def extras(text: str) -> list[Extra]:
    """Read which columns stand beside the metrics."""
    known = ("n", "venue", "rank")
    names = [name for name in names_of(text) or () if text != "none"]
    for name in names:
        if name not in known:
            raise unknown("column", name, [*known, "none"])
    return cast("list[Extra]", names)


def decimals_of(text: str | None, boards: Sequence[Board]) -> int | dict[str, int] | None:
    """Read one number for all metrics, and those of single ones by name."""
    if text is None:
        return None
    fixed: dict[str, int] = {}
    for part in names_of(text) or ():
        name, _, number = part.rpartition("=")
        if not number.isdecimal() or int(number) > 12:
            raise InputError(f"--decimals {part}: give 0 to 12, or NAME=0 to NAME=12")
        for key in [name] if name else [column.key for board in boards for column in board.columns]:
            if name or key not in fixed:
                fixed[key] = int(number)
    return fixed
