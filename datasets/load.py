"""From the name of a data set, or a folder, to a `FusionDataset`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np

from ..errors import InputError, unknown
from .catalog import find_spec, get_spec
from .dataset import FusionDataset, SizePolicy, require_effect, sizes
from .finding import layouts
from .finding.absent import not_found, nothing_in
from .finding.layouts import Found
from .finding.matching import Entry, check_partners, entries
from .finding.splits import choose, default_split
from .finding.templates import given, is_template
from .finding.tree import find_in_tree
from .finding.words import WORDS
from .images import Header, UnreadableImageError, probe
from .pair import Pair, Task
from .ranges import FULL, RangeOption, Ranges, parse_ranges, refusal, without_range
from .rgbt import ABSENT, find_rgbt, hint
from .shipped import remedy
from .spec import COLOUR, FOLDERS, MODALITIES, TASKS, DatasetSpec, usual_layouts

OnError = Literal["stop", "skip"]
_SHOWN = 10  # problems named in one error


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
) -> FusionDataset:
    """Find a data set, match its sources, and make sure that every file is there, whole, and of the right size.

    Files are not decoded for that, unless their header and their end leave a doubt.

    Parameters
    ----------
    name_or_path : a name of the catalogue (`list_datasets`), or any folder.
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
        as "7000,8760", for both sources, or as "a=RULE" and "b=RULE" for one; a list of several. Files of 8 bits stay
        as they are. A rule that is given and has nothing to do is an error; `Ranges` may have nothing to do.
    rgbt : take each image file for a pair: its fourth channel is a, its colours are b.

    Raises
    ------
    InputError
        If the data set is not found, or has pairs that cannot be used, or has none.
    """
    _check_options(limit, on_error, size_policy, task)
    policy, ranges = cast(SizePolicy, size_policy), parse_ranges(range)
    spec, found = locate(name_or_path, root, a, b, task, rgbt)
    if found is None:
        pairs = list(spec.make() if spec.make else ())
        where, label, default = _common_folder(pairs), "all", "all"
        if split not in (None, "all"):
            raise InputError(f"{spec.name} has no split {str(split)!r}: there is only 'all'")
        usable: Iterator[Pair | Entry] = iter(pairs)
    else:
        where = found.root
        label, names, chosen = choose(spec, found, split)
        default = default_split(found, spec)
        usable = (_pair(entry, spec) for entry in entries(chosen, names))
    headers: dict[Path, Header] = {}
    kept, problems, seen = _verify(
        usable, lambda pair: inspect(pair, policy, ranges=ranges, rgbt=rgbt, headers=headers), limit
    )
    if problems and on_error == "stop":
        raise InputError(_sentence(spec.name, where, problems, seen) + remedy(spec, label))
    if not kept:
        reasons = f": {_listing(problems)}" if problems else ""
        raise InputError(f"{spec.name} at {where} has no pair that can be used in the split {label!r}{reasons}")
    dataset = FusionDataset(
        spec.name, spec.task, label, spec, where, tuple(kept), policy, problems, default, ranges, rgbt, headers
    )
    if not isinstance(range, Ranges):
        require_effect([dataset])
    return dataset


def held_out_names(name_or_path: str | Path, root: str | Path | None = None, *, rgbt: bool = False) -> set[str]:
    """Give the names, in lower case, that are tested on and so must not be learnt from, whether or not they are there.

    Raises
    ------
    InputError
        If the data set is not found.
    """
    spec, found = locate(name_or_path, root, None, None, None, rgbt)
    split = "all" if found is None else default_split(found, spec)
    if found is None or split == "all":
        return set()
    _, names, chosen = choose(spec, found, split)
    return {entry.name.casefold() for entry in entries(chosen, names)}


def locate(
    name_or_path: str | Path,
    root: str | Path | None,
    a: str | None,
    b: str | None,
    task: Task | None,
    rgbt: bool = False,
) -> tuple[DatasetSpec, Found | None]:
    """Find the entry and the files; the files of a data set that is made are None.

    Raises
    ------
    InputError
        If the name is unknown, or the files are not found.
    """
    if rgbt:
        return _locate_rgbt(name_or_path, root, a or b, task)
    if (a is None) != (b is None):
        raise InputError("give both folders of sources, --a and --b, or neither")
    spec = find_spec(str(name_or_path))
    path = Path(name_or_path).expanduser()
    is_path = isinstance(name_or_path, Path) or os.sep in name_or_path or name_or_path.startswith((".", "~"))
    if spec is None and (is_path or path.is_dir()):
        return _open_folder(path, a, b, task)
    if spec is None:
        spec = get_spec(str(name_or_path))  # raises, with the nearest name
    if task is not None:
        other = f", not for {task}" if task != spec.task else ""
        raise InputError(f"{spec.name} is a data set for {spec.task}{other}; leave --task out")
    if spec.make is not None:
        if a is not None:
            raise InputError(f"{spec.name} is computed, not found in folders: leave --a and --b out")
        return spec, None
    base = data_folder(root)
    here = [path] if root is None and path.is_dir() else []
    for folder in [*candidates(base, spec), *here]:
        found = layouts.find(folder, given(a, b, folder) if a and b else spec.all_layouts)
        if found is not None:
            check_partners(found)
            return spec, found
    wanted = given(a, b, base) if a and b else spec.all_layouts
    raise InputError(not_found(spec, base, wanted, a, b))


def data_folder(root: str | Path | None) -> Path:
    """Give the folder in which data sets are looked for."""
    return Path(root or os.environ.get("FUSIONBENCH_DATA") or "data").expanduser()


def candidates(base: Path, spec: DatasetSpec) -> list[Path]:
    """List the folders in which a data set of the catalogue may lie, the likeliest first."""
    places = ["", f"Image/{spec.task}/", f"VLFDataset/Image/{spec.task}/", f"{spec.task}/"]
    wanted = [place + name for place in places for name in (spec.name, *spec.folders)]
    folders = [folder for name in wanted if (folder := layouts.child(base, name)) is not None]
    other = find_spec(base.resolve().name)
    if other is None or other.name == spec.name:  # the folder of TNO is not to pass for RoadScene
        folders.append(base)
    return list(dict.fromkeys(folders))


def _check_options(limit: int | None, on_error: str, size_policy: str, task: str | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"the limit is a number of pairs, 1 or more, not {limit}")
    choices = {"on_error": (on_error, get_args(OnError)), "size_policy": (size_policy, get_args(SizePolicy))}
    for option, (value, known) in choices.items():
        if value not in known:
            raise unknown(option.replace("_", " "), value, known)
    if task is not None and task not in TASKS:
        raise unknown("task", task, TASKS)


def _open_folder(path: Path, a: str | None, b: str | None, task: Task | None) -> tuple[DatasetSpec, Found]:
    """Take a folder that the catalogue does not know by this name."""
    if not path.is_dir():
        raise InputError(
            f"there is no folder {path}: give a folder of images, or a name of 'fusionbench list datasets'"
        )
    if a is not None and b is not None:
        found = layouts.find(path, given(a, b, path))
        task = task or _task_of(a, b)
    else:
        known = find_spec(path.resolve().name)
        if known is not None and known.make is None and task in (None, known.task):
            found = layouts.find(path, known.all_layouts)
            if found is not None:
                check_partners(found)
                return known, found
        tasks = [task] if task else TASKS
        tries = [(each, layouts.find(path, usual_layouts(each))) for each in tasks]
        task, found = next(((each, files) for each, files in tries if files is not None), (task, None))
        if found is None:
            task, found = find_in_tree(path, tasks)
    if found is None:
        raise InputError(nothing_in(path, a, b) + hint(path))
    if task is None:
        raise InputError(f"the folders {a} and {b} in {path} do not tell the task: say --task {', '.join(TASKS)}")
    check_partners(found)
    return _any_spec(path, task), found


def _any_spec(path: Path, task: Task) -> DatasetSpec:
    folder = path.resolve()
    generic = folder.name.casefold() in {*layouts.SPLITS, "data", "images", "dataset"}
    name = f"{folder.parent.name}-{folder.name}" if generic and folder.parent.name else folder.name
    return DatasetSpec(name, task, f"the folder {folder}", MODALITIES[task], COLOUR[task])


def _task_of(a: str, b: str) -> Task | None:
    """Tell the task by the words in what the user gave for the sources."""
    for task, (usual_a, usual_b) in FOLDERS.items():
        last = (Path(a).name, Path(b).name)
        if all(re.fullmatch(usual, name, re.IGNORECASE) for usual, name in zip((usual_a, usual_b), last, strict=True)):
            return task
    said = [_words_in(text) if is_template(text) else {Path(text).name.casefold()} for text in (a, b)]
    for least in (2, 1):  # the words of one letter, as in "{name}_A", tell only where no others do
        there = [{word for word in words if len(word) >= least} for words in said]
        told = {task: sum(map(bool, map(set.intersection, there, map(set, WORDS[task])))) for task in TASKS}
        best = [task for task in TASKS if told[task] == max(told.values()) > 0]
        if len(best) == 1:
            return best[0]
    return None


def _words_in(template: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", re.sub(r"\{\w*\}|\.\w+$", " ", template))}


def _pair(entry: Entry, spec: DatasetSpec) -> Pair | Entry:
    """Make the pair of an entry that has no problem."""
    if entry.a is None or entry.b is None or spec.task == "mixed":  # mixed ones are made, never found
        return entry
    return Pair(entry.name, entry.a, entry.b, spec.task, spec.colour, entry.truth)


def _verify(
    candidates: Iterable[Pair | Entry], problem_of: Callable[[Pair], str | None], limit: int | None
) -> tuple[list[Pair], dict[str, str], int]:
    """Separate the pairs that can be used from the problems, and count what was looked at."""
    kept: list[Pair] = []
    problems: dict[str, str] = {}
    seen = 0
    for candidate in candidates:
        if limit is not None and len(kept) >= limit:
            break
        seen += 1
        problem = candidate.problem if isinstance(candidate, Entry) else problem_of(candidate)
        if problem is not None or isinstance(candidate, Entry):
            problems[printable(candidate.name)] = printable(problem or "there is no such file")
        else:
            kept.append(candidate)
    return kept, problems, seen


def inspect(
    pair: Pair,
    size_policy: SizePolicy = "error",
    look: Callable[[Path], Header] = probe,
    *,
    ranges: Ranges = FULL,
    rgbt: bool = False,
    headers: dict[Path, Header] | None = None,
) -> str | None:
    """Say what is wrong with the files of a pair; None if nothing is. `headers` receives those that were read."""
    if printable(pair.name) != pair.name:
        return "the name of its files is not UTF-8: rename them"
    shapes: list[tuple[int, int]] = []
    for side, source in (("a", pair.a), ("b", pair.b), ("truth", pair.truth)):
        if isinstance(source, Path):
            try:
                header = look(source)
                problem = refusal(header, ranges[side]) or (ABSENT if rgbt and not header.alpha else None)
            except UnreadableImageError as error:
                problem = error.reason
            if problem is not None:
                return f"{side} ({source.parent.name}/{source.name}): {problem}"
            shapes.append((header.height, header.width))
            if headers is not None:
                headers[source] = header
        elif source is not None:
            shapes.append((source.shape[0], source.shape[1]))
            if source.dtype not in (np.uint8, np.uint16) and ranges[side].kind == "full":
                return without_range(str(source.dtype))
    if size_policy == "error" and shapes[0] != shapes[1]:
        return f"the sources differ in size: {sizes(*shapes[:2])}"
    if size_policy == "error" and shapes[-1] != shapes[0]:
        return "the ideal fused image has another size than the sources"
    return None


def printable(name: str) -> str:
    r"""Return a name as it can be written: bytes of a file's name that are no UTF-8 become \x escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _sentence(name: str, where: Path, problems: dict[str, str], seen: int) -> str:
    count = f"{len(problems)} of {seen} pairs" if seen > 1 else "the one pair"
    return (
        f"{count} of {name} at {where} cannot be used: {_listing(problems)} "
        "(mend these files, or leave these pairs out with --on-error skip)"
    )


def _listing(problems: dict[str, str]) -> str:
    shown = [f"{name}: {reason}" for name, reason in list(problems.items())[:_SHOWN]]
    more = len(problems) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _common_folder(pairs: list[Pair]) -> Path:
    folders = [str(pair.a.parent) for pair in pairs if isinstance(pair.a, Path)]
    return Path(os.path.commonpath(folders)) if folders else Path()


def _locate_rgbt(
    name_or_path: str | Path, root: str | Path | None, folder_given: str | None, task: Task | None
) -> tuple[DatasetSpec, Found]:
    """Find the images whose fourth channel is a source."""
    if folder_given:
        raise InputError("with --rgbt both sources are channels of one file: leave --a and --b out")
    spec, path = find_spec(str(name_or_path)), Path(name_or_path).expanduser()
    if spec is None and path.is_dir():
        spec, folders = _any_spec(path, task or "IVF"), [path]
    else:
        spec = spec or get_spec(str(name_or_path))  # raises, with the nearest name
        folders = [*candidates(data_folder(root), spec), path]
    for folder in folders:
        if folder.is_dir() and (found := find_rgbt(folder)) is not None:
            return spec, found
    raise InputError(f"there are no images of four channels in {folders[0]}, nor in its folders: leave --rgbt out")
