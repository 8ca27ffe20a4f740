"""The pictures of the report: where results and sources lie, or linked into its folder, and thumbnails of them."""

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
    """A picture to show: `target` is below the report, without its ending, and is made where `embed` says so.

    A source is converted where browsers do not show it, and is embedded then; a stored result is a PNG. Without `thumb`
    it is not even read.
    """

    source: Path
    target: Path
    thumb: Path | None
    convert: bool
    embed: bool = True


def place(pictures: Iterable[Picture], workers: int, advance: Callable[[], None]) -> dict[Path, Path]:
    """Put the pictures that are embedded, and thumbnails of all, into the report.

    Returns
    -------
    dict
        By target, the file to show: of the report, or the source itself. A picture that is gone or cannot be read is
        left out.
    """

    def work(picture: Picture) -> tuple[Path, Path | None]:
        try:
            return picture.target, _place(picture)
        except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
            return picture.target, None
        finally:
            advance()

    with ThreadPoolExecutor(workers) as pool:
        return {target: shown for target, shown in pool.map(work, pictures) if shown is not None}


def _place(picture: Picture) -> Path:
    if picture.thumb is None and not picture.convert:
        return _taken(picture, ".png")
    with Image.open(picture.source) as image:
        as_it_is = not picture.convert or _is_shown_as_it_is(image)
        ending = _SHOWN.get(str(image.format), ".png") if as_it_is else ".png"
        shown: Any = image if as_it_is else _eight_bit(image)
        shown.load()
        if as_it_is:
            place = _taken(picture, ending)
        else:
            place = picture.target.with_name(picture.target.name + ending)
            place.parent.mkdir(parents=True, exist_ok=True)
            shown.save(place, "PNG")
        if picture.thumb is not None:
            _write_thumb(shown, picture.thumb)
    return place


def _taken(picture: Picture, ending: str) -> Path:
    """Leave a picture that browsers show where it lies, or link it into the report."""
    if not picture.embed:
        if not picture.source.is_file():
            raise FileNotFoundError(picture.source)
        return picture.source
    target = picture.target.with_name(picture.target.name + ending)
    target.parent.mkdir(parents=True, exist_ok=True)
    link(picture.source, target)
    return target


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
    small.save(path, "JPEG", quality=75)


def link(source: Path, target: Path) -> None:
    """Let `target` be the file `source` without taking room, or copy it where that cannot be done."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
