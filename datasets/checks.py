"""A look at every file of a data set: every pixel is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, printable
from .annotations import LabelKind
from .check_report import CheckReport, SplitReport
from .dataset import FusionDataset, SizePolicy, load_source
from .finding.entry import Entry, entries
from .finding.folders import short
from .finding.sources import DatasetFiles
from .finding.splits import choose, split_names
from .images import EXTENSIONS, EXTENSIONS_OF, UnreadableImageError, read_picture
from .load import common_folder
from .locate import locate
from .pair import SIDES, Pair, Side, Source, Task
from .problems import problem_of
from .ranges import RangeOption, Ranges, parse_ranges, refusal
from .remarks import Remark, remark_on
from .spec import DatasetSpec


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
    further: Sequence[str] = (),
    sequences: bool = False,
) -> CheckReport:
    """Look at every file of a data set.

    Parameters
    ----------
    name_or_path, root, split, a, b, task, size_policy, range, rgbt, further, sequences : as for `load_dataset`, but by
        default all pairs are looked at.

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
        spec, files = locate(name_or_path, root, a, b, task, rgbt, further, sequences)
        report = CheckReport(spec.name, spec, ranges=ranges)
        if files is None:
            pairs = list(spec.make() if spec.make else ())
        else:
            report.split, names, part = choose(spec, files, split)
            pairs = _pairs(report, entries(part, names))
            _describe(report, spec, files)
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
    good = [pair for pair in pairs if printable(pair.name) not in report.problems]
    _count_labels(report, spec, good, size_policy, rgbt)
    report.good = [pair.name for pair in pairs if printable(pair.name) not in report.problems]
    report.pairs = len(report.good)
    if not pairs and not report.problems:
        report.problems[""] = f"{report.name} has no pairs in the split {report.split!r}"
    for remarks in report.details.values():
        remarks.sort(key=lambda remark: remark.file)
    idle = ranges.without_effect([side for side, count in report.deep.items() if count], report.name)
    if idle and not left_out and pairs:
        report.problems[""] = idle
    return report


def _pairs(report: CheckReport, names: Iterable[Entry]) -> list[Pair]:
    pairs = []
    for entry in names:
        if entry.a is None or entry.b is None:
            report.problems[printable(entry.name)] = printable(entry.problem or "there is no such file")
        else:
            pairs.append(Pair(entry.name, entry.a, entry.b, "IVF", truth=entry.truth, further=entry.further))
    return pairs


def _describe(report: CheckReport, spec: DatasetSpec, files: DatasetFiles) -> None:
    report.root = files.root
    report.folders = tuple(
        ", ".join(short(folder, files.root) for folder in side[:3]) + (", ..." if len(side) > 3 else "")
        for side in files.folders
    )
    for split in split_names(files, spec):
        try:
            _, names, part = choose(spec, files, split)
        except InputError as error:  # a list that cannot be read; it ends a run on this split only
            report.unreadable[split] = str(error)
            continue
        present = sum(entry.problem is None for entry in entries(part, names))
        report.splits[split] = SplitReport(present, len(names))


def _count_labels(
    report: CheckReport, spec: DatasetSpec, pairs: Sequence[Pair], size_policy: SizePolicy, rgbt: bool
) -> None:
    """Read the boxes and masks that lie beside the images, where some do."""
    from .labels.count import count_labels

    root = report.root or common_folder(pairs)
    dataset = FusionDataset(spec.name, spec.task, report.split, spec, root, tuple(pairs), size_policy, rgbt=rgbt)
    for kind in get_args(LabelKind):
        if (count := count_labels(dataset, kind)) is not None:
            report.labels.append(f"{kind:8} {count}")
            report.problems |= {name or kind: problem for name, problem in count.problems.items()}


def _look(report: CheckReport, pair: Pair, size_policy: SizePolicy, rgbt: bool) -> tuple[str | None, bool]:
    """Decode the files of a pair, note what they are, and say what is wrong with them.

    Returns
    -------
    problem, and whether a run finds it before anything is decoded, and leaves the pair out
    """
    problem = problem_of(pair, size_policy, ranges=report.ranges, rgbt=rgbt)
    try:
        sources = [(side, source) for side in SIDES for source in pair.of_side(side)]
        facts = [_facts_of(source, side, report.ranges, rgbt) for side, source in sources]
        if pair.truth is not None:
            load_source(pair.truth)
    except UnreadableImageError as error:
        return f"{error.path.parent.name}/{error.path.name}: {error.reason}", problem is not None
    except InputError as error:
        return str(error), problem is not None
    for (side, path), fact in zip(sources, facts, strict=True):
        report.bits[side][fact.kind] += 1
        report.colour[side] += fact.colour
        report.formats[fact.format] += 1
        report.deep[side] += fact.deep
        report.details[side] += [fact.remark] if fact.remark else []
        if fact.misnamed and isinstance(path, Path):
            report.misnamed.append(printable(f"{path.parent.name}/{path.name} is {fact.format}"))
    if problem is None:
        report.image_sizes[facts[0].size] += 1
        if _same(facts):
            report.identical.append(pair.name)
    return problem, problem is not None


@dataclass(frozen=True, eq=False)
class _Facts:
    """What one source turned out to be.

    Attributes
    ----------
    size : (height, width).
    kind : "8 bit gray", "16 bit RGB", ...
    colour : whether its channels differ anywhere.
    format : "PNG", ...; "array".
    misnamed : whether its extension is that of another format.
    deep : whether it has values that a rule has to bring to 0..255.
    image : as a run reads it; None where the rule gives no range for it.
    remark : what is worth saying of it; None of an array.
    """

    size: tuple[int, int]
    kind: str
    colour: bool
    format: str
    misnamed: bool
    deep: bool
    image: NDArray[np.uint8] | None
    remark: Remark | None


def _facts_of(source: Source, side: Side, ranges: Ranges, rgbt: bool = False) -> _Facts:
    """Decode a source, or raise `UnreadableImageError`."""
    if not isinstance(source, Path):
        known = source.dtype in (np.uint8, np.uint16) or ranges[side].kind != "full"
        image = load_source(source, ranges[side]) if known else None
        kind, colour = f"{8 * source.dtype.itemsize} bit", source.ndim == 3
        deep = source.dtype != np.uint8
        return _Facts((source.shape[0], source.shape[1]), kind, colour, "array", False, deep, image, None)
    picture, rule, thermal = read_picture(source, alpha=True), ranges[side], rgbt and side == "a"
    header = picture.header
    pixels = picture.alpha if thermal and picture.alpha is not None else picture.pixels
    return _Facts(
        (header.height, header.width),
        f"{header.values} {'gray' if header.channels == 1 or thermal else 'RGB'}",
        pixels.ndim == 3,
        header.format,
        source.suffix.lower() not in EXTENSIONS_OF.get(header.format, EXTENSIONS),
        header.deep,
        None if refusal(header, rule) else rule.eight_bit(pixels, picture.maximum),
        remark_on(picture, source, rule, thermal, rgbt),
    )


def _same(facts: Sequence[_Facts]) -> bool:
    """Whether two sources are the same image."""
    images = [fact.image for fact in facts if fact.image is not None]
    return any(np.array_equal(one, other) for one, other in combinations(images, 2))
