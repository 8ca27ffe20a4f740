"""What users write for --a, --b and --fused: a folder, or a template of paths with the place of the name in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from ..spec import Layout
from .folders import expanded, is_folder
from .search import ANY_DEPTH

_PLACE = re.compile(r"\{(\w*)\}")
_PARTS = re.compile(r"(\{name\}|\{split\}|\*)")


def is_template(text: str, root: Path = Path()) -> bool:
    """Whether a path, as seen from a folder, has a place in it, and is not simply a folder of such a name."""
    return ("{" in text or "*" in text) and not is_folder(root / expanded(text))


def to_pattern(text: str, option: str) -> str:
    r"""Make a template of `Layout` from what a user wrote.

    `{name}` stands for the name of the pair, `{split}` for "test", "train", ..., `*` for anything within a part, `**`
    for any folders; what the stars stand for in folders must agree between the sources. The rest is meant as it
    stands. Without `{name}` the star of the last part is the name. An extension may be left out.

    Raises
    ------
    InputError
        There is another place, or none for the name.

    Examples
    --------
    >>> to_pattern("ir/IR{name}.png", "--a")
    'ir/IR{name}\\.png'
    """
    path = str(expanded(text)) if text.startswith("~") else text
    for place in _PLACE.findall(path):
        if place not in ("name", "split"):
            raise InputError(f"{option} {text!r} has {{{place}}}: there are {{name}} and {{split}}, and * and **")
    *folders, last = path.rstrip("/").split("/")
    if "{name}" not in path and "*" in last:
        last = last.replace("*", "{name}", 1)
    if "{name}" not in last and not any("{name}" in part for part in folders):
        raise InputError(f"{option} {text!r} has no {{name}}: say where the name of the pair stands, as in ir/{{name}}")
    parts = [_escaped(part, number, folder=True) for number, part in enumerate(folders)]
    return "/".join([*parts, _escaped(last, len(folders), folder=False)])


def _escaped(part: str, number: int, folder: bool) -> str:
    if part == ANY_DEPTH:
        return part
    text = ""
    has_star = False
    for piece in _PARTS.split(part):
        if piece == "*":
            text += f"(?P<any{number}>.*)" if folder and not has_star else ".*"
            has_star = True
        elif piece == "{name}" and text.count("{name}"):
            text += "(?P=name)"
        else:
            text += piece if piece in ("{name}", "{split}") else re.escape(piece)
    return text


def layouts_of(a: str, b: str, root: Path, further: Sequence[str] = ()) -> tuple[Layout, ...]:
    """Lay out sources that the user gave, each a folder or a template: as they stand, or in folders of splits.

    Raises
    ------
    InputError
        A template cannot be read, or two say the same.
    """
    said = [("--a", a), ("--b", b), *(("--further", text) for text in further)]
    for option, text in said:
        if not is_template(text, root) and not text.strip("./"):
            raise InputError(
                f"{text!r} is no name of a folder of sources: where {'all' if further else 'both'} lie in one folder, "
                f"say {option} with the "
                "place of the name, as in '{name}_ir.png'"
            )
    if a.rstrip("/") == b.rstrip("/"):
        raise InputError(f"--a and --b both say {a!r}: two sources are fused")
    for number, text in enumerate(further, start=2):
        if text.rstrip("/") in (other.rstrip("/") for _, other in said[:number]):
            raise InputError(f"--further {text!r} says once more where another source lies: leave it out")
    ways = zip(*(side_templates(text, option, root) for option, text in said), strict=True)
    return tuple(Layout(a, b, further=tuple(others)) for a, b, *others in ways)


def side_templates(text: str, option: str, root: Path) -> list[str]:
    """List the templates of the places in which a source may lie: as it is said, with splits, and in folders below."""
    if is_template(text, root):
        pattern = to_pattern(text, option)
        return [pattern, _inside("{split}", pattern), pattern, pattern]
    path = str(expanded(text)) if text.startswith("~") else text
    folder = "/".join(re.escape(part) for part in path.rstrip("/").split("/"))
    return [f"{folder}/{{name}}", _inside("{split}", f"{folder}/{{name}}"), f"{folder}/{{split}}/{{name}}",
            f"{folder}/{ANY_DEPTH}/{{name}}"]  # fmt: skip


def _inside(folder: str, pattern: str) -> str:
    return pattern if pattern.startswith("/") else f"{folder}/{pattern}"


def suggest(folder: str, names: list[str]) -> tuple[str, list[str]]:
    """Say which template the files of a folder seem to follow, and what stands at the place of the name.

    Examples
    --------
    >>> suggest("ir", ["cam0_1", "cam0_20"])
    ('ir/cam0_{name}', ['1', '20'])
    """
    front = _common(names)
    back = _common([name[len(front) :][::-1] for name in names])[::-1]
    front = front.rstrip("0123456789") if any(name[len(front) :][:1].isdigit() for name in names) else front
    back = back.lstrip("0123456789") if any(name[: len(name) - len(back)][-1:].isdigit() for name in names) else back
    rest = [name[len(front) : len(name) - len(back)] for name in names]
    if not all(rest):  # one name, or names that are all prefix
        return f"{folder}/{{name}}", names
    return f"{folder}/{front}{{name}}{back}", rest


def _common(names: list[str]) -> str:
    if not names:
        return ""
    low, high = min(names), max(names)
    size = next((i for i, (x, y) in enumerate(zip(low, high, strict=False)) if x != y), min(len(low), len(high)))
    return low[:size]


def file_of(text: str) -> str:
    """Return the last folder of a template that has no place in it: what results are named after.

    Examples
    --------
    >>> file_of("results/MyNet/fused_{name}.png"), file_of("/data/{name}/fused.png")
    ('MyNet', 'data')
    """
    plain = []
    for part in Path(text).parts[:-1]:
        if "{" in part or "*" in part:
            break
        plain.append(part)
    return Path(*plain).resolve().name if plain else Path.cwd().name
