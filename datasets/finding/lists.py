"""Lists of names as people have them: one a line, or a table; with paths, quotes, numbers, in any encoding."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..images import EXTENSIONS
from .encodings import readings
from .lookup import Lookup
from .names import stem

SUFFIXES = (".txt", ".csv", ".lst", ".list", ".json")
_EXTENSION = re.compile(rf"(?:{'|'.join(re.escape(e) for e in sorted(EXTENSIONS))})(?![\w.])", re.IGNORECASE)
_HEADS = re.compile(
    r"(?:names?|files?|file_?names?|images?|img|ids?|index|idx|no|number|pairs?|paths?|stem|[ab]|ir|vis?|infrared|visible|"
    r"rgb|thermal|source|train|test|val|mri|ct|pet|over|under|near|far)(?:[ _-]?(?:names?|files?|paths?|[ab12]))?",
    re.IGNORECASE,
)
_QUOTES = "\"'`“”‘’"
_DIGITS = 20  # more than the number of a line has
_SEPARATORS = ("\t", ",", ";", "|", None)  # None: blanks


@dataclass(frozen=True)
class ListedName:
    """What a line of a list means.

    Attributes
    ----------
    name : of the pair; what stands there, where there is no such pair.
    line : its number, from 1; of an entry, where the list is JSON.
    problem : why it is no pair; None where it is.
    """

    name: str
    line: int
    problem: str | None = None


@dataclass
class _Line:
    """One line: its columns, once they are told apart, and the names that it turns out to mean."""

    number: int
    text: str
    columns: list[str]
    names: list[str] | None = None
    problem: str | None = None


def read_list(path: Path, lookup: Lookup, reason: str = "there is no image of this name") -> list[ListedName]:
    """Read a list of names.

    Understood are names and paths, with or without extension, quotes, commas at the end, a drive; comments after "#";
    columns between tabs, commas, semicolons, bars or blanks, of which those with names count (an index, a label, a
    head, and a second path of the same pair do no harm); JSON; and any encoding. What a line means must be a pair;
    names may lack the word of their source, or zeros, as long as one pair only is meant.

    Parameters
    ----------
    path : the file.
    lookup : the pairs that there are.
    reason : what is said of a name that there is not.

    Returns
    -------
    list
        In the order of the file, each pair once.

    Raises
    ------
    InputError
        The file cannot be read, is no text, lists nothing, or is in an encoding in which its names are none.
    """
    best: list[_Line] | None = None
    texts = readings(path)
    for text in texts.values():
        lines = _understood(path, text, lookup)
        if best is None or _missing(lines) < _missing(best):
            best = lines
    lines = best or []
    if not texts or (len(texts) > 1 and b"\0" in path.read_bytes() and not any(line.names for line in lines)):
        raise InputError(f"{path} is no text: a list of names is a text file, one name a line")
    foreign = next((line for line in lines if not line.names and not line.text.isascii()), None)
    if len(texts) > 1 and foreign is not None:
        raise InputError(
            f"line {foreign.number} of {path} is not UTF-8, and in no other usual encoding the name of an image that "
            "is there: save the list as UTF-8"
        )
    if not lines:
        raise InputError(f"{path} lists no names: write one a line")
    where = "entry" if path.suffix.lower() == ".json" else "line"
    entries: dict[tuple[str, bool], ListedName] = {}
    for line in lines:
        for name in line.names or [_guess(line)]:
            problem = line.problem or (None if line.names else reason)
            message = f"{problem} ({where} {line.number} of {path.name})" if problem else None
            entries.setdefault((name, problem is None), ListedName(name, line.number, message))
    return list(entries.values())


def _missing(lines: Sequence[_Line]) -> int:
    return sum(not line.names for line in lines)


def _understood(path: Path, text: str, lookup: Lookup) -> list[_Line]:
    """Split a text into lines, and find out what each of them means."""
    lines = _structured(path, text) or _lines(text, lookup)
    for line in lines:
        whole = _bare(line.text)
        if len(line.columns) < 2 and (hits := lookup.exact(_short(whole)) or lookup.exact(whole)):
            _settle(line, hits)
    for separator in _SEPARATORS:
        if separator is None:
            _by_path(lines, lookup)
        _by_columns([line for line in lines if line.names is None], separator, lookup)
    if lines and lines[0].names is None and any(line.names for line in lines[1:]) and _is_head(lines[0]):
        lines = lines[1:]
    return lines


def _lines(text: str, lookup: Lookup) -> list[_Line]:
    lines = []
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text.replace("\ufeff", "")), 1):
        line = raw.strip(" \t\u200b\u00a0")
        if line.startswith("#") and not lookup.exact(_short(line)):
            continue
        line = line if lookup.exact(_short(line)) else re.split(r"\s#(?:\s|$)", line)[0].strip()
        if _bare(line):
            lines.append(_Line(number, line, []))
    return lines


def _structured(path: Path, text: str) -> list[_Line]:
    """Read JSON, or a list as Python prints it; nothing where the text is neither."""
    start = text.lstrip("\ufeff \t\r\n")
    if not start.startswith(("[", "{")) or (path.suffix.lower() != ".json" and start.rstrip()[-1:] not in "]}"):
        return []
    try:
        value = json.loads(start)
    except (ValueError, RecursionError) as error:
        try:
            value = ast.literal_eval(start)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            if path.suffix.lower() != ".json":
                return []
            line, why = (error.lineno, error.msg) if isinstance(error, json.JSONDecodeError) else (1, str(error))
            raise InputError(f"line {line} of {path} is no JSON: {why}") from error
    return [_Line(number, " ".join(columns), columns) for number, columns in enumerate(_entries(path, value), 1)]


def _entries(path: Path, value: Any) -> list[list[str]]:
    if isinstance(value, dict):
        lists = {str(key): inside for key, inside in value.items() if isinstance(inside, list)}
        if lists and path.stem not in lists and len(lists) > 1:
            raise InputError(f"{path} holds several lists, {', '.join(lists)}: keep one of them")
        value = lists.get(path.stem) or next(iter(lists.values()), None) or list(value)
    return [[str(part) for part in _parts(entry)] for entry in value]


def _parts(entry: Any) -> list[Any]:
    if isinstance(entry, dict):
        return [value for value in entry.values() if isinstance(value, str | int)]
    return list(entry) if isinstance(entry, list | tuple) else [entry]


def _by_path(lines: Sequence[_Line], lookup: Lookup) -> None:
    """Take what is left for single paths, before blanks are taken for borders of columns."""
    for line in lines:
        if line.names is None and len(line.columns) < 2 and _is_one_path(line.text):
            _settle(line, lookup.path(_bare(line.text)))


def _is_one_path(text: str) -> bool:
    return len(_EXTENSION.findall(text)) < 2 and sum("/" in p or "\\" in p for p in text.split()) < 2


def _by_columns(lines: Sequence[_Line], separator: str | None, lookup: Lookup) -> None:
    """Tell the columns that hold names from the others, and take each line's name from them."""
    split = {id(line): line.columns or _columns(line.text, separator) for line in lines}
    lines = [line for line in lines if len(split[id(line)]) > 1]
    width = Counter(len(split[id(line)]) for line in lines).most_common(1)[0][0] if lines else 0
    hits = {id(line): [lookup.path(text) for text in split[id(line)]] for line in lines}
    alone = lines[0] if len(lines) == 1 and not re.search(r"[/\\]", lines[0].text) else None
    if alone and all(len(names) == 1 for names in hits[id(alone)]):  # all names, in one line
        alone.names = [name for names in hits[id(alone)] for name in names]
        return
    names = _name_columns([split[id(line)] for line in lines], [hits[id(line)] for line in lines], width)
    for line in lines:
        columns = split[id(line)]
        chosen = [number for number in names if number < len(columns)]
        readings_of = [hits[id(line)][number] for number in chosen]
        meant = sorted({name for each in readings_of for name in each})
        if meant:
            line.columns = [columns[number] for number in chosen]
            if len(meant) == 1 and all(readings_of):
                _settle(line, meant)
            elif all(readings_of):
                line.problem = f"{' and '.join(line.columns)} are not of one pair"
                line.names = []
            else:
                line.columns = [columns[number] for number, each in zip(chosen, readings_of, strict=True) if not each]
                line.names = []


