"""What a reader of a table must know beside its numbers: sentences that the manifest keeps and every table shows below.

To add a kind of note, write a small function that takes the part (a method on a data set, with its rows, once all of
them are there) and gives its sentences, and put it into NOTES. A sentence does not name the method, which is marked
with its number; where all methods of a data set have the same sentence, it is said once, of the data set. What has to
be known of single images is gathered when they are scored, in the rows.

The Chinese of a sentence stands in the report's `words.json`, under a key that begins with `note_`; what differs from
case to case is a name in braces there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..datasets.shipped import split_notes

if TYPE_CHECKING:
    from .plan import Part


def quantised(part: Part) -> Iterator[str]:
    """Say that the method stretches its images, where its own rule does."""
    rule = part.method.quantise
    if rule in ("minmax", "minmax-truncate"):
        yield (
            f"Each fused image is stretched to 0..255 by its own minimum and maximum (quantise={rule}), which raises "
            "EN, SD, SF and AG."
        )
    elif rule == "max":
        yield f"Each fused image is scaled so that its maximum is 255 (quantise={rule}), which raises SD, SF and AG."


def chosen_pairs(part: Part) -> Iterator[str]:
    """Say whose test pairs these are, where a list that ships has chosen them."""
    return split_notes(part.dataset)


NOTES: tuple[Callable[[Part], Iterable[str]], ...] = (chosen_pairs, quantised)


def notes_of(part: Part) -> list[str]:
    """Collect every sentence on the numbers of a part, each once, in the order of NOTES."""
    return list(dict.fromkeys(sentence for kind in NOTES for sentence in kind(part)))
