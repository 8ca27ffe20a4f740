"""Images that somebody fused before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...datasets.archives import is_archive, unpacked
from ...datasets.dataset import FusionDataset
from ...datasets.finding.folders import expanded
from ...datasets.finding.names import natural
from ...datasets.finding.templates import file_of, is_template
from ...datasets.pair import Pair
from ...errors import InputError, RunError
from ..method import Gray, Image, Method, Quantise
from ._fused import Assigned, assign, collect, key_of, read_fused, some


class Folder(Method):
    """Images that were fused elsewhere: one file for each pair, under the pair's name.

    Names may have the usual words beside them (fused_01, 01_ir, the method's name), zeros in front, or those of a
    source; images may lie in a folder of the data set's name. What else they are called a template says. A gray
    result stays gray: where the method that made it left colour out, its pictures show it.

    Parameters
    ----------
    directory : where the images are; extensions do not matter. Or a template of their paths, in which `{name}` stands
        for the name of the pair: "results/fused_{name}_ir.png". Or a zip archive of them.
    """

    name = "folder"
    reference = "as the origin of the images states"
    computes = False
    quantise: Quantise = "none"

    def __init__(self, directory: Path) -> None:
        self.directory = expanded(directory)
        self._found = collect(unpacked(self.directory) if is_archive(self.directory) else self.directory)
        self._assigned = Assigned()

    @property
    def place(self) -> str:
        """What the folder or the archive is called; of a template, the last folder that it names."""
        if is_archive(self.directory):
            return self.directory.stem
        text = str(self.directory)
        return file_of(text) if is_template(text) else self.directory.resolve().name

    def _default_label(self) -> str:
        return f"folder:{self.place}"

    def expect(self, dataset: FusionDataset) -> None:
        """Find the images of all pairs at once, so that none takes what is another's.

        Raises
        ------
        InputError
            None of the pairs has an image.
        """
        self.assign(dataset.pairs, dict.fromkeys((dataset.name, dataset.label)))
        if not any(key_of(pair) in self._assigned for pair in dataset):
            raise InputError(
                f"none of the {len(dataset)} pairs of {dataset.label} has an image in {self.directory}: wanted are "
                f"{some(pair.name for pair in dataset)}; there are {self._there()}; say where the name stands in "
                "theirs, as in 'results/fused_{name}.png'"
            )

    def files(self, pair: Pair) -> list[Path]:
        """Name the image of the pair; nothing that is no file, as whoever reads a pipe waits for ever."""
        return [path for path in self._images(pair) if path.is_file()]

    def _images(self, pair: Pair) -> list[Path]:
        if key_of(pair) not in self._assigned:
            self.assign([pair], ())
        return self._assigned.files.get(key_of(pair), [])

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fail: the names of the pairs are needed, see `fuse_images`."""
        raise RunError("a folder of fused images has nothing for sources without a name")

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image:
        """Return the image that belongs to the pair, whatever its size."""
        found = self._images(pair)
        if unclear := self._assigned.unclear.get(key_of(pair)):
            raise RunError(f"which of {some(unclear)} in {self.directory} is the image of {pair.name} is not clear")
        if not found:
            raise RunError(f"{self.directory} has no image named {pair.name}: there are {self._there()}")
        if len(found) > 1:
            raise RunError(f"{self.directory} has several images named {pair.name}: {', '.join(p.name for p in found)}")
        return read_fused(found[0])

    def stored(self, pair: Pair) -> Path | None:
        """Name the file of the pair's image; those of an archive do not last."""
        return None if is_archive(self.directory) else self.files(pair)[0]

    def assign(self, pairs: Sequence[Pair], datasets: Iterable[str]) -> None:
        """Find the images of pairs at once, of a data set that is called so."""
        more = assign(self._found, pairs, datasets, [self.place, self._label or self.place])
        self._assigned.files.update(more.files)
        self._assigned.unclear.update(more.unclear)

    def _there(self) -> str:
        return some(sorted((paths[0].name for paths in self._found.values()), key=natural))
