"""The text that a network was trained with: how its weights tell it, and the same kind of text for other pairs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....datasets.h5 import open_h5
from ....datasets.h5pairs import image_at
from ....datasets.pair import Pair
from ....errors import InputError
from ..features import Features
from .describe import VERSION
from .source import Gray, TextSource

if TYPE_CHECKING:
    import h5py

Origin = dict[str, str]  # `source`, and what is known besides of `KEPT`
KEPT = ("version", "model", "words", "features")
ABOVE = 8  # folders above an image in which published features are looked for


def notes_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what weights keep of the record of a source of text.

    Examples
    --------
    >>> notes_of({"source": "describe", "version": "1", "note": "a stand-in"})
    {'text': 'describe', 'text_version': '1'}
    """
    return {"text": record["source"], **{f"text_{key}": str(record[key]) for key in KEPT if key in record}}


def origin_of(metadata: Mapping[str, str]) -> Origin:
    """Read what `notes_of` made; weights that say nothing are the authors', or come from theirs.

    Examples
    --------
    >>> origin_of({"text": "describe", "text_version": "1"})
    {'source': 'describe', 'version': '1'}
    >>> origin_of({})["source"], origin_of({"text": "/data/TextFeature/IVF/MSRS"})["source"]
    ('precomputed', 'precomputed')
    """
    source, _, model = metadata.get("text", "").partition(":")
    kept = {key: metadata[f"text_{key}"] for key in KEPT if f"text_{key}" in metadata}
    if source.partition("@")[0] == "blip2":  # "blip2:MODEL@FOLDER" was written up to 0.1
        return {"source": "blip2", **({"model": model.partition("@")[0]} if model else {}), **kept}
    # there, "auto" was the text in an H5 file, and anything else a path
    return {"source": source if source in ("describe", "none") else "precomputed", **kept}


def text_in(file: h5py.File) -> dict[str, Any]:
    """Return the record of the texts in an H5 file of pairs; one that says nothing has features computed before."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        record = json.loads(file.attrs["settings"])["text"]
        if isinstance(record["source"], str):
            return dict(record)
    return {"source": "precomputed"}


class Trained(TextSource):
    """Text of the kind that the weights were trained with.

    Features out of files are those that are published with the images: `TextFeature/<task>/<data set>/<name>.npy` in a
    folder above them, or the group `text` of the H5 file that both are in.

    Parameters
    ----------
    weights : their name, for errors.
    origins : by task, the text that its weights were trained with.
    make : makes a source of a word, as `make_text`.
    """

    name = "auto"

    def __init__(self, weights: str, origins: Mapping[str, Origin], make: Callable[[str], TextSource]) -> None:
        self.weights, self.origins, self._make = weights, origins, make
        self._sources: dict[str, TextSource] = {}

    def features(self, pair: Pair, a: Gray, b: Gray) -> Features:
        """Return the features of a pair."""
        return self._of(pair).features(pair, a, b)

    def check(self, pairs: Sequence[Pair]) -> None:
        """Find a source for some pair of each task."""
        for task in sorted({pair.task for pair in pairs} & self.origins.keys()):
            mine = [pair for pair in pairs if pair.task == task]
            source = next(filter(None, map(self._find, mine)), None) or self._of(mine[0])
            source.check(mine)

    def files(self, pair: Pair) -> list[Path]:
        """Name the file of a pair's features, where they lie in one."""
        source = self._find(pair)
        return source.files(pair) if source else []

    def _origin(self, task: str) -> Origin:
        if task not in self.origins:
            raise InputError(f"{self.weights} has no weights for {task}")
        return self.origins[task]

    def _of(self, pair: Pair) -> TextSource:
        source = self._find(pair)
        if source is None:
            raise InputError(self._lack(pair))
        return source

    def _find(self, pair: Pair) -> TextSource | None:
        """Find the text of a pair; None where it should lie in files and does not."""
        origin = self._origin(pair.task)
        if origin["source"] != "precomputed":
            return self._computed(origin)
        place = published(pair)
        return None if place is None else self._kept(f"precomputed:{place}")

    def _computed(self, origin: Origin) -> TextSource:
        if origin["source"] == "describe" and origin.get("version", VERSION) != VERSION:
            raise InputError(
                f"{self.weights} was trained with version {origin['version']} of the text `describe`, and this is "
                f"version {VERSION}: train it again, or feed this one with --text describe"
            )
        word = ":".join(filter(None, (origin["source"], origin.get("model"))))
        return self._kept(word)

    def _kept(self, word: str) -> TextSource:
        if word not in self._sources:
            self._sources[word] = self._make(word)
        return self._sources[word]

    def _lack(self, pair: Pair) -> str:
        origin = self._origin(pair.task)
        words = f" of {origin['words']} words" if "words" in origin else ""
        return (
            f"{self.weights} was trained with text features{words} out of files, and there are none for pair "
            f"{pair.name!r}: lay them at TextFeature/{pair.task}/<data set>/ above its images, as they are published, "
            "or name them with --text PATH; --text describe feeds a stand-in"
        )

    @property
    def record(self) -> dict[str, Any]:
        """Say what is fed; by task, where the weights of tasks differ in it."""
        records = {task: self._record(origin) for task, origin in self.origins.items()}
        first, *others = records.values()
        return first if all(other == first for other in others) else {"source": self.name, "tasks": records}

    def _record(self, origin: Origin) -> dict[str, Any]:
        if origin["source"] == "precomputed":
            return {**origin, "path": "beside the images"}
        return self._computed(origin).record


def published(pair: Pair) -> Path | None:
    """Find the features that are published with the images of a pair: a folder, or the H5 file that they are in."""
    path = pair.a
    if not isinstance(path, Path):
        return None
    if inside := image_at(path):
        with open_h5(inside.file) as file:
            return None if text_in(file)["source"] in ("describe", "none") else inside.file
    image = path.absolute()
    for parent in list(image.parents)[:ABOVE]:
        names = image.relative_to(parent).parts[:-1]
        for place in (parent / "TextFeature" / pair.task / name for name in names):
            if place.is_dir():
                return place
    return None
