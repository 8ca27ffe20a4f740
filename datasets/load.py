"""From the name of a data set, or a folder, to a `FusionDataset`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, cast, get_args

from ..errors import InputError, unknown
from . import layouts
from .catalog import find_spec, get_spec
from .dataset import FusionDataset, SizePolicy, sizes
from .images import Header, UnreadableImageError, probe
from .layouts import Entry, Found, Layout
from .pair import Pair, Task
from .shipped import default_shipped, remedy, shipped_lists
from .spec import COLOUR, FOLDERS, MODALITIES, TASKS, DatasetSpec, two_folders, usual_layouts

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
    a, b : the folders of the sources in the data set's folder, if they are not among the usual ones.
    task : the task, where neither the catalogue nor the names of the folders say it.
    limit : take the first `limit` pairs only; the others are not looked at.
    on_error : "stop" raises one error with every problem by name; "skip" leaves these pairs out and records them.
    size_policy : see `FusionDataset`.

    Raises
    ------
    InputError
        If the data set is not found, or has pairs that cannot be used, or has none.
    """
    _check_options(limit, on_error, size_policy, task)
    policy = cast(SizePolicy, size_policy)
    spec, found = locate(name_or_path, root, a, b, task)
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
        absent = f"it is in the list of the split {label!r}, but not in the folders"
        usable = (_pair(entry, spec) for entry in layouts.entries(chosen, names, absent))
    kept, problems, seen = _verify(usable, policy, limit)
    if problems and on_error == "stop":
        raise InputError(_sentence(spec.name, where, problems, seen) + remedy(spec, label))
    if not kept:
        reasons = f": {_listing(problems)}" if problems else ""
        raise InputError(f"{spec.name} at {where} has no pair that can be used in the split {label!r}{reasons}")
    return FusionDataset(spec.name, spec.task, label, spec, where, tuple(kept), policy, problems, default)


def held_out_names(name_or_path: str | Path, root: str | Path | None = None) -> set[str]:
    """Give the names, in lower case, that are tested on and so must not be learnt from, whether or not they are there.

    Raises
    ------
    InputError
        If the data set is not found.
    """
    spec, found = locate(name_or_path, root, None, None, None)
    split = "all" if found is None else default_split(found, spec)
    if found is None or split == "all":
        return set()
    _, names, chosen = choose(spec, found, split)
    return {entry.name.casefold() for entry in layouts.entries(chosen, names)}


def locate(
    name_or_path: str | Path, root: str | Path | None, a: str | None, b: str | None, task: Task | None
) -> tuple[DatasetSpec, Found | None]:
    """Find the entry and the files; the files of a data set that is made are None.

    Raises
    ------
    InputError
        If the name is unknown, or the files are not found.
    """
    if (a is None) != (b is None):
        raise InputError("give both folders of sources, --a and --b, or neither")
    spec = find_spec(str(name_or_path))
    path = Path(name_or_path).expanduser()
    is_path = isinstance(name_or_path, Path) or os.sep in name_or_path or name_or_path.startswith((".", "~"))
    if spec is None and (is_path or path.is_dir()):
        return _open_folder(path, a, b, task)
    if spec is None:
        spec = get_spec(str(name_or_path))  # raises, with the nearest name
    if task is not None and task != spec.task:
        raise InputError(f"{spec.name} is a data set for {spec.task}, not for {task}; leave --task out")
    if spec.make is not None:
        return spec, None
    base = data_folder(root)
    wanted = _given(a, b) if a and b else spec.all_layouts
    here = [path] if root is None and path.is_dir() else []
    for folder in [*candidates(base, spec), *here]:
        found = layouts.find(folder, wanted)
        if found is not None:
            return spec, found
    raise InputError(_not_found(spec, base, wanted, a, b))


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


def choose(spec: DatasetSpec, found: Found, split: str | Path | None) -> tuple[str, list[str], Found]:
    """Choose the names of a split, and the files among which to look for them.

    Returns
    -------
    label, names, found
    """
    texts = {**shipped_lists(spec), **layouts.lists(found)}
    key = str(split or default_split(found, spec)).casefold()
    if key == "all":
        return "all", found.names, found
    if key in texts:
        return key, layouts.read_names(texts[key]), found
    if key in found.splits:
        chosen = found.within(key)
        return key, chosen.names, chosen
    path = Path(split or "").expanduser()
    if path.is_file():
        return path.stem, layouts.read_names(path), found
    there = ", ".join(split_names(found, spec))
    raise InputError(f"{spec.name} at {found.root} has no split {key!r}: there are {there}")


def default_split(found: Found, spec: DatasetSpec) -> str:
    """Choose the split that is taken where none is asked for.

    It is "test" where there is such a list beside the images, or such a folder; where there is no list at all, the
    first that ships, if any of its names is there; else "all".
    """
    own = _own_splits(found)
    return ("test" if "test" in own else "all") if own else default_shipped(spec, found)


def split_names(found: Found, spec: DatasetSpec) -> list[str]:
    """List the splits that a data set has: its own, those that ship, and "all" at last."""
    return [*dict.fromkeys([*_own_splits(found), *shipped_lists(spec)]), "all"]


def _own_splits(found: Found) -> list[str]:
    texts = [name for name in layouts.lists(found) if name in layouts.SPLITS]
    return sorted({*texts, *found.splits})


def _check_options(limit: int | None, on_error: str, size_policy: str, task: str | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"the limit is a number of pairs, 1 or more, not {limit}")
    choices = {"on_error": (on_error, get_args(OnError)), "size_policy": (size_policy, get_args(SizePolicy))}
    for option, (value, known) in choices.items():
        if value not in known:
            raise unknown(option.replace("_", " "), value, known)
    if task is not None and task not in TASKS:
        raise unknown("task", task, TASKS)


