"""Records: JSON files as dataclasses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from ..errors import InputError
from ..files import write_text
from .paths import without_home

FORMAT = 1


@dataclass(kw_only=True)
class Record:
    """A JSON object. A field that it lacks has its default, and a name that no field has is kept.

    Attributes
    ----------
    PARTS : the fields that are records themselves.
    MAPS : the fields that hold records by name.
    OPTIONAL : the fields that are not written where they are None.
    unknown : what a later version wrote, by name.
    absent : the fields that the file lacks; they are not written either, unless they have a value by now.
    """

    PARTS: ClassVar[Mapping[str, type[Record]]] = {}
    MAPS: ClassVar[Mapping[str, type[Record]]] = {}
    OPTIONAL: ClassVar[tuple[str, ...]] = ()

    unknown: dict[str, Any] = field(default_factory=dict, repr=False)
    absent: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def names(cls) -> list[str]:
        """Name the fields that the file has, in their order there."""
        return [each.name for each in fields(cls) if each.name not in ("unknown", "absent")]

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Self:
        """Make the record of what a file holds.

        Raises
        ------
        TypeError, ValueError
            A field without a default is missing, or its value cannot be.
        """
        names = cls.names()
        values = {name: value for name, value in content.items() if name in names}
        for name in cls.PARTS.keys() & values.keys():
            values[name] = None if values[name] is None else cls.PARTS[name].parse(values[name])
        for name in cls.MAPS.keys() & values.keys():
            values[name] = {key: cls.MAPS[name].parse(value) for key, value in values[name].items()}
        unknown = {name: value for name, value in content.items() if name not in names}
        return cls(**values, unknown=unknown, absent=frozenset(names) - values.keys())

    def content(self) -> dict[str, Any]:
        """Return what the file is to hold."""
        values = {name: getattr(self, name) for name in self.names()}
        return {
            name: self._plain(name, value)
            for name, value in values.items()
            if (value is not None or name not in self.OPTIONAL)
            and (name not in self.absent or value != self._default(name))
        } | self.unknown

    def _plain(self, name: str, value: Any) -> Any:
        if name in self.MAPS:
            return {key: record.content() for key, record in value.items()}
        return value.content() if isinstance(value, Record) else value

    def _default(self, name: str) -> Any:
        (about,) = (each for each in fields(self) if each.name == name)
        return about.default if about.default_factory is MISSING else about.default_factory()


R = TypeVar("R", bound=Record)


def read_record(path: Path, kind: type[R]) -> R | None:
    """Read a record; None where there is no file. The user's folder is ~ in it, as `write_record` writes it.

    Raises
    ------
    InputError
        It cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it is no record")
        return kind.parse(without_home(content))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error}): delete it to run it again") from error


def write_record(path: Path, record: Record) -> None:
    """Write a record, whole or not at all; the user's folder becomes ~ in it."""
    write_text(path, json.dumps(without_home(record.content()), indent=1, ensure_ascii=False, default=str) + "\n")


def plain(value: Any) -> Any:
    """Return a value as it reads back from a record."""
    return without_home(json.loads(json.dumps(value, ensure_ascii=False, default=str)))


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
