"""The pairs that FILM learns from: whole images with their text, from H5 files or from data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import cv2
import numpy as np
from torch.utils.data import Dataset

from ....datasets.h5pairs import Image
from ....datasets.images import to_gray
from ....datasets.pair import Pair, Task
from ....errors import InputError
from ....methods.film.features import Features
from ....methods.film.stage import Grid
from ....methods.film.text import TextSource, make_text
from ....methods.film.text.trained import notes_of
from ...options import TrainOptions
from ...patches import Images as Sources
from ...patches import Memory, TrainingPair
from ...sources import training_pairs
from . import H5
from .pairs import PairFile

Content = tuple[Image, Image, Features]  # both images (H, W) float32 in [0, 1], and the text (L, 768)
Item = TrainingPair[Content]
# How a pair gets its size.
Fit = Callable[[Image, Image, Grid, np.random.Generator], tuple[Image, Image]]


class Images(Dataset[dict[str, Any]]):
    """Whole pairs. Arrays, not tensors: pairs of one batch may differ in size and length of text.

    Parameters
    ----------
    items : the pairs.
    seed : for pairs that are made up on the way.
    """

    def __init__(self, items: Sequence[Item], seed: int) -> None:
        self.items, self.seed = list(items), seed
        self.epoch = 0
        self._memory = Memory(items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return `a`, `b`: (1, H, W) float32 in [0, 1]; `text`: (L, 768); `name`, `task`, `index`."""
        item = self.items[index]
        a, b, text = self._memory.read(index, np.random.default_rng([self.seed, self.epoch, index]))
        return {"a": a[None], "b": b[None], "text": text, "name": item.name, "task": item.task, "index": index}


def pair_files(datasets: Iterable[str]) -> dict[str, PairFile]:
    """Open those that are H5 files, which hold texts of their own."""
    return {name: PairFile(name) for name in datasets if name.endswith(H5)}


def chosen_text(text: str) -> str:
    """Return the source of text for a data set, where "auto" has none of its own to take."""
    return "describe" if text == "auto" else text


def text_notes(options: TrainOptions, files: Mapping[str, PairFile], text: str) -> dict[str, str]:
    """Tell what text is learnt from, in the words that weights keep; arguments as of `find_items`.

    Raises
    ------
    InputError
        It is of two kinds: a network that has learnt one does not know the other.
    """
    if text != "auto":
        return notes_of(make_text(text).record)
    notes = {name: file.text_notes() for name, file in files.items()}
    if len(files) < len(options.dataset):
        notes["the data set"] = notes_of(make_text(chosen_text(text)).record)
    kinds = {name: [note.get(key) for key in ("text", "text_version", "text_model")] for name, note in notes.items()}
    (first, kind), *others = kinds.items()
    for name, other in others:
        if other != kind:
            raise InputError(
                f"the text of {first} is {notes[first]['text']!r}, that of {name} {notes[name]['text']!r}: a network "
                "learns one kind; leave one out, or name a source for all with --set text="
            )
    whole = len(notes) == 1  # lengths and hash are those of one file
    return {key: value for key, value in notes[first].items() if whole or key not in ("text_words", "text_features")}


def find_items(
    options: TrainOptions, files: Mapping[str, PairFile], text: str, size: Grid | None, grid: Grid,
    crops: bool = False, skipped: dict[str, str] | None = None,
) -> list[Item]:  # fmt: skip
    """List the pairs of all H5 files and data sets of a run.

    Parameters
    ----------
    files : the H5 files among its data sets, by the names that these have there.
    text : a source as `make_text` takes it; "auto" is the text in an H5 file, and "describe" for a data set.
    size : height and width to bring landscape images to, portrait ones the other way round; None keeps the size in an
        H5 file and is the working grid for a data set.
    grid : the working grid.
    crops : cut a new part of `size`, or else of the working grid's, out of each pair in each epoch, now and then
        mirrored; the text remains that of the whole pair.
    skipped : as `training_pairs` fills it.
    """
    fit = _crop if crops else _scale
    if crops:
        size = size or grid
    names = tuple(name for name in options.dataset if name not in files)
    items = [item for file in files.values() for item in _of_file(file, text, size, fit)]
    if not names and (options.range is not None or options.rgbt):
        raise InputError(
            "--range and --rgbt have no effect on an H5 file, whose images are read already: leave them out"
        )
    if files and options.train_num is not None:
        items = items[: options.train_num]
    if names:
        source = make_text(chosen_text(text))
        pairs = training_pairs(replace(options, dataset=names), skipped=skipped)
        items += [_of_pair(pair, source, size or grid, fit) for pair in pairs]
    return items


def _of_file(file: PairFile, text: str, size: Grid | None, fit: Fit) -> list[Item]:
    source = None if text == "auto" else make_text(text)

    def item(name: str) -> Item:
        task = file.tasks[name] or "IVF"

        def read(draw: np.random.Generator) -> Content:
            a, b, features = file.read(name)
            if source is not None:
                features = source.features(_pair(name, task, a, b), a, b)
            return (a, b, features) if size is None else (*fit(a, b, size, draw), features)

        return Item(f"{file.path.stem}/{name}", task, read, fixed=fit is _scale)

    return [item(name) for name in file.names]


def _of_pair(pair: TrainingPair[Sources], source: TextSource, size: Grid, fit: Fit) -> Item:
    def read(draw: np.random.Generator) -> Content:
        a, b = (to_gray(image) / np.float32(255) for image in pair.read(draw))
        features = source.features(_pair(pair.name.rpartition("/")[2], pair.task, a, b), a, b)
        return *fit(a, b, size, draw), features

    return Item(pair.name, pair.task, read, pair.fixed and fit is _scale, scenes=pair.scenes, spare=pair.spare)


def _pair(name: str, task: str, a: Image, b: Image) -> Pair:
    return Pair(name, a, b, cast(Task, task))


def _scale(a: Image, b: Image, size: Grid, draw: np.random.Generator) -> tuple[Image, Image]:
    return resized(a, size), resized(b, size)


def _crop(a: Image, b: Image, size: Grid, draw: np.random.Generator) -> tuple[Image, Image]:
    """Cut the same part out of both images, every other time mirrored; smaller images are enlarged first."""
    if a.shape[0] < size[0] or a.shape[1] < size[1]:
        scale = max(size[0] / a.shape[0], size[1] / a.shape[1])
        larger = tuple(max(want, round(have * scale)) for have, want in zip(a.shape, size, strict=True))
        a, b = (np.asarray(cv2.resize(image, larger[::-1]), np.float32) for image in (a, b))
    top, left = (int(draw.integers(have - want + 1)) for have, want in zip(a.shape, size, strict=True))
    part = (slice(top, top + size[0]), slice(left, left + size[1]))
    step = -1 if draw.integers(2) else 1
    return tuple(np.ascontiguousarray(image[part][:, ::step]) for image in (a, b))  # type: ignore[return-value]


def resized(image: Image, size: Grid) -> Image:
    """Bring an image (H, W) to a size; portraits stay upright.

    By bilinear interpolation, as the published script does; where it would leave out pixels, below half the size, by
    the mean over areas.

    Examples
    --------
    >>> resized(np.zeros((200, 100), np.float32), (96, 128)).shape
    (128, 96)
    """
    height, width = size[::-1] if image.shape[0] > image.shape[1] else size
    if image.shape == (height, width):
        return image
    method = cv2.INTER_AREA if 2 * height < image.shape[0] and 2 * width < image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.float32)
