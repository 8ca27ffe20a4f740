"""Sentences about data that are not found: what is there instead, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..spec import DatasetSpec, Layout
from .folders import child, contents, expanded, has_images, images_in, is_folder, subfolders
from .search import files
from .templates import is_template, side_templates


def nothing_in(path: Path, a: str | None, b: str | None, further: Sequence[str] = ()) -> str:
    """Say why a folder is no data set, with --a and --b or without."""
    folders = ", ".join(folder.name for folder in subfolders(path)) or "none"
    if a is None or b is None:
        bare = "" if has_images(path) else f"; {_bare(path)}"
        return (
            f"{path} has no two folders of images with usual names (ir and vi, over and under, near and far, ...): "
            f"say which are the sources with --a and --b; the folders there are: {folders}{bare}"
        )
    for option, side in (("--a", a), ("--b", b), *(("--further", text) for text in further)):
        if any(files(path, template).paths for template in side_templates(side, option, path)):
            continue
        if is_template(side, path):
            return f"no image in {path} fits {option} '{side}'; {_nearby(path, side)}"
        inside = path / expanded(side)
        inside = inside if is_folder(inside) else child(path, side) or inside
        if not is_folder(inside):
            return f"{path} has no folder {side}; the folders there are: {folders}"
        return f"the folder {inside} has no images: {contents(inside)}"
    return f"{path} has no images in the folders {' and '.join((a, b, *further))}"


def _nearby(path: Path, template: str) -> str:
    """Say what lies where a template looks."""
    folder = path
    for part in Path(template).parts[:-1]:
        inside = folder / part if part.startswith(("/", "..")) else child(folder, part)
        if inside is None or not is_folder(inside):
            return f"{folder} has the folders {', '.join(f.name for f in subfolders(folder)) or 'none'}"
        folder = inside
    names = [file.name for file in images_in(folder)]
    if not names:
        return f"{folder} has no images: {contents(folder)}"
    return f"{folder} has {', '.join(names[:3])}{', …' if len(names) > 3 else ''}"


def _bare(path: Path) -> str:
    """Say what lies in a folder in which there are no images at all, or in the first folder of it."""
    inside = subfolders(path)
    return (
        f"{inside[0]} has no images: {contents(inside[0])}" if inside else f"the folder has no images: {contents(path)}"
    )


def not_found(spec: DatasetSpec, base: Path, wanted: Iterable[Layout], a: str | None, b: str | None) -> str:
    """Say where a data set of the catalogue was looked for, and how to get it."""
    if not is_folder(base):
        where = f"there is no folder {base}"
    else:
        shown = list(dict.fromkeys(str(layout) for layout in wanted))[:4]
        where = f"neither {base} nor {base / spec.name} has {' or '.join(shown)}"
        own = child(base, spec.name)
        where += f"; {_bare(own)}" if own is not None and not has_images(own) else ""
    if a and b:
        return f"the data set {spec.name} is not found: {where}"
    return (
        f"the data set {spec.name} is not found: {where}; say where it lies with --data-root, or get it: "
        f"{spec.how_to_get(base)}"
    )
