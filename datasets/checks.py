"""What was found of a data set, where, and what is wrong with it: every pixel is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from .dataset import SIDES, SizePolicy, load_source
from .facts import facts_of, same
from .finding.layouts import Found, short
from .finding.matching import Entry, entries
from .finding.splits import choose, split_names
from .images import UnreadableImageError
from .load import inspect, locate, printable
from .pair import Pair, Task
from .ranges import FULL, RangeOption, Ranges, parse_ranges
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
    name, title, licence, citation, doi, home, pairs_published : from the catalogue.
    root : the data set's folder; None if it was not found or is computed.
    folders : where the files of a and of b lie, as seen from `root`.
    split : which pairs were looked at.
    splits : every split, and how many of its names have both files.
    pairs : how many pairs are good.
    good : their names.
    image_sizes : (width, height) of a, and how many pairs have it.
    bits : "8 bit gray", "16 bit RGB", ... by source, and how many files are so.
    colour : how many files of each source have colour.
    formats : "PNG", ... and how many files are so.
    misnamed : files whose extension is not that of their format. They are read all the same.
    identical : pairs whose two sources are the same image: a mistake in most data sets.
    unreadable : why the list of a split cannot be read, by split.
    problems : what is wrong, by name of the pair; of the whole under the name "".
    ranges : how values deeper than 8 bits become 0..255, by source.
    deep : how many files of each source have such values.
    seen : what is worth saying of the files of each source.
    """

    name: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    doi: str = ""
    home: str = ""
    pairs_published: str = ""
    root: Path | None = None
    folders: tuple[str, str] = ("", "")
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
    seen: dict[str, list[Remark]] = field(default_factory=lambda: {"a": [], "b": []})

    @property
    def ok(self) -> bool:
        """Whether there is something to run on, and nothing wrong with it."""
        return not self.problems and not self.unreadable and self.pairs > 0

    @property
    def remarks(self) -> list[str]:
        """What should be known of files that can be read: a small part of the range used, alpha dropped."""
        return [text for side in "ab" for text in sentences(side, self.seen[side], self.ranges[side])]

    def lines(self) -> list[str]:
        """Say all of it in lines of text."""
        if "" in self.problems:
            return [self.problems[""]]
        text = [f"{self.name}: {self.title}"]
        if self.root is not None:
            text += [f"  found    {self.root}", f"  sources  a: {self.folders[0]}, b: {self.folders[1]}"]
        else:
            text.append("  found    computed on this machine")
        published = f" (published: {self.pairs_published})" if self.pairs_published else ""
        text.append(f"  pairs    {self.pairs} good of the split {self.split!r}{published}")
        text += [f"  split    {key}: {split.present} of {split.total} names" for key, split in self.splits.items()]
        text += [f"  split    {key}: {reason}" for key, reason in self.unreadable.items()]
        text.append(f"  sizes    {_sizes(self.image_sizes)}")
        for side in ("a", "b"):
            text.append(f"  {side}        {_counts(self.bits[side])}; {self.colour[side]} with colour")
            if self.deep[side]:
                text.append(f"  range    {side}: {self.ranges[side]}, in {self.deep[side]} files of more than 8 bits")
            constant = sum(remark.alpha == "constant" for remark in self.seen[side])
            if constant:
                text.append(f"  alpha    {side}: {constant} files have a constant further channel, which is dropped")
        text.append(f"  formats  {_counts(self.formats)}")
        text += _listed("misnamed", "extension and format differ (read by content, no harm)", self.misnamed)
        for side in ("a", "b"):
            narrow = [
                f"{r.file}: {r.low:.6g} to {r.high:.6g}, {r.levels} gray levels" for r in self.seen[side] if r.levels
            ]
            text += _listed("narrow", f"of source {side}", narrow)
        text += [f"  note     {remark}" for remark in self.remarks]
        text += _listed("identical", "a and b are the same image", self.identical)
        text.append(f"  licence  {self.licence}")
        text += [f"  cite     {self.citation}" + (f", doi:{self.doi}" if self.doi else "")] if self.citation else []
        text += [f"  home     {self.home}"] if self.home else []
        text += _listed("WRONG", "", [f"{name}: {reason}" for name, reason in self.problems.items()])
        return text

    def __str__(self) -> str:
        return "\n".join(self.lines())


