"""Records: JSON files as dataclasses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, get_type_hints

from ..errors import InputError
from ..files import write_changed
from .paths import without_home
from .values import fitted, read_object

FORMAT = 1
_WAY_OUT = "delete it to run it again"
_PIECES = 10_000  # of JSON at once: a number, a name, a comma


@dataclass(kw_only=True)
class Record:
    """A JSON object. A field that it lacks has its default, and a name that no field has is kept.

    Attributes
    ----------
    OPTIONAL : the fields that are not written where they are None.
    unknown : what a later version wrote, by name.
    absent : the fields that the file lacks; they are not written either, unless they have a value by now.
    """

    OPTIONAL: ClassVar[tuple[str, ...]] = ()

    unknown: dict[str, Any] = field(default_factory=dict, repr=False)
    absent: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def names(cls) -> list[str]:
        """Name the fields that the file has, in their order there."""
        return [each.name for each in fields(cls) if each.name not in ("unknown", "absent")]

    @classmethod
    def parse(cls, content: Mapping[str, Any], within: str = "") -> Self:
        """Make the record of what a file holds.

        Parameters
        ----------
        content : the JSON object.
        within : what to call it, for errors: "" for a file, "method." for what its field `method` holds.

        Raises
        ------
        ValueError
            A field without a default is missing, or a value is not of its field's type.
        """
        names, kinds = cls.names(), _hints_of(cls)  # type: ignore[arg-type]  # a class can be hashed
        for each in fields(cls):
            if each.default is MISSING and each.default_factory is MISSING and each.name not in content:
                raise ValueError(f"it has no {within + each.name!r}")
        values = {name: fitted(content[name], kinds[name], within + name) for name in names if name in content}
        unknown = {name: value for name, value in content.items() if name not in names}
        return cls(**values, unknown=unknown, absent=frozenset(names) - values.keys())

    def content(self) -> dict[str, Any]:
        """Return what the file is to hold."""
        values = {name: getattr(self, name) for name in self.names()}
        return {
            name: _plain(value)
            for name, value in values.items()
            if (value is not None or name not in self.OPTIONAL)
            and (name not in self.absent or value != self._default(name))
        } | self.unknown

    def _default(self, name: str) -> Any:
        (about,) = (each for each in fields(self) if each.name == name)
        return about.default if about.default_factory is MISSING else about.default_factory()


R = TypeVar("R", bound=Record)


@cache
def _hints_of(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value.content() if isinstance(value, Record) else value


def read_record(path: Path, kind: type[R]) -> R | None:
    """Read a record; None where there is no file. The user's folder is ~ in it, as `write_record` writes it.

    Raises
    ------
    InputError
        It cannot be read, or holds something else.
    """
    content = read_object(path, _WAY_OUT)
    try:
        return None if content is None else kind.parse(without_home(content))
    except ValueError as error:
        raise InputError(f"{path} cannot be read ({error}): {_WAY_OUT}") from error


def write_record(path: Path, record: Record) -> None:
    """Write a record, whole or not at all; the user's folder becomes ~ in it."""
    pieces = json.JSONEncoder(indent=1, ensure_ascii=False, default=str).iterencode(without_home(record.content()))
    data = bytearray()
    while text := "".join(islice(pieces, _PIECES)):
        data += text.encode()
    data += b"\n"
    write_changed(path, data)


def plain(value: Any) -> Any:
    """Return a value as it reads back from a record."""
    return without_home(json.loads(json.dumps(value, ensure_ascii=False, default=str)))


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
