"""The result of `check`: what there is of a data set, where, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import letter
from .ranges import FULL, Ranges
from .remarks import Remark, sentences
from .spec import DatasetSpec

_SHOWN = 20


@dataclass(frozen=True)
class SplitReport:
    """How many of the names of a split can be paired."""

    present: int
    total: int


@dataclass
class CheckReport:
    """The result of `check`.

    Attributes
    ----------
    name : of the data set, or what was looked for.
    spec : its entry; None if it was not found.
    root : the data set's folder; None if it was not found or is computed.
    folders : where the files of each source lie, as seen from `root`.
    split : which pairs were looked at.
    splits : every split, and how many of its names have both files.
    pairs : how many pairs are good.
    good : their names.
    image_sizes : (height, width) of a, and how many pairs have it.
    bits : "8 bit gray", "16 bit RGB", ... by source, and how many files are so.
    colour : how many files of each source have colour.
    formats : "PNG", ... and how many files are so.
    misnamed : files whose extension is not that of their format. They are read all the same.
    identical : pairs of whose sources two are the same image: a mistake in most data sets.
    unreadable : why the list of a split cannot be read, by split.
    problems : what is wrong, by name of the pair; of the whole under the name "".
    ranges : how values deeper than 8 bits become 0..255, by source.
    deep : how many files of each source have such values.
    details : what is worth saying of the files of each source.
    labels : how many pairs have boxes and masks, and of what.
    """

    name: str
    spec: DatasetSpec | None = None
    root: Path | None = None
    folders: tuple[str, ...] = ("", "")
    split: str = "all"
    splits: dict[str, SplitReport] = field(default_factory=dict)
    pairs: int = 0
    good: list[str] = field(default_factory=list)
    image_sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    bits: dict[str, Counter[str]] = field(default_factory=lambda: {"a": Counter(), "b": Counter()})
    colour: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0})
    formats: Counter[str] = field(default_factory=Counter)
    misnamed: list[str] = field(default_factory=list)
    identical: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    ranges: Ranges = FULL
    deep: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0})
    details: dict[str, list[Remark]] = field(default_factory=lambda: {"a": [], "b": []})
    labels: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there is something to run on, and nothing wrong with it."""
        return not self.problems and not self.unreadable and self.pairs > 0

    @property
    def remarks(self) -> list[str]:
        """What should be known of files that can be read: a small part of the range used, alpha dropped."""
        return [text for side in "ab" for text in sentences(side, self.details[side], self.ranges[side])]

    def lines(self) -> list[str]:
        """Say all of it in lines of text."""
        if "" in self.problems or self.spec is None:
            return [self.problems[""]]
        spec = self.spec
        text = [f"{self.name}: {spec.title}"]
        if self.root is not None:
            text += [f"  found    {self.root}", f"  sources  {_places(self.folders)}"]
        else:
            text.append("  found    computed on this machine")
        published = f" (published: {spec.pairs})" if spec.pairs else ""
        text.append(f"  pairs    {self.pairs} good of the split {self.split!r}{published}")
        text += [f"  split    {key}: {split.present} of {split.total} names" for key, split in self.splits.items()]
        text += [f"  split    {key}: {reason}" for key, reason in self.unreadable.items()]
        text.append(f"  sizes    {_sizes(self.image_sizes)}")
        for side in ("a", "b"):
            label = side if side == "a" or len(self.folders) < 3 else f"b to {letter(len(self.folders) - 1)}"
            text.append(f"  {label:8} {_counts(self.bits[side])}; {self.colour[side]} with colour")
            if self.deep[side]:
                text.append(f"  range    {side}: {self.ranges[side]}, in {self.deep[side]} files of more than 8 bits")
            constant = sum(remark.alpha == "constant" for remark in self.details[side])
            if constant:
                text.append(f"  alpha    {side}: {constant} files have a constant further channel, which is dropped")
        text.append(f"  formats  {_counts(self.formats)}")
        text += [f"  {labels}" for labels in self.labels]
        text += _listing("misnamed", "extension and format differ (read by content, no harm)", self.misnamed)
        for side in ("a", "b"):
            ranges = (
                f"{r.file}: {r.low:.6g} to {r.high:.6g}, {r.levels} gray levels" for r in self.details[side] if r.levels
            )
            text += _listing("narrow", f"of source {side}", [*ranges])
        text += [f"  note     {remark}" for remark in self.remarks]
        whose = "a and b" if len(self.folders) < 3 else "two sources"
        text += _listing("identical", f"{whose} are the same image", self.identical)
        text.append(f"  licence  {spec.licence}")
        text += [f"  cite     {spec.citation}" + (f", doi:{spec.doi}" if spec.doi else "")] if spec.citation else []
        text += [f"  home     {spec.home}"] if spec.home else []
        text += _listing("WRONG", "", [f"{name}: {reason}" for name, reason in self.problems.items()])
        return text

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _places(folders: tuple[str, ...]) -> str:
    """Say where the files of each source lie; of sequences, which lie in the same folders, once."""
    if len(folders) > 2 and len({*folders[:2]}) == 1:
        return f"a to {letter(len(folders) - 1)}: {folders[0]}"
    return ", ".join(f"{letter(place)}: {folder}" for place, folder in enumerate(folders))


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common()) or "none"


def _sizes(counts: Counter[tuple[int, int]]) -> str:
    shown = [f"{height}x{width} ({count})" for (height, width), count in counts.most_common(4)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") if shown else "none"


def _listing(label: str, what: str, items: list[str]) -> list[str]:
    if not items:
        return []
    shown = [f"    {item}" for item in items[:_SHOWN]]
    more = [f"    and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [f"  {label}: {len(items)}{f' {what}' if what else ''}", *shown, *more]