def check(
    name_or_path: str | Path,
    root: str | Path | None = None,
    split: str | Path | None = "all",
    *,
    a: str | None = None,
    b: str | None = None,
    task: Task | None = None,
    size_policy: SizePolicy = "error",
    range: RangeOption = None,
    rgbt: bool = False,
) -> CheckReport:
    """Look at every file of a data set.

    Parameters
    ----------
    name_or_path, root, split, a, b, task, size_policy, range, rgbt : as for `load_dataset`, but by default all pairs
        are looked at.

    Returns
    -------
    CheckReport
        Also for a data set that is not found, or has problems: the report says so.

    Raises
    ------
    InputError
        If the name is not in the catalogue, or `range` is no rule.
    """
    ranges = parse_ranges(range)
    try:
        spec, found = locate(name_or_path, root, a, b, task, rgbt)
        report = CheckReport(
            spec.name, spec.title, spec.licence, spec.citation, spec.doi, spec.home, pairs_published=spec.pairs,
            ranges=ranges,
        )  # fmt: skip
        if found is None:
            pairs = list(spec.make() if spec.make else ())
        else:
            report.split, names, chosen = choose(spec, found, split)
            pairs = _pairs(report, entries(chosen, names))
            _describe(report, spec, found)
    except InputError as error:
        if str(error).startswith("unknown data set"):
            raise
        return CheckReport(str(name_or_path), problems={"": str(error)})
    with ThreadPoolExecutor() as pool:
        looks = pool.map(lambda pair: _look(report, pair, size_policy, rgbt), pairs)
        left_out = bool(report.problems)
        for pair, (problem, before) in zip(pairs, looks, strict=True):
            left_out |= before
            if problem:
                report.problems[printable(pair.name)] = printable(problem)
    report.good = [pair.name for pair in pairs if printable(pair.name) not in report.problems]
    report.pairs = len(report.good)
    if not pairs and not report.problems:
        report.problems[""] = f"{report.name} has no pairs in the split {report.split!r}"
    for remarks in report.seen.values():
        remarks.sort(key=lambda remark: remark.file)
    idle = ranges.without_effect([side for side, count in report.deep.items() if count], report.name)
    if idle and not left_out and pairs:
        report.problems[""] = idle
    return report


def _pairs(report: CheckReport, found: Iterable[Entry]) -> list[Pair]:
    pairs = []
    for entry in found:
        if entry.a is None or entry.b is None:
            report.problems[printable(entry.name)] = printable(entry.problem or "there is no such file")
        else:
            pairs.append(Pair(entry.name, entry.a, entry.b, "IVF", truth=entry.truth))
    return pairs


def _describe(report: CheckReport, spec: DatasetSpec, found: Found) -> None:
    report.root = found.root
    shown = [
        ", ".join(short(folder, found.root) for folder in side[:3]) + (", ..." if len(side) > 3 else "")
        for side in found.folders
    ]
    report.folders = (shown[0], shown[1])
    for split in split_names(found, spec):
        try:
            _, names, chosen = choose(spec, found, split)
        except InputError as error:  # a list that cannot be read; it ends a run on this split only
            report.unreadable[split] = str(error)
            continue
        present = sum(entry.problem is None for entry in entries(chosen, names))
        report.splits[split] = SplitReport(present, len(names))


def _look(report: CheckReport, pair: Pair, size_policy: SizePolicy, rgbt: bool) -> tuple[str | None, bool]:
    """Decode the files of a pair, note what they are, and say what is wrong with them.

    Returns
    -------
    problem, and whether a run finds it before anything is decoded, and leaves the pair out
    """
    found = inspect(pair, size_policy, ranges=report.ranges, rgbt=rgbt)
    try:
        facts = {side: facts_of(pair, side, report.ranges, rgbt) for side in SIDES}
        if pair.truth is not None:
            load_source(pair.truth)
    except UnreadableImageError as error:
        return f"{error.path.parent.name}/{error.path.name}: {error.reason}", found is not None
    except InputError as error:
        return str(error), found is not None
    for side, fact in facts.items():
        report.bits[side][fact.kind] += 1
        report.colour[side] += fact.colour
        report.formats[fact.format] += 1
        report.deep[side] += fact.deep
        report.seen[side] += [fact.remark] if fact.remark else []
        if fact.misnamed:
            path = getattr(pair, side)
            report.misnamed.append(f"{path.parent.name}/{path.name} is {fact.format}")
    if found is None:
        report.image_sizes[facts["a"].size] += 1
        if same(facts):
            report.identical.append(pair.name)
    return found, found is not None


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common()) or "none"


def _sizes(counts: Counter[tuple[int, int]]) -> str:
    shown = [f"{width}x{height} ({count})" for (width, height), count in counts.most_common(4)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") if shown else "none"


def _listed(label: str, what: str, items: list[str]) -> list[str]:
    if not items:
        return []
    shown = [f"    {item}" for item in items[:_SHOWN]]
    more = [f"    and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [f"  {label}: {len(items)}{f' {what}' if what else ''}", *shown, *more]
