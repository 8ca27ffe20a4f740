"""Finding which of two groups of names belong together: the plainest agreement first, and never by guessing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .names import alike, cores, natural, unpadded

Spellings = Callable[[str], set[str]]


@dataclass
class Matches:
    """Which names belong together.

    Attributes
    ----------
    partner : of the second group, for each name of the first that has one.
    core : what the partners have in common, where their own words were taken off.
    unclear : for a name of either group, all those that it might belong to, itself among them.
    """

    partner: dict[str, str] = field(default_factory=dict)
    core: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, list[str]] = field(default_factory=dict)


def spellings(words: Iterable[str]) -> list[Spellings]:
    """List the ways to read a name, the plainest first; names that a way brings together are partners.

    Words are those of the names' side ("ir", "thermal"); a way without them comes before the ways with them, and
    numbers lose their zeros last. A word that runs on into the name ("irroad") comes off on both sides only.
    """
    known = tuple(words)

    def bare(name: str) -> set[str]:
        return {alike(name), *(alike(core) for core in cores(name, known))}

    def loose(name: str) -> set[str]:
        return {alike(core) for core in cores(name, known, loose=True)}

    return [
        lambda name: {name},
        lambda name: {alike(name)},
        bare,
        lambda name: {unpadded(alike(name))},
        lambda name: {unpadded(core) for core in bare(name)},
        loose,
        lambda name: {unpadded(core) for core in loose(name)},
    ]


def match(
    first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]],
    ways_first: Sequence[Spellings], ways_second: Sequence[Spellings],
) -> Matches:  # fmt: skip
    """Match names one to one, by each way of reading in turn.

    Who shares a reading with exactly one of the others, which shares it with nobody else, is its partner. Where more
    come together, none of them is matched, in no later way either: which belong together is not told by their names.

    Parameters
    ----------
    first, second : for each name what it is called; mostly itself alone.
    ways_first, ways_second : from `spellings`; as many of each.
    """
    matches = Matches()
    left, right = dict(first), dict(second)
    for read_first, read_second in zip(ways_first, ways_second, strict=True):
        of_left, of_right = _readings(left, read_first), _readings(right, read_second)
        for lefts, rights in _together(of_left, of_right):
            if len(lefts) == len(rights) == 1:
                matches.partner[lefts[0]] = rights[0]
                matches.core[lefts[0]] = min(
                    of_left[lefts[0]] & of_right[rights[0]], key=lambda core: (len(core), core)
                )
            else:
                group = [*lefts, *rights]
                matches.unclear.update(dict.fromkeys(group, group))
            for name in lefts:
                left.pop(name)
            for name in rights:
                right.pop(name)
    return matches


def _readings(group: Mapping[str, Sequence[str]], read: Spellings) -> dict[str, set[str]]:
    return {name: {reading for called in names for reading in read(called)} for name, names in group.items()}


def _together(left: Mapping[str, set[str]], right: Mapping[str, set[str]]) -> list[tuple[list[str], list[str]]]:
    """Collect the names of both groups that hang together by common readings."""
    common = {reading for readings in left.values() for reading in readings}
    common &= {reading for readings in right.values() for reading in readings}
    chief = {reading: reading for reading in common}  # of the readings that some name has at once

    def lead(reading: str) -> str:
        while chief[reading] != reading:
            reading = chief[reading]
        return reading

    for readings in (*left.values(), *right.values()):
        mine = sorted(readings & common)
        for other in mine[1:]:
            chief[lead(other)] = lead(mine[0])
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for side, group in enumerate((left, right)):
        for name, readings in group.items():
            if shared := readings & common:
                groups.setdefault(lead(min(shared)), ([], []))[side].append(name)
    return [(sorted(lefts, key=natural), sorted(rights, key=natural)) for lefts, rights in groups.values()]