def _columns(text: str, separator: str | None) -> list[str]:
    try:
        parts = text.split() if separator is None else next(csv.reader([text], delimiter=separator), [])
    except csv.Error:  # a column longer than csv allows, as a long line is that has other separators
        parts = text.split(separator)
    return [bare for part in parts if (bare := _bare(part))]


def _name_columns(rows: list[list[str]], hits: list[list[list[str]]], width: int) -> list[int]:
    """Say which columns hold names: those with extensions, or else those that are names, and no running number."""

    def share(number: int, of: Callable[[int], bool]) -> float:
        there = [row for row in range(len(rows)) if number < len(rows[row])]
        return sum(of(row) for row in there) / len(there) if there else 0.0

    endings = [n for n in range(width) if share(n, lambda row, n=n: bool(_EXTENSION.search(rows[row][n]))) > 0.5]  # type: ignore[misc]
    known = [n for n in range(width) if share(n, lambda row, n=n: bool(hits[row][n])) > 0]  # type: ignore[misc]
    running = [n for n in known if _is_running([row[n] for row in rows if n < len(row)])]
    if endings:
        return [n for n in endings if n in known] or endings
    plain = [n for n in known if n not in running] or known
    best = max((share(n, lambda row, n=n: bool(hits[row][n])) for n in plain), default=0.0)  # type: ignore[misc]
    return [n for n in plain if share(n, lambda row, n=n: bool(hits[row][n])) > best / 2]  # type: ignore[misc]


def _is_running(column: list[str]) -> bool:
    """Whether a column counts its lines; its first may be a head."""
    numbers = [int(text) for text in column if text.isdecimal() and len(text) < _DIGITS]
    return len(numbers) >= max(len(column) - 1, 1) and numbers == [*range(numbers[0], numbers[0] + len(numbers))]


def _settle(line: _Line, hits: list[str]) -> None:
    if len(hits) == 1:
        line.names = hits
    elif hits:
        line.names, line.problem = [], f"it may be {', '.join(hits[:4])}{', …' if len(hits) > 4 else ''}"


def _is_head(line: _Line) -> bool:
    words = re.split(r"[\t,;|]+" if re.search(r"[\t,;|]", line.text) else r"\s+", line.text)
    return not _EXTENSION.search(line.text) and any(_HEADS.fullmatch(_bare(word)) for word in words)


def _guess(line: _Line) -> str:
    """Say what stands in a line that is no pair, as a name."""
    texts = line.columns or re.split(r"[\t,;|]", line.text.rstrip(",;"))
    named = next((text for text in texts if _EXTENSION.search(text)), texts[-1])
    return stem(_bare(named).replace("\\", "/").rstrip("/").rpartition("/")[2]) or line.text


def _short(text: str) -> str:
    """Take an extension off a whole line."""
    ending = text[text.rfind(".") :] if "." in text else ""
    return text[: len(text) - len(ending)] if ending.lower() in EXTENSIONS else text


def _bare(text: str) -> str:
    """Take quotes, and signs that end an entry, off."""
    before = None
    while before != text:
        before, text = text, text.strip(" \t\u200b\u00a0").rstrip(",;")
        if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
            text = text[1:-1]
    return text
