"""What a run gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from ..results import Row

if TYPE_CHECKING:
    from .plan import Trial


class DoneRows(Sequence[dict[str, Any]]):
    """A dict for each method and pair, in the order of the data sets, made when it is asked for: rows are smaller.

    Parameters
    ----------
    trials : that are done.
    """

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._groups = [(trial.dataset.label, trial.method.label, _in_order(trial)) for trial in trials]

    def __len__(self) -> int:
        return sum(len(rows) for _, _, rows in self._groups)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (_content(dataset, method, row) for dataset, method, rows in self._groups for row in rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        flat = [(dataset, method, row) for dataset, method, rows in self._groups for row in rows]
        return [_content(*each) for each in flat[index]] if isinstance(index, slice) else _content(*flat[index])


def _in_order(trial: Trial) -> list[Row]:
    names = [*(pair.name for pair in trial.dataset), *trial.dataset.skipped]
    return [row for name in names if (row := trial.rows.get(name)) is not None]


def _content(dataset: str, method: str, row: Row) -> dict[str, Any]:
    return {
        "dataset": dataset,
        "method": method,
        "pair": row.pair,
        "status": row.status,
        "reason": row.reason,
        "seconds": row.seconds,
        **row.metrics,
    }
