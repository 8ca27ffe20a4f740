"""A model looks at the images of a row: once at each, whatever was stored before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from ..datasets import FusionDataset
from ..datasets.pair import Pair
from ..results.tasks import Seen
from .images import Image, Row, pixels_hash
from .models import Detector, Segmenter

Found = TypeVar("Found")


@runtime_checkable
class AtOnce(Protocol):
    """A model that looks at many images in one start."""

    def prepare(self, images: Iterable[Image]) -> None:
        """Look at images, so that they are known when they are asked for one by one."""


@dataclass(frozen=True)
class Form(Generic[Found]):
    """How what a model found is asked for, and stored.

    Attributes
    ----------
    ask : gives what the model finds in an image.
    plain : makes a JSON value of it.
    parse : reads this value; None for anything else.
    """

    ask: Callable[[Image], Found]
    plain: Callable[[Found], Any]
    parse: Callable[[Any], Found | None]


def look(
    row: Row,
    dataset: FusionDataset,
    model: Detector | Segmenter,
    form: Form[Found],
    out: Path,
    advance: Callable[[str], None],
    wanted: Callable[[str], bool] = lambda name: True,
) -> Iterator[tuple[str, Found]]:
    """Give what a model finds in the images of a row, by the names of the pairs; of what is stored none is made again.

    Parameters
    ----------
    out : the folder of results.
    advance : called after each image with what it was.
    wanted : whether the image of a pair is looked at.
    """
    seen = Seen(out, dataset.label, row.label, model.label, model.digest)
    pairs = [pair for pair in dataset if wanted(pair.name)]
    if isinstance(model, AtOnce):
        model.prepare(_new(row, pairs, seen, form))
    for pair in pairs:
        image = row.read(pair)
        pixels = pixels_hash(image)
        found = form.parse(seen.get(pair.name, pixels))
        if found is None:
            found = form.ask(image)
            seen.put(pair.name, pixels, form.plain(found))
        yield pair.name, found
        advance(f"{row.label}, {pair.name}")


def _new(row: Row, pairs: Iterable[Pair], seen: Seen, form: Form[Found]) -> Iterator[Image]:
    """Give the images that were not looked at, each once."""
    given = set()
    for pair in pairs:
        image = row.read(pair)
        pixels = pixels_hash(image)
        if pixels not in given and form.parse(seen.get(pair.name, pixels)) is None:
            given.add(pixels)
            yield image
