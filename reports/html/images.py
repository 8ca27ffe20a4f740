"""The pictures of the report: results and sources linked into its folder, and thumbnails of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

THUMB = (288, 216)
_SHOWN = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}  # what every browser shows
_PLAIN = ("1", "L", "LA", "P", "RGB", "RGBA")
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Picture:
    """A picture to take in: `target` is below the report, without its ending.

    A source is converted where browsers do not show it; a stored result is a PNG. Without `thumb` it is not even read.
    """

    source: Path
    target: Path
    thumb: Path | None
    convert: bool


def place(pictures: Iterable[Picture], workers: int, advance: Callable[[], None]) -> dict[Path, str]:
    """Put the pictures and their thumbnails into the report.

    Returns
    -------
    dict
        By target, the ending that the file was given. A picture that is gone or cannot be read is left out.
    """

    def work(picture: Picture) -> tuple[Path, str | None]:
        try:
            return picture.target, _place(picture)
        except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
            return picture.target, None
        finally:
            advance()

    with ThreadPoolExecutor(workers) as pool:
        return {target: ending for target, ending in pool.map(work, pictures) if ending is not None}


def _place(picture: Picture) -> str:
    if picture.thumb is None and not picture.convert:
        picture.target.parent.mkdir(parents=True, exist_ok=True)
        link(picture.source, picture.target.with_name(picture.target.name + ".png"))
        return ".png"
    with Image.open(picture.source) as image:
        as_it_is = not picture.convert or _is_shown_as_it_is(image)
        ending = _SHOWN.get(str(image.format), ".png") if as_it_is else ".png"
        shown: Any = image if as_it_is else _eight_bit(image)
        shown.load()
        target = picture.target.with_name(picture.target.name + ending)
        target.parent.mkdir(parents=True, exist_ok=True)
        if as_it_is:
            link(picture.source, target)
        else:
            shown.save(target, "PNG")
        if picture.thumb is not None:
            _write_thumb(shown, picture.thumb)
    return ending


def _is_shown_as_it_is(image: Image.Image) -> bool:
    # browsers turn a photograph as its EXIF says, the metrics do not
    return image.format in _SHOWN and image.mode in _PLAIN and image.getexif().get(_ORIENTATION, 1) == 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring any mode to 8 bit gray or RGB, without what browsers would act upon."""
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.convert("I").point(lambda value: value / 257).convert("L")
    if image.mode == "F":
        return image.convert("L")
    shown = image.convert("L" if image.mode in ("1", "L") else "RGB")
    shown.info.clear()
    shown.getexif().clear()
    return shown


def _write_thumb(image: Image.Image, path: Path) -> None:
    small = image.convert("L" if image.mode in ("1", "L") else "RGB")
    small.thumbnail(THUMB, Image.Resampling.BILINEAR, reducing_gap=2.0)
    small.info.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    small.save(path, "JPEG", quality=82)


def link(source: Path, target: Path) -> None:
    """Let `target` be the file `source` without taking room, or copy it where that cannot be done."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
