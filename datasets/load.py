"""From the name of a data set, or a folder, to a `FusionDataset`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

from ..errors import InputError, printable, unknown
from .catalog import parse_name
from .dataset import FusionDataset, SizePolicy, require_effect
from .finding.entry import Entry, entries
from .finding.folders import listed_once
from .finding.lookup import Lookup, lookup_of
from .finding.splits import choose, default_split, pick, remedy
from .headers import Headers
from .locate import locate
from .pair import Pair, Task
from .problems import listing, problem_of, summary
from .ranges import RangeOption, Ranges, parse_ranges
from .spec import TASKS, DatasetSpec
from .videos import frame_at

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
    pairs: str | Path | Sequence[str] | None = None,
    video: bool = False,
) -> FusionDataset:
    """Find a data set, match its sources, and make sure that every file is there, whole, and of the right size.

    Files are not decoded for that, unless their header and their end leave a doubt.

    Parameters
    ----------
    name_or_path : a name of the catalogue (`list_datasets`), also with one of its lists ("TNO/tang42"); any folder, or
        a zip archive of one, which is unpacked once (see `archives.unpacked`); "pairs:FILE", a list of pairs (see
        `finding.pairlist.read_pairs`); or an H5 file of FILM (`h5pairs`), of which the images are taken rounded to 8
        bits.
    root : where to look for a data set of the catalogue: its folder, or the folder that it lies in. By default the
        environment's FUSIONBENCH_DATA, or else "data" in the current folder.
    split : "test", "train", ...: the names in `test.txt` beside the folders, or the files in folders named so;
        "all"; a list that ships ("film50" of RoadScene); or a text file of names. By default "test" where there is one,
        else, where no list lies beside the images, the list that ships, else "all".
    a, b : the folders, or zip archives, of the sources in the data set's folder, if they are not among the usual ones;
        or templates of their files, "ir/IR{name}.png" (see `templates.to_pattern`).
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
    pairs : only these pairs of the split: their names, or a file that lists them.
    video : take the images of a folder for the frames of a video, in natural order; a folder below it is a video of its
        own. Video files need no word.

    Raises
    ------
    InputError
        If the data set is not found, or has pairs that cannot be used, or has none.
    """
    _check_options(limit, on_error, size_policy, task)
    policy, ranges = cast(SizePolicy, size_policy), parse_ranges(range)
    name_or_path, split = _with_list(name_or_path, split)
    with listed_once():
        spec, files = locate(name_or_path, root, a, b, task, rgbt, further, sequences)
        wanted = [pairs] if isinstance(pairs, str) else pairs
        if files is None:
            made = list(spec.make() if spec.make else ())
            folder, label, default = common_folder(made), "all", "all"
            if split not in (None, "all"):
                raise InputError(f"{spec.name} has no split {str(split)!r}: there is only 'all'")
            candidates: Iterator[Pair | Entry] = iter(made if wanted is None else _picked(made, wanted))
        else:
            folder = files.root
            label, names, part = choose(spec, files, split)
            default = default_split(files, spec)
            names = names if wanted is None else pick(wanted, names, lookup_of(files), label)
            candidates = (_pair(entry, spec) for entry in entries(part, names))
    headers = Headers()
    good, problems, total = _verify(
        candidates, lambda pair: problem_of(pair, policy, ranges=ranges, rgbt=rgbt, headers=headers), limit
    )
    if problems and on_error == "stop":
        raise InputError(summary(spec.name, folder, problems, total) + remedy(spec, label))
    if not good:
        reasons = f": {listing(problems)}" if problems else ""
        raise InputError(f"{spec.name} at {folder} has no pair that can be used in the split {label!r}{reasons}")
    dataset = FusionDataset(
        spec.name, spec.task, label, spec, folder, tuple(good), policy, problems, default, ranges, rgbt, headers,
        video or all(isinstance(pair.a, Path) and frame_at(pair.a) is not None for pair in good[:1]),
    )  # fmt: skip
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


def _with_list(name_or_path: str | Path, split: str | Path | None) -> tuple[str | Path, str | Path | None]:
    """Take "TNO/tang42" for the split tang42 of TNO."""
    if isinstance(name_or_path, Path):
        return name_or_path, split
    name, own = parse_name(name_or_path)
    if own is not None and split is not None:
        raise InputError(f"{name_or_path} names its list of pairs: leave --split {split} out")
    return (name, own) if own is not None else (name_or_path, split)


def _picked(made: Sequence[Pair], wanted: Path | Sequence[str]) -> list[Pair | Entry]:
    """Pick pairs of a data set that is computed."""
    names = [pair.name for pair in made]
    chosen = pick(wanted, names, Lookup(dict.fromkeys(names, ())), "all")
    by_name = {pair.name: pair for pair in made}
    return [by_name[e.name] if e.problem is None else Entry(e.name, problem=e.problem) for e in chosen]


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


def common_folder(pairs: Sequence[Pair]) -> Path:
    """Give the folder in which all files of some pairs lie; "." where there are none."""
    folders = [str(source.parent) for pair in pairs for source in pair.sources if isinstance(source, Path)]
    return Path(os.path.commonpath(folders)) if folders else Path()
