"""Where the labels of a data set lie, and what its classes are called: a part of its entry in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

LabelKind = Literal["boxes", "masks"]
LabelFormat = Literal["voc", "yolo", "coco", "png"]
SUFFIXES: dict[LabelFormat, tuple[str, ...]] = {
    "voc": (".xml",), "yolo": (".txt",), "coco": (".json",), "png": (".png", ".bmp", ".tif", ".tiff"),
}  # fmt: skip

# What COCO calls otherwise. Everything else keeps its own name, in lower case and with blanks.
_WORDS = {
    "people": "person", "pedestrian": "person", "pedestrians": "person", "persons": "person", "human": "person",
    "cars": "car", "bike": "bicycle", "cycle": "bicycle", "motorbike": "motorcycle", "motor": "motorcycle",
    "lamp": "traffic light", "traffic lamp": "traffic light",
}  # fmt: skip


@dataclass(frozen=True)
class LabelFiles:
    """The annotation files of a data set.

    Attributes
    ----------
    kind : what they hold.
    format : "voc", an XML file for each image; "yolo", a text file for each, with fractions of the image's size;
        "coco", a JSON file for many images, which has any name; "png", an image whose values are the labels.
    templates : where they lie, as those of `Layout`.
    classes : as the files call them; where these hold numbers, at the places that the numbers give. Empty, where the
        files themselves tell.
    ignored : classes that the files have and that are not scored: their objects are left out.
    void : labels in masks that mean no class, beside 255.
    """

    kind: LabelKind
    format: LabelFormat
    templates: tuple[str, ...]
    classes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    void: tuple[int, ...] = ()

    @property
    def scored(self) -> tuple[str, ...]:
        """The classes that are scored, in COCO's words."""
        kept = [name for label, name in enumerate(self.classes) if label not in self.void and name not in self.ignored]
        return tuple(dict.fromkeys(map(in_words_of_coco, kept)))


@cache
def in_words_of_coco(name: str) -> str:
    """Call a class as COCO does, where it has it.

    Examples
    --------
    >>> [in_words_of_coco(name) for name in ("People", "Lamp", "color_cone")]
    ['person', 'traffic light', 'color cone']
    """
    plain = " ".join(name.replace("_", " ").split()).casefold()
    return _WORDS.get(plain, plain)


# YOLO's files right beside the visible images.
YOLO_BESIDE = ("(visible|vis?|rgb)/{name}", "{split}/(visible|vis?|rgb)/{name}", "(visible|vis?|rgb)/{split}/{name}")
# What lies in anybody's folder.
USUAL = (
    LabelFiles("boxes", "voc", ("(annotations?|xmls?|labels?)/{name}", "{split}/(annotations?|xmls?|labels?)/{name}",
                                "(annotations?|xmls?|labels?)/{split}/{name}")),
    LabelFiles("boxes", "yolo", ("labels?/{name}", "{split}/labels?/{name}", "labels?/{split}/{name}", *YOLO_BESIDE)),
    LabelFiles("boxes", "coco", ("(annotations?|labels?|meta)/{name}", "{name}")),
)  # fmt: skip