def _given(a: str, b: str) -> tuple[Layout, ...]:
    """Lay out two folders whose names the user gave: as they stand, or in folders of splits."""
    return two_folders(re.escape(a.rstrip("/")), re.escape(b.rstrip("/")))


def _open_folder(path: Path, a: str | None, b: str | None, task: Task | None) -> tuple[DatasetSpec, Found]:
    """Take a folder that the catalogue does not know by this name."""
    if not path.is_dir():
        raise InputError(
            f"there is no folder {path}: give a folder of images, or a name of 'fusionbench list datasets'"
        )
    if a is not None and b is not None:
        for folder in (a, b):
            if not folder.strip("./"):
                raise InputError(f"{folder!r} is no name of a folder of sources in {path}")
        found = layouts.find(path, _given(a, b))
        task = task or _task_of(a, b)
    else:
        known = find_spec(path.resolve().name)
        if known is not None and known.make is None and task in (None, known.task):
            found = layouts.find(path, known.all_layouts)
            if found is not None:
                return known, found
        tries = [(each, layouts.find(path, usual_layouts(each))) for each in ([task] if task else TASKS)]
        task, found = next(((each, files) for each, files in tries if files is not None), (task, None))
    if found is None:
        raise InputError(_nothing_in(path, a, b))
    if task is None:
        raise InputError(f"the folders {a} and {b} in {path} do not tell the task: say --task {', '.join(TASKS)}")
    return _any_spec(path, task), found


def _any_spec(path: Path, task: Task) -> DatasetSpec:
    folder = path.resolve()
    generic = folder.name.casefold() in {*layouts.SPLITS, "data", "images", "dataset"}
    name = f"{folder.parent.name}-{folder.name}" if generic and folder.parent.name else folder.name
    return DatasetSpec(name, task, f"the folder {folder}", MODALITIES[task], COLOUR[task])


def _task_of(a: str, b: str) -> Task | None:
    for task, (usual_a, usual_b) in FOLDERS.items():
        last = (Path(a).name, Path(b).name)
        if all(re.fullmatch(usual, name, re.IGNORECASE) for usual, name in zip((usual_a, usual_b), last, strict=True)):
            return task
    return None


def _nothing_in(path: Path, a: str | None, b: str | None) -> str:
    there = ", ".join(folder.name for folder in layouts.subfolders(path)) or "none"
    if a is None or b is None:
        return (
            f"{path} has no two folders of images with usual names (ir and vi, over and under, near and far, ...): "
            f"say which are the sources with --a and --b; the folders there are: {there}"
        )
    for folder in (a, b):
        inside = layouts.child(path, folder)
        if inside is None and not layouts.find(path, _given(folder, folder)):
            return f"{path} has no folder {folder}; the folders there are: {there}"
        if inside is not None and not layouts.files(inside, "{name}").paths:
            return f"the folder {inside} has no images"
    return f"{path} has no images in the folders {a} and {b}"


def _not_found(spec: DatasetSpec, base: Path, wanted: Iterable[Layout], a: str | None, b: str | None) -> str:
    if not base.is_dir():
        where = f"there is no folder {base}"
    else:
        shown = list(dict.fromkeys(str(layout) for layout in wanted))[:4]
        where = f"neither {base} nor {base / spec.name} has {' or '.join(shown)}"
    if a and b:
        return f"the data set {spec.name} is not found: {where}"
    return (
        f"the data set {spec.name} is not found: {where}; say where it lies with --data-root, or get it: "
        f"{spec.how_to_get(base)}"
    )


def _pair(entry: Entry, spec: DatasetSpec) -> Pair | Entry:
    """Make the pair of an entry that has no problem."""
    if entry.a is None or entry.b is None or spec.task == "mixed":  # mixed ones are made, never found
        return entry
    return Pair(entry.name, entry.a, entry.b, spec.task, spec.colour, entry.truth)


def _verify(
    candidates: Iterable[Pair | Entry], size_policy: SizePolicy, limit: int | None
) -> tuple[list[Pair], dict[str, str], int]:
    """Separate the pairs that can be used from the problems, and count what was looked at."""
    kept: list[Pair] = []
    problems: dict[str, str] = {}
    seen = 0
    for candidate in candidates:
        if limit is not None and len(kept) >= limit:
            break
        seen += 1
        problem = candidate.problem if isinstance(candidate, Entry) else inspect(candidate, size_policy)
        if problem is not None or isinstance(candidate, Entry):
            problems[candidate.name] = problem or "there is no such file"
        else:
            kept.append(candidate)
    return kept, problems, seen


def inspect(pair: Pair, size_policy: SizePolicy = "error", look: Callable[[Path], Header] = probe) -> str | None:
    """Say what is wrong with the files of a pair; None if nothing is."""
    shapes: list[tuple[int, int]] = []
    for side, source in (("a", pair.a), ("b", pair.b), ("truth", pair.truth)):
        try:
            if isinstance(source, Path):
                header = look(source)
                shapes.append((header.height, header.width))
            elif source is not None:
                shapes.append((source.shape[0], source.shape[1]))
        except UnreadableImageError as error:
            return f"{side} ({error.path.parent.name}/{error.path.name}): {error.reason}"
    if size_policy == "error" and shapes[0] != shapes[1]:
        return f"the sources differ in size: {sizes(*shapes[:2])}"
    if size_policy == "error" and shapes[-1] != shapes[0]:
        return "the ideal fused image has another size than the sources"
    return None


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
