"""A command line as detector or segmenter: it looks at a folder of images in one start.

The words `{images}` and `{out}` in the command become the folder of the images, PNG files of which the names are
numbers, and the folder to write into; no shell sees it. What it writes, in any folder below `{out}`, is that of
`written`: `000001.txt` or one JSON file of which `image_id` is the number of an image; for masks `000001.png`, of its
size, of which the values are places of classes, 255 for none. A folder in `{out}` without files says that nothing was
found.

`[classes=FILE]` behind the command names a text file with the names of the classes, a line each. Without it boxes are
of COCO's eighty classes, which a JSON file numbers as COCO does, 1 to 90; else by their places, from 0.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...datasets.annotations import in_words_of_coco
from ...datasets.images import write
from ...datasets.labels.masks import read_mask
from ...datasets.labels.objects import Frame
from ...datasets.labels.yolo import read_classes
from ...errors import InputError, RunError
from ...files import is_file, sha256_once
from ...foreign.process import check_program, run_command, split_command
from ..images import pixels_hash
from ..records import Detections
from .coco import CLASSES
from .interface import Image
from .written import mask_files, read_boxes

PREFIX = "cmd:"
_CLASSES = re.compile(r"(.*?)\s*(?:\[classes=([^\]]*)\])?", re.DOTALL)
TIMEOUT = 60.0  # seconds for an image; a start has as many times that as there are images, and a minute more
Found = TypeVar("Found")
# the numbers that COCO has for no class, of 1 to 90: its eighty classes have the others, in order
_NO_CLASS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
_OF_COCO = dict(zip((number for number in range(1, 91) if number not in _NO_CLASS), CLASSES, strict=True))


class _Command(ABC, Generic[Found]):
    """A command line that looks at many images in one start.

    Parameters
    ----------
    command : with the places `{images}` and `{out}`, and `[classes=FILE]` at its end.

    Raises
    ------
    InputError
        It lacks a place, its program is not there, or its classes are not told.
    """

    needed = ("images", "out")
    default: tuple[str, ...] = ()

    def __init__(self, command: str) -> None:
        self._command, self._start = command, Path.cwd()
        bare, named = _CLASSES.fullmatch(command.strip()).groups()  # type: ignore[union-attr]  # it fits anything
        self._words = split_command(bare, self.needed, self.needed)
        check_program(self._words)
        self.classes: Sequence[str] = self.default
        if named:
            self.classes = tuple(map(in_words_of_coco, read_classes(Path(named).expanduser())))
        if not self.classes:
            raise InputError(f"the classes of the command {command!r} are not told: end it with [classes=FILE]")
        scripts = [word for word in self._words if Path(word).suffix in (".py", ".sh", ".m", ".pl", ".jl", ".R")]
        self.label = f"{PREFIX}{Path((scripts or self._words)[0]).stem}"
        files = [self._start / word for word in self._words if is_file(self._start / word)]
        origin = [*self._words, *self.classes, *(sha256_once(file) for file in files)]
        self.digest = hashlib.sha256("\0".join(origin).encode("utf-8", "surrogateescape")).hexdigest()
        self._found: dict[str, Found] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._command,)

    def prepare(self, images: Iterable[Image]) -> None:
        """Look at images, so that they are known when they are asked for one by one.

        Raises
        ------
        RunError
            The command failed, or wrote nothing that can be read.
        """
        with tempfile.TemporaryDirectory(prefix="fusionbench-") as place:
            given, out = Path(place) / "images", Path(place) / "out"
            out.mkdir()
            shown: list[tuple[str, tuple[int, int], str]] = []
            for number, image in enumerate(images, start=1):
                shown.append((f"{number:06d}", (image.shape[0], image.shape[1]), pixels_hash(image)))
                write(given / f"{number:06d}.png", image)
            if not shown:
                return
            places = {"images": str(given), "out": str(out)}
            words = [word.format(**places) for word in self._words]
            said = run_command(words, self._start, TIMEOUT * (len(shown) + 1))
            files = sorted(path for path in out.rglob("*") if path.is_file())
            if not any(out.iterdir()):
                raise RunError(f"the command wrote nothing to {{out}}: {said or 'and nothing to standard error'}")
            try:
                found = self._read(files, {name: size for name, size, _ in shown})
            except InputError as error:
                raise RunError(f"what the command wrote cannot be read: {error}") from error
            self._found.update({pixels: found[name] for name, _, pixels in shown})

    def _ask(self, image: Image) -> Found:
        pixels = pixels_hash(image)
        if pixels not in self._found:
            self.prepare([image])
        return self._found.pop(pixels)

    @abstractmethod
    def _read(self, files: Sequence[Path], sizes: dict[str, tuple[int, int]]) -> dict[str, Found]:
        """Read what was written for each image."""


class CommandDetector(_Command[Detections]):
    """A command line that finds objects; of COCO's eighty classes, or those that a file lists."""

    default = CLASSES

    def detect(self, image: Image) -> Detections:
        """Find the objects of an image; see `Detector`."""
        return self._ask(image)

    def _read(self, files: Sequence[Path], sizes: dict[str, tuple[int, int]]) -> dict[str, Detections]:
        numbers = _OF_COCO if self.classes == CLASSES else dict(enumerate(self.classes))
        return read_boxes(files, list(sizes), sizes.__getitem__, self.classes, self.classes, numbers)


class CommandSegmenter(_Command[NDArray[np.uint8]]):
    """A command line that says of each pixel what it shows; of the classes that a file lists."""

    def segment(self, image: Image) -> NDArray[np.uint8]:
        """Say of each pixel what it shows; see `Segmenter`."""
        return self._ask(image)

    def _read(self, files: Sequence[Path], sizes: dict[str, tuple[int, int]]) -> dict[str, NDArray[np.uint8]]:
        places = list(range(len(self.classes)))
        written = mask_files(files, list(sizes))
        return {name: read_mask(written[name], places, Frame(size, (size,))) for name, size in sizes.items()}
