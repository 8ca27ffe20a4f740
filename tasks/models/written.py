"""What a detector or a segmenter wrote into files, whoever started it; read with one strictness.

Boxes:

- a text file for each image, as Ultralytics' tools save them: lines of CLASS CENTRE_X CENTRE_Y WIDTH HEIGHT SCORE,
  centre and size as fractions of the image; no file is an image in which nothing was found;
- or one JSON file: a list of COCO's results, `{"image_id", "category_id" or "category", "bbox": [left, top, width,
  height], "score"}`, or an object with `images`, `categories` and such `annotations`.

Masks: an image for each image, gray or with a palette, of which the values are labels.

Boxes of no size count, as pycocotools counts them; what was found in images that nobody asked for does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from ...datasets.annotations import SUFFIXES, in_words_of_coco
from ...datasets.labels.coco import by_id, is_id, is_number, load_json, names_of, stem_of, stems_of
from ...datasets.labels.text import number, read_text
from ...datasets.labels.yolo import in_pixels, read_classes
from ...errors import InputError, printable
from ..records import Detections

Size = tuple[int, int]
CLASSES = "classes.txt"
_VALUES = 6
_SHOWN = 5


def files_below(path: Path) -> list[Path]:
    """List the files that somebody's model wrote: one, or those of a folder and the folders in it.

    Raises
    ------
    InputError
        There is nothing.
    """
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    if not path.exists() or not files:
        raise InputError(f"there are no predictions {'in ' * path.exists()}{path}")
    return files


def classes_among(files: Iterable[Path], otherwise: Sequence[str]) -> Sequence[str]:
    """Read the names of classes by their numbers from the `classes.txt` among files, if one is there."""
    lists = [path for path in files if path.name.casefold() == CLASSES]
    return read_classes(lists[0]) if lists else otherwise


def read_boxes(
    files: Sequence[Path],
    names: Sequence[str],
    size_of: Callable[[str], Size],
    classes: Sequence[str],
    own: Sequence[str],
    numbers: Mapping[int, str] | None = None,
) -> dict[str, Detections]:
    """Read what was found in images.

    Parameters
    ----------
    files : text files named like the images, or else one JSON file; others are left alone.
    names : of the images.
    size_of : height and width of an image, of which text files hold fractions.
    classes : the names of the classes that are scored, in COCO's words; what was found of others is left out.
    own : the names of the classes by the numbers in text files, from 0.
    numbers : those by the numbers in a JSON file that does not name them; by default `own`, from 0 or from 1, whichever
        the file tells by having the first or the last of these numbers.

    Returns
    -------
    Detections of every image, at places in `classes`, the surest first.

    Raises
    ------
    InputError
        There is none, or a file is damaged; it names the file, and the line or record.
    """
    texts = [path for path in files if path.suffix.casefold() == ".txt" and path.name.casefold() != CLASSES]
    jsons = [path for path in files if path.suffix.casefold() == ".json"]
    places = {name: place for place, name in reversed([*enumerate(classes)])}
    boxes = {name: _Boxes(places) for name in names}
    if (ours := _by_name(texts, names)) or (texts and not jsons):
        _require_some(ours, texts, names)
        for name, path in ours.items():
            _text(path, size_of(name), own, boxes[name])
    elif len(jsons) == 1:
        _json(jsons[0], boxes, own, numbers)
    elif files:
        raise InputError(
            f"{files[0].parent} has neither text files of predictions, named like the images, nor one JSON file, but "
            + (f"{len(jsons)}: {jsons[0].name}, …" if jsons else files[0].name)
        )
    return {name: each.detections() for name, each in boxes.items()}


def mask_files(files: Sequence[Path], names: Sequence[str]) -> dict[str, Path]:
    """Find the mask of each image, by the image's name.

    Raises
    ------
    InputError
        An image has none, or several.
    """
    masks = [path for path in files if path.suffix.casefold() in SUFFIXES["png"]]
    found = _by_name(masks, names)
    if not masks:
        raise InputError(f"there is no mask {names[0]}.png" + (f", but {files[0]}" if files else ""))
    _require_some(found, masks, names)
    if lacking := [name for name in names if name not in found]:
        more = f", nor of {len(lacking) - 1} others" * (len(lacking) > 1)
        raise InputError(f"{masks[0].parent} has no mask {lacking[0]}.png{more}")
    return found


def _by_name(files: Iterable[Path], names: Sequence[str]) -> dict[str, Path]:
    """Choose the files that are named like an image."""
    known, found = set(names), dict[str, Path]()
    for path in files:
        if path.stem in known and found.setdefault(path.stem, path) != path:
            raise InputError(f"two files are of the image {path.stem}: {found[path.stem]} and {path}")
    return found


def _require_some(found: Mapping[str, Path], files: Sequence[Path], names: Sequence[str]) -> None:
    if not found:
        shown = ", ".join(path.stem for path in files[:_SHOWN])
        raise InputError(
            f"none of the files in {files[0].parent} ({shown}, …) is named like an image "
            f"({', '.join(names[:_SHOWN])}, …)"
        )


@dataclass
class _Boxes:
    """The detections of an image, as they are read; `places` of the classes that are scored, by their names."""

    places: Mapping[str, int]
    rows: list[tuple[float, float, float, float, int, float]] = field(default_factory=list)

    def add(self, place: str, label: str, corners: tuple[float, float, float, float], score: float) -> None:
        """Add one, which `place` names where it is wrong."""
        left, top, right, bottom = corners
        if not all(map(math.isfinite, (*corners, score))):
            raise InputError(f"{place} holds a value that is no number")
        if right < left or bottom < top:
            raise InputError(f"{place} has a negative width or height")
        if not 0 <= score <= 1:
            raise InputError(f"{place} has the score {score:g}: 0 to 1 are possible")
        at = self.places.get(in_words_of_coco(label))
        if at is not None:
            self.rows.append((*corners, at, score))

    def detections(self) -> Detections:
        return Detections.of_table(self.rows).surest_first()


def _text(path: Path, size: Size, own: Sequence[str], boxes: _Boxes) -> None:
    for count, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        place, values = f"line {count} of {path}", [number(word) for word in line.split()]
        if len(values) != _VALUES or any(map(math.isnan, values)):
            shown = printable(line.strip()[:60])
            raise InputError(f"{place} is not a class, four numbers and a score: {shown!r}")
        label, x, y, wide, high, score = values
        if label not in range(len(own)):
            named = ", ".join(own[:_SHOWN]) + ", …" * (len(own) > _SHOWN)
            raise InputError(f"{place} has the class {line.split()[0][:20]}, of {len(own)} from 0: {named}")
        if not all(-0.5 <= value <= 1.5 for value in (x, y, wide, high)):
            raise InputError(f"{place} has numbers beyond 0 to 1: they are fractions of the image's size, not pixels")
        boxes.add(place, own[int(label)], in_pixels(x, y, wide, high, size), score)


def _json(path: Path, boxes: Mapping[str, _Boxes], own: Sequence[str], numbers: Mapping[int, str] | None) -> None:
    content = load_json(path)
    about = content if isinstance(content, dict) else {}
    records = about.get("annotations") if about else content
    if not isinstance(records, list):
        raise InputError(f"{path} is no list of detections, nor an object with `annotations`")
    stems = stems_of(path, by_id(path, "images", about.get("images", [])))
    labels: Mapping[Any, str] = names_of(path, by_id(path, "categories", about.get("categories", [])))
    labels = labels or numbers or _numbers(path, records, own)
    images = {int(name): name for name in boxes if name.isascii() and name.isdigit()} | {name: name for name in boxes}
    strange = 0
    for count, record in enumerate(records):
        place = f"detection {count} of {path}"
        if not isinstance(record, dict):
            raise InputError(f"{place} is no object")
        image: Any = record.get("image_id")
        category: Any = record.get("category_id")
        if not is_id(image):
            raise InputError(f"{place} has no image_id")
        image = stems.get(image, image)
        name = images.get(image) or images.get(stem_of(str(image)))
        if name is None:
            strange += 1
            continue
        label = record.get("category") or (labels.get(category) if is_id(category) else None)
        if not isinstance(label, str):
            raise InputError(f"{place} has no class that is known: its category_id is {printable(str(category)[:40])}")
        box, score = record.get("bbox"), record.get("score")
        if not isinstance(box, list) or len(box) != 4 or not all(map(_is_measure, box)) or not _is_measure(score):
            raise InputError(f"{place} has no bbox of four numbers, or no score")
        left, top, wide, high = map(float, box)
        boxes[name].add(place, label, (left, top, left + wide, top + high), float(score))
    if records and strange == len(records):
        shown = ", ".join([*boxes][:_SHOWN])
        raise InputError(f"no image_id of {path} is the name of an image ({shown}, …), nor stands in its `images`")


def _numbers(path: Path, records: Sequence[Any], own: Sequence[str]) -> dict[int, str]:
    """Number the classes from 0 or from 1, as a file does."""
    unnamed = [record for record in records if isinstance(record, dict) and not record.get("category")]
    used = {number for record in unnamed if isinstance(number := record.get("category_id"), int)}
    first, last = 0 in used, len(own) in used
    if used and first == last and used <= set(range(len(own) + 1)):
        raise InputError(
            f"{path} has category_id {min(used)} to {max(used)}, which do not tell whether its {len(own)} classes are "
            "numbered from 0 or from 1: add `categories`, or a `category` to each"
        )
    return dict(enumerate(own, start=0 if first else 1))


def _is_measure(value: object) -> TypeGuard[float]:
    return is_number(value) and abs(value) < 1e12  # neither huge nor NaN
