"""What a reader of a table must know beside its numbers: sentences that the manifest keeps and every table shows below.

To add a kind of note, write a small function that takes the trial (a method on a data set, with its rows, once all of
them are there) and gives its sentences, and put it into NOTES. A sentence does not name the method, which is marked
with its number; where all methods of a data set have the same sentence, it is said once, of the data set. What has to
be known of single images is gathered when they are scored, in the rows.

The Chinese of a sentence stands in the report's `words.json`, under a key that begins with `note_`; what differs from
case to case is a name in braces there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..datasets import probe
from ..errors import InputError, letter
from ..methods.precision import precision_of
from .sizes import size_notes
from .stretch import ENOUGH, NEARLY, stretch

if TYPE_CHECKING:
    from ..results import Row
    from .plan import Trial

OPPOSITE = -0.3  # correlation with the source that it resembles more: no fusion turns both round
_LOSSY = ("JPEG", "WEBP", "JPEG2000", "AVIF")
_STRETCHED = {
    "range": "{reached} of {images} fused images span 0..255 exactly, while the sources of {narrow} pairs do not: they "
    "seem stretched by what saved them, which raises EN, SD, SF and AG.",
    "percentiles": "{reached} of {images} fused images span 0..255 with equal parts of their pixels at the ends, while "
    "the sources of {narrow} pairs do not: they seem stretched between percentiles, which raises EN, SD, SF and AG.",
    "maximum": "{reached} of {images} fused images reach 255 exactly, while the sources of {narrow} pairs do not: they "
    "seem scaled by their maximum by what saved them, which raises SD, SF and AG.",
}


def quantised(trial: Trial) -> Iterator[str]:
    """Say how the method's rule moves the numbers, where it does more than round; and what else it does at its end."""
    rule = trial.method.quantise
    if rule in ("minmax", "minmax-truncate"):
        yield (
            f"Each fused image is stretched to 0..255 by its own minimum and maximum (quantise={rule}), which raises "
            "EN, SD, SF and AG."
        )
    elif rule == "max":
        yield f"Each fused image is scaled so that its maximum is 255 (quantise={rule}), which raises SD, SF and AG."
    if rule in ("truncate", "minmax-truncate"):
        yield f"The fraction of each value is dropped (quantise={rule}), which darkens by half a level on average."
    yield from trial.method.remarks


def scored_on_device(trial: Trial) -> Iterator[str]:
    """Say that the last digits are a device's."""
    count = sum(row.facts.get("scored_on_device", 0) == 1 for row in trial.rows.values())
    if count:
        images = sum(row.status == "ok" for row in trial.rows.values())
        yield f"{count} of {images} fused images were scored on a device, which gives the values to 1e-6."


def precise(trial: Trial) -> Iterator[str]:
    """Say in what a network computed, where it was not float32."""
    precision = precision_of(trial.method)
    if precision != "float32":
        yield f"The network computed in {precision}, not in float32, which moves gray levels."


def chosen_pairs(trial: Trial) -> Iterator[str]:
    """Say whose test pairs these are, where a list that ships has chosen them."""
    return iter(trial.dataset.split_notes)


def ranged(trial: Trial) -> Iterator[str]:
    """Say by which rule values deeper than 8 bits became 0..255, and what is to be known of the files."""
    dataset = trial.dataset
    for side in ("a", "b"):
        if dataset.is_deep(side):
            yield f"Source {side} has more than 8 bits: its values became 0..255 by the rule {dataset.ranges[side]}."
    for sentence in dataset.remarks:
        yield f"{sentence[0].upper()}{sentence[1:]}."


def several(trial: Trial) -> Iterator[str]:
    """Say how scenes of more than two sources were fused, and what is not scored of them."""
    count = sum(bool(pair.further) for pair in trial.dataset)
    if count:
        yield (
            f"{count} of {len(trial.dataset)} scenes have more than two sources: metrics that are defined for two have "
            "no value there."
        )
    if count and trial.method.computes and not trial.method.any_number:
        yield (
            "More than two sources were fused one after another, fuse(fuse(a, b), c) and so on, each result in 8 bit; "
            "colour is that of all."
        )


def stretched(trial: Trial) -> Iterator[str]:
    """Say that images from elsewhere were stretched, where their levels tell it."""
    images = [row.facts for row in _strangers(trial)]
    if evidence := stretch(images):
        yield _STRETCHED[evidence.by].format(images=len(images), reached=evidence.reached, narrow=evidence.narrow)


def inverted(trial: Trial) -> Iterator[str]:
    """Say that dark and bright are exchanged."""
    alike = [row.facts["likeness"] for row in _strangers(trial) if "likeness" in row.facts]
    if len(alike) >= ENOUGH and sum(value < OPPOSITE for value in alike) >= NEARLY * len(alike):
        yield "The fused images are negatives: dark where both sources are bright, and bright where they are dark."


def copied(trial: Trial) -> Iterator[str]:
    """Say that fused images are sources."""
    rows = _strangers(trial)
    copies = Counter(int(row.facts["copy_of"]) for row in rows if "copy_of" in row.facts)
    for number, count in sorted(copies.items()):
        yield f"In {count} of {len(rows)} pairs the fused image is source {letter(number - 1)} itself."


def repeated(trial: Trial) -> Iterator[str]:
    """Say that one image stands for pairs that differ."""
    rows = _strangers(trial)
    images = [trial.folder.image(row.pair) for row in rows]
    sizes = Counter(image.stat().st_size for image in images if image.is_file())
    contents: dict[bytes, set[str]] = {}
    for row, image in zip(rows, images, strict=True):
        if image.is_file() and sizes[image.stat().st_size] > 1:  # few files need to be opened
            contents.setdefault(image.read_bytes(), set()).add(row.sources)
    most = max((len(sources) for sources in contents.values()), default=0)
    if most > 1:
        yield f"{most} of {len(rows)} pairs have one and the same fused image."


def stored(trial: Trial) -> Iterator[str]:
    """Say how files that somebody else wrote hold their images, where it tells on the numbers."""
    if trial.method.computes:
        return
    headers = []
    for pair in trial.dataset:
        for path in trial.method.files(pair)[:1]:
            try:
                headers.append(probe(path))
            except InputError:  # that pair's row says so
                continue
    for name in _LOSSY:
        count = sum(header.format == name for header in headers)
        if count:
            yield f"{count} of {len(headers)} fused images are {name} files: what compression changed is scored, too."
    deep = sum(header.bits > 8 for header in headers)
    if deep:
        yield f"{deep} of {len(headers)} fused images have more than 8 bits: they were rounded to 8 to be scored."


def _strangers(trial: Trial) -> list[Row]:
    """Rows of images whose making is not known here: of folders, commands and methods of users' own."""
    ours = type(trial.method).__module__.partition(".")[0] == __name__.partition(".")[0]
    known = ours and trial.method.computes and trial.method.name != "cmd"
    if known or trial.method.quantise in ("minmax", "minmax-truncate", "max"):
        return []
    return [row for row in trial.rows.values() if row.status == "ok" and "fused_max" in row.facts]


# Here is the place for another kind of note.
NOTES: tuple[Callable[[Trial], Iterable[str]], ...] = (
    chosen_pairs, ranged, size_notes, several, quantised, precise, stretched, inverted, copied, repeated, stored,
    scored_on_device,
)  # fmt: skip


def notes_of(trial: Trial) -> list[str]:
    """Collect every sentence on the numbers of a trial, each once, in the order of NOTES."""
    return list(dict.fromkeys(sentence for kind in NOTES for sentence in kind(trial)))
