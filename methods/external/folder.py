"""Images that somebody fused before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...datasets.images import is_image_name
from ...datasets.pair import Pair
from ...errors import InputError, RunError
from ..method import Gray, Image, Method, Quantise
from ._result import read_fused


class Folder(Method):
    """Images that were fused elsewhere: one file for each pair, under the pair's name.

    A gray result stays gray: where the method that made it left colour out, its pictures show it.

    Parameters
    ----------
    directory : where the images are; extensions do not matter.
    """

    name = "folder"
    reference = "as the origin of the images states"
    computes = False
    quantise: Quantise = "none"

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self._files: dict[str, list[Path]] = {}
        if not self.directory.is_dir():
            raise InputError(f"no folder {self.directory} with fused images")
        for path in sorted(self.directory.iterdir()):
            if is_image_name(path):
                self._files.setdefault(path.stem, []).append(path)
        if not self._files:
            raise InputError(f"no image in the folder {self.directory}")

    def _default_label(self) -> str:
        return f"folder:{self.directory.resolve().name}"

    def files(self, pair: Pair) -> list[Path]:
        """Name the image of the pair."""
        return self._files.get(pair.name, [])

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fail: the names of the pairs are needed, see `fuse_images`."""
        raise RunError("a folder of fused images has nothing for sources without a name")

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image:
        """Return the image that has the name of the pair."""
        found = self._files.get(pair.name, [])
        if not found:
            raise RunError(f"{self.directory} has no image named {pair.name}")
        if len(found) > 1:
            raise RunError(f"{self.directory} has several images named {pair.name}: {', '.join(p.name for p in found)}")
        return read_fused(found[0], a)
