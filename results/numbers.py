"""Numbers by name, held small: a table of a hundred thousand rows has a million of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

T = TypeVar("T")


class Numbers(Mapping[str, float]):
    """Numbers by name, which are not changed.

    Parameters
    ----------
    places : of each name, its place in the values; shared by all rows of one layout.
    values : these numbers, and maybe others.

    Examples
    --------
    >>> values = array("d", [7.5, 40, 255])
    >>> metrics, facts = Numbers({"EN@film": 0, "SD@film": 1}, values), Numbers({"fused_max": 2}, values)
    >>> metrics["SD@film"], facts.get("likeness"), dict(facts)
    (40.0, None, {'fused_max': 255.0})
    """

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: array[float]) -> None:
        self._places, self._values = places, values

    def __getitem__(self, name: str) -> float:
        return self._values[self._places[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))

    @overload
    def get(self, key: str, /) -> float | None: ...
    @overload
    def get(self, key: str, /, default: float | T) -> float | T: ...
    def get(self, key: str, /, default: float | T | None = None) -> float | T | None:
        """Return a number, or something else where there is none; faster than what `Mapping` does."""
        place = self._places.get(key)
        return default if place is None else self._values[place]
