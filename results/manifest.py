"""The manifest of a run: what was run, with which versions, on what."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from .records import FORMAT, Record

Better = Literal["higher", "lower", "zero"]


@dataclass(kw_only=True)
class MethodRecord(Record):
    """What a method is; two runs may share a folder only where this is equal.

    `weights` are the origin and the hash of a learned method's, None for others. `year` and `venue` are those of the
    paper in `reference`, `title` is what papers print for the label, if another: they tell no two methods apart.
    """

    OPTIONAL: ClassVar = ("weights", "year")

    label: str
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    quantise: str = ""
    reference: str = ""
    year: int | None = field(default=None, compare=False)
    venue: str = field(default="", compare=False)
    title: str = field(default="", compare=False)
    weights: dict[str, Any] | None = None

    def computes_as(self, other: MethodRecord) -> bool:
        """Whether another method computes the same, whatever its label and its 8-bit rule are."""
        parts = [(method.name, method.options, method.weights) for method in (self, other)]
        return parts[0] == parts[1]


@dataclass(kw_only=True)
class DatasetRecord(Record):
    """Which data set: its name, its split, and both as people read it; the list that ships, if the pairs are of one.

    Two runs may share a folder whether or not `pairs` is known: "RoadScene/film50 (f5627044)", with the hash of the
    names.
    """

    OPTIONAL: ClassVar = ("pairs",)

    name: str = ""
    split: str | None = None
    label: str
    pairs: str | None = field(default=None, compare=False)


@dataclass(kw_only=True)
class MetricRecord(Record):
    """How a protocol calls a metric, and which values of it are the better ones."""

    name: str
    better: Better
    protocol: str


@dataclass(kw_only=True)
class Timing(Record):
    """The seconds of all pairs: their sum and median, where they were measured, and what a reader must know of them."""

    total: float
    median: float
    machines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Manifest(Record):
    """What run.json holds.

    Attributes
    ----------
    state : "running" or "finished".
    range : the rule of each source for values deeper than 8 bits.
    rgbt : whether each file was a pair of its own.
    tasks, root, pairs, skipped, sources : of the data set: `skipped` has a reason by pair, `sources` the
        files of each pair, two or more, that lies in files, as seen from the root; see `source_files`.
    protocols : their versions by name, of all runs into this folder.
    metrics : what each metric@convention is.
    backend : what computed, where it was not PyTorch.
    seconds : None where no pair was timed.
    notes : sentences that a reader of the numbers must know.
    sizes : which rule brought which pairs to one size; None for none.
    chroma : how re-attached colour is brought into the gamut, "scaled"; None where an earlier run clipped some of it.
    environment : versions of everything.
    """

    OPTIONAL: ClassVar = ("backend", "sizes", "chroma")

    format: int = FORMAT
    state: Literal["running", "finished"] = "finished"
    method: MethodRecord
    dataset: DatasetRecord
    size_policy: str = "error"
    range: dict[str, str] = field(default_factory=lambda: {"a": "full", "b": "full"})
    rgbt: bool = False
    tasks: list[str] = field(default_factory=list)
    root: str = ""
    pairs: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    protocols: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, MetricRecord] = field(default_factory=dict)
    device: str = ""
    backend: dict[str, Any] | None = None
    started: str = ""
    finished: str | None = None
    seconds: Timing | None = None
    notes: list[str] = field(default_factory=list)
    sizes: dict[str, Any] | None = None
    chroma: str | None = None
    environment: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: Mapping[str, Any], within: str = "") -> Self:
        """Make the manifest of what a file holds; see `Record.parse`."""
        manifest = super().parse(content, within)
        if len(set(manifest.pairs)) < len(manifest.pairs):
            raise ValueError("its 'pairs' names a pair twice")
        names = {name: name for name in manifest.sources}
        manifest.pairs = [names.get(name, name) for name in manifest.pairs]  # one text for both: there may be many
        return manifest

    def copy(self) -> Manifest:
        """Return another one that may be changed; what it has of single pairs is not copied, as that is large."""
        large = {name: getattr(self, name) for name in ("pairs", "skipped", "sources")}
        return replace(deepcopy(replace(self, pairs=[], skipped={}, sources={})), **large)

    def source_files(self, pair: str) -> tuple[Path, ...] | None:
        """Name the files of a pair, two or more; None where it has none."""
        try:
            files = [(Path(self.root) / Path(file)).expanduser() for file in self.sources.get(pair, [])]
        except RuntimeError:  # the folder of a user who is not there
            return None
        return tuple(files) if len(files) > 1 else None
