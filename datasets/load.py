"""From the name of a data set, or a folder, to a `FusionDataset`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

from ..errors import InputError, unknown
from .dataset import FusionDataset, SizePolicy, require_effect
from .finding.entry import Entry, entries
from .finding.splits import choose, default_split, remedy
from .images import Header
from .locate import locate
from .pair import Pair, Task, printable
from .problems import listing, problem_of, summary
from .ranges import RangeOption, Ranges, parse_ranges
from .spec import TASKS, DatasetSpec

OnError = Literal["stop", "skip"]


def load_dataset(
    name_or_path: str | Path,
    root: str | Path | None = None,
    split: str | Path | None = None,
    *,
    a: str | None = None,
    b: str | None = None,
    task: Task | None = None,
    limit: int | None = None,
    on_error: OnError | str = "stop",
    size_policy: SizePolicy | str = "error",
    range: RangeOption = None,
    rgbt: bool = False,
    further: Sequence[str] = (),
    sequences: bool = False,
) -> FusionDataset:
    """Find a data set, match its sources, and make sure that every file is there, whole, and of the right size.

    Files are not decoded for that, unless their header and their end leave a doubt.

    Parameters
    ----------
    name_or_path : a name of the catalogue (`list_datasets`), any folder, "pairs:FILE", a list of pairs (see
        `finding.pairlist.read_pairs`), or an H5 file of FILM (`h5pairs`), of which the images are taken rounded to 8
        bits.
    root : where to look for a data set of the catalogue: its folder, or the folder that it lies in. By default the
        environment's FUSIONBENCH_DATA, or else "data" in the current folder.
    split : "test", "train", ...: the names in `test.txt` beside the folders, or the files in folders named so;
        "all"; a list that ships ("film50" of RoadScene); or a text file of names. By default "test" where there is one,
        else, where no list lies beside the images, the list that ships, else "all".
    a, b : the folders of the sources in the data set's folder, if they are not among the usual ones; or templates of
        their files, "ir/IR{name}.png" (see `templates.to_pattern`).
    task : the task, where neither the catalogue nor the names of the folders say it.
    limit : take the first `limit` pairs only; the others are not looked at.
    on_error : "stop" raises one error with every problem by name; "skip" leaves these pairs out and records them.
    size_policy : see `FusionDataset`.
    range : how values deeper than 8 bits become 0..255: "full" (the default), "minmax", "percentile:1,99" or two values
        as "7000,8760", for all sources, or as "a=RULE" and "b=RULE" for one (further sources follow b); a list of
        several. Files of 8 bits stay as they are. A rule that is given and has nothing to do is an error; `Ranges` may
        have nothing to do.
    rgbt : take each image file for a pair: its fourth channel is a, its colours are b.
    further : the folders, or templates, of sources after `a` and `b`, where each scene has more than two.
    sequences : take each folder for a scene: its images, two or more, are the sources in the order of their names (see
        `sequences.find_sequences`). A folder of your own needs `task` then.

    Raises
    ------
    InputError
        If the data set is not found, or has pairs that cannot be used, or has none.
    """
    _check_options(limit, on_error, size_policy, task)
    policy, ranges = cast(SizePolicy, size_policy), parse_ranges(range)
    spec, files = locate(name_or_path, root, a, b, task, rgbt, further, sequences)
    if files is None:
        pairs = list(spec.make() if spec.make else ())
        folder, label, default = _common_folder(pairs), "all", "all"
        if split not in (None, "all"):
            raise InputError(f"{spec.name} has no split {str(split)!r}: there is only 'all'")
        candidates: Iterator[Pair | Entry] = iter(pairs)
    else:
        folder = files.root
        label, names, part = choose(spec, files, split)
        default = default_split(files, spec)
        candidates = (_pair(entry, spec) for entry in entries(part, names))
    headers: dict[Path, Header] = {}
    good, problems, total = _verify(
        candidates, lambda pair: problem_of(pair, policy, ranges=ranges, rgbt=rgbt, headers=headers), limit
    )
    if problems and on_error == "stop":
        raise InputError(summary(spec.name, folder, problems, total) + remedy(spec, label))
    if not good:
        reasons = f": {listing(problems)}" if problems else ""
        raise InputError(f"{spec.name} at {folder} has no pair that can be used in the split {label!r}{reasons}")
    dataset = FusionDataset(
        spec.name, spec.task, label, spec, folder, tuple(good), policy, problems, default, ranges, rgbt, headers
    )
    if not isinstance(range, Ranges):
        require_effect([dataset])
    return dataset


def held_out_names(
    name_or_path: str | Path, root: str | Path | None = None, *, a: str | None = None, b: str | None = None,
    task: Task | None = None, rgbt: bool = False,
) -> set[str]:  # fmt: skip
    """Give the names, in lower case, that are tested on and so must not be learnt from, whether or not they are there.

    Raises
    ------
    InputError
        If the data set is not found.
    """
    spec, files = locate(name_or_path, root, a, b, task, rgbt)
    split = "all" if files is None else default_split(files, spec)
    if files is None or split == "all":
        return set()
    _, names, part = choose(spec, files, split)
    return {entry.name.casefold() for entry in entries(part, names)}


def _check_options(limit: int | None, on_error: str, size_policy: str, task: str | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"the limit is a number of pairs, 1 or more, not {limit}")
    choices = {"on_error": (on_error, get_args(OnError)), "size_policy": (size_policy, get_args(SizePolicy))}
    for option, (value, known) in choices.items():
        if value not in known:
            raise unknown(option.replace("_", " "), value, known)
    if task is not None and task not in TASKS:
        raise unknown("task", task, TASKS)


def _pair(entry: Entry, spec: DatasetSpec) -> Pair | Entry:
    """Make the pair of an entry that has no problem."""
    if entry.a is None or entry.b is None or spec.task == "mixed":  # mixed ones are made, never found
        return entry
    return Pair(entry.name, entry.a, entry.b, spec.task, spec.colour, entry.truth, further=entry.further)


def _verify(
    candidates: Iterable[Pair | Entry], find_problem: Callable[[Pair], str | None], limit: int | None
) -> tuple[list[Pair], dict[str, str], int]:
    """Separate the pairs that can be used from the problems, and count what was looked at."""
    good: list[Pair] = []
    problems: dict[str, str] = {}
    total = 0
    for candidate in candidates:
        if limit is not None and len(good) >= limit:
            break
        total += 1
        problem = candidate.problem if isinstance(candidate, Entry) else find_problem(candidate)
        if problem is not None or isinstance(candidate, Entry):
            problems[printable(candidate.name)] = printable(problem or "there is no such file")
        else:
            good.append(candidate)
    return good, problems, total


def _common_folder(pairs: list[Pair]) -> Path:
    folders = [str(source.parent) for pair in pairs for source in pair.sources if isinstance(source, Path)]
    return Path(os.path.commonpath(folders)) if folders else Path()
