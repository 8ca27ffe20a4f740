"""Where a data set lies: from its name, or a folder, to its entry and its files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from .archives import is_archive, saying, unpacked
from .catalog import find_spec, get_spec
from .finding.entry import check_partners
from .finding.folders import child, expanded, is_folder
from .finding.messages import not_found, nothing_in
from .finding.names import SOURCE_WORDS
from .finding.pairlist import PAIRS, read_pairs
from .finding.search import find, find_in_tree
from .finding.sources import DatasetFiles
from .finding.templates import is_template, layouts_of
from .h5pairs import H5Pairs, is_h5_name
from .pair import Pair, Task
from .rgbt import find_rgbt, hint
from .sequences import find_sequences, hint_of_sequences
from .spec import COLOUR, MODALITIES, SPLITS, TASKS, DatasetSpec, usual_layouts
from .videofiles import find_videos


def locate(
    name_or_path: str | Path,
    root: str | Path | None,
    a: str | None,
    b: str | None,
    task: Task | None,
    rgbt: bool = False,
    further: Sequence[str] = (),
    sequences: bool = False,
) -> tuple[DatasetSpec, DatasetFiles | None]:
    """Find the entry and the files; the files of a data set that is made are None.

    Raises
    ------
    InputError
        If the name is unknown, or the files are not found.
    """
    further = [further] if isinstance(further, str) else further
    if further and (a is None or b is None):
        raise InputError("--further adds a source to two others: give --a and --b, too")
    if sequences and (a or b or rgbt):
        raise InputError("with --sequences the images of a folder are its sources: leave --a, --b and --rgbt out")
    if isinstance(name_or_path, str) and name_or_path.startswith(PAIRS):
        _refuse("a list of pairs", a or b or rgbt, sequences)
        return _open_list(expanded(name_or_path.removeprefix(PAIRS)), task)
    path = expanded(name_or_path)
    if is_archive(path):
        return _open_archive(path, root, a, b, task, rgbt, further, sequences)
    a, b = (side and _opened(side, path) for side in (a, b))
    further = [_opened(side, path) for side in further]
    if is_h5_name(path) and not is_folder(path):
        _refuse(str(path), a or b or rgbt, sequences)
        return _open_h5(path, task), None
    if rgbt:
        return _locate_rgbt(name_or_path, root, a or b, task)
    if sequences:
        return _locate_sequences(name_or_path, root, task)
    if (a is None) != (b is None):
        raise InputError("give both folders of sources, --a and --b, or neither")
    spec = find_spec(str(name_or_path))
    is_path = isinstance(name_or_path, Path) or os.sep in name_or_path or name_or_path.startswith((".", "~"))
    if spec is None and (is_path or is_folder(path)):
        return _open_folder(path, a, b, task, further)
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
    here = [path] if root is None and is_folder(path) else []
    for folder in [*candidates(base, spec), *here]:
        files = find(folder, layouts_of(a, b, folder, further) if a and b else spec.all_layouts)
        if files is not None:
            check_partners(files)
            return spec, files
    wanted = layouts_of(a, b, base, further) if a and b else spec.all_layouts
    raise InputError(not_found(spec, base, wanted, a, b))


def _open_archive(path: Path, *options: Any) -> tuple[DatasetSpec, DatasetFiles | None]:
    """Take a zip archive as the folder that is packed in it."""
    folder = unpacked(path)
    with saying(folder, path):
        spec, files = locate(folder, *options)
    if find_spec(spec.name) is None:
        spec = replace(spec, name=_name_of(path.resolve().with_suffix("")), title=f"the archive {path}")
    return spec, files


def _opened(side: str, root: Path) -> str:
    """Take for a source that is a zip archive the folder that is packed in it."""
    file = root / expanded(side)
    return str(unpacked(file)) if is_archive(file) else side


def _refuse(what: str, places: str | bool | None, sequences: bool) -> None:
    """Refuse options that say where sources lie, of what says so itself."""
    if places or sequences:
        options = "--sequences" if sequences else "--a, --b and --rgbt"
        raise InputError(f"{what} says itself where the sources lie: leave {options} out")


def data_folder(root: str | Path | None) -> Path:
    """Give the folder in which data sets are looked for."""
    return expanded(root or os.environ.get("FUSIONBENCH_DATA") or "data")


def candidates(base: Path, spec: DatasetSpec) -> list[Path]:
    """List the folders in which a data set of the catalogue may lie, the likeliest first."""
    places = ["", f"Image/{spec.task}/", f"VLFDataset/Image/{spec.task}/", f"{spec.task}/"]
    wanted = [place + name for place in places for name in (spec.name, *spec.folders)]
    folders = [folder for name in wanted if (folder := child(base, name)) is not None]
    other = find_spec(Path(os.path.realpath(base)).name)
    if other is None or other.name == spec.name:  # the folder of TNO is not to pass for RoadScene
        folders.append(base)
    return list(dict.fromkeys(folders))


def _open_folder(
    path: Path, a: str | None, b: str | None, task: Task | None, further: Sequence[str] = ()
) -> tuple[DatasetSpec, DatasetFiles | None]:
    """Take a folder that the catalogue does not know by this name; of videos, the files are None."""
    if not is_folder(path):
        raise InputError(
            f"there is no folder {path}: give a folder of images, or a name of 'fusionbench list datasets'"
        )
    if a is not None and b is not None:
        files = find(path, layouts_of(a, b, path, further))
        task = task or _task_of(a, b)
    else:
        known = find_spec(path.resolve().name)
        if known is not None and known.make is None and task in (None, known.task):
            files = find(path, known.all_layouts)
            if files is not None:
                check_partners(files)
                return known, files
        tasks = [task] if task else TASKS
        tries = [(each, find(path, usual_layouts(each))) for each in tasks]
        found, files = next((attempt for attempt in tries if attempt[1] is not None), (task, None))
        if files is None:
            found, files = find_in_tree(path, tasks)
        task = found or task
    if files is None and not further and (pairs := find_videos(path, a, b, task)):
        return _of_videos(path, pairs), None
    if files is None:
        raise InputError(nothing_in(path, a, b, further) + (hint(path) or ("" if a else hint_of_sequences(path))))
    if task is None:
        raise InputError(f"the folders {a} and {b} in {path} do not tell the task: say --task {', '.join(TASKS)}")
    check_partners(files)
    return _any_spec(path, task), files


def _of_videos(path: Path, pairs: Sequence[Pair]) -> DatasetSpec:
    return replace(_any_spec(path, pairs[0].task), title=f"the videos in {path}", make=lambda: pairs)


def _open_h5(path: Path, task: Task | None) -> DatasetSpec:
    """Take an H5 file of FILM, whose name may tell the data set: MSRS_test.h5."""
    known = find_spec(path.stem.rpartition("_")[0])
    file = H5Pairs(path.absolute())
    pairs = file.pairs(task or (known.task if known is not None and known.task != "mixed" else "IVF"))
    tasks = {pair.task for pair in pairs}
    common = next(iter(tasks)) if len(tasks) == 1 else "mixed"
    modalities = ("source a", "source b") if common == "mixed" else MODALITIES[common]
    return DatasetSpec(path.stem, common, f"the H5 file {path}", modalities, "none", make=lambda: pairs)


def _open_list(path: Path, task: Task | None) -> tuple[DatasetSpec, DatasetFiles]:
    """Take the pairs that a list names; its head or the folders of its first pair tell the task."""
    files, told = read_pairs(path)
    a, b = (side.paths[files.listed[0]][0] for side in (files.a, files.b))
    task = task or told or _task_of(str(a.parent), str(b.parent)) or _task_of(f"{a.stem}*", f"{b.stem}*")
    if task is None:
        raise InputError(f"the list {path} does not tell the task: say --task {', '.join(TASKS)}")
    return _any_spec(path, task, "list"), files


def _any_spec(path: Path, task: Task, kind: str = "folder") -> DatasetSpec:
    path = path.resolve()
    name = _name_of(path.with_suffix("") if kind == "list" else path, ("pairs", "list") if kind == "list" else ())
    return DatasetSpec(name, task, f"the {kind} {path}", MODALITIES[task], COLOUR[task])


def _name_of(path: Path, more: Sequence[str] = ()) -> str:
    """Name a data set after its folder, and the one above where that alone says nothing."""
    generic = path.name.casefold() in {*SPLITS, "data", "images", "dataset", *more}
    return f"{path.parent.name}-{path.name}" if generic and path.parent.name else path.name


def _task_of(a: str, b: str) -> Task | None:
    """Tell the task by the words in what the user gave for the sources."""
    texts = [_words_in(text) if is_template(text) else {Path(text).name.casefold()} for text in (a, b)]
    for least in (2, 1):  # the words of one letter, as in "{name}_A", tell only where no others do
        long_enough = [{word for word in words if len(word) >= least} for words in texts]
        counts = {
            task: sum(bool(words & {*known}) for words, known in zip(long_enough, SOURCE_WORDS[task], strict=True))
            for task in TASKS
        }
        best = [task for task in TASKS if counts[task] == max(counts.values()) > 0]
        if len(best) == 1:
            return best[0]
    return None


def _words_in(template: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", re.sub(r"\{\w*\}|\.\w+$", " ", template))}


def _locate_rgbt(
    name_or_path: str | Path, root: str | Path | None, sources: str | None, task: Task | None
) -> tuple[DatasetSpec, DatasetFiles]:
    """Find the images whose fourth channel is a source."""
    if sources:
        raise InputError("with --rgbt both sources are channels of one file: leave --a and --b out")
    path = expanded(name_or_path)
    own = path if find_spec(str(name_or_path)) is None and is_folder(path) else None
    spec, files, place = _find_by(find_rgbt, name_or_path, root, own, task or "IVF")
    if files is None:
        raise InputError(f"there are no images of four channels in {place}, nor in its folders: leave --rgbt out")
    return spec, files


def _locate_sequences(
    name_or_path: str | Path, root: str | Path | None, task: Task | None
) -> tuple[DatasetSpec, DatasetFiles]:
    """Find the folders of scenes, whose images are the sources."""
    path = expanded(name_or_path)
    own = path if is_folder(path) and (task is not None or find_spec(str(name_or_path)) is None) else None
    if own and task is None:
        raise InputError(f"the sequences in {path} do not tell the task: say --task {', '.join(TASKS)}")
    spec, files, place = _find_by(find_sequences, name_or_path, root, own, task)
    if files is None:
        raise InputError(f"there are no images in the folders of {place}: --sequences wants a folder for each scene")
    return spec, files


def _find_by(
    find: Callable[[Path], DatasetFiles | None],
    name_or_path: str | Path,
    root: str | Path | None,
    own: Path | None,
    task: Task | None,
) -> tuple[DatasetSpec, DatasetFiles | None, Path]:
    """Look with `find` in the user's own folder, or else where a data set of the catalogue may lie.

    Returns
    -------
    The entry, the files, None where there are none, and the folder that was looked at first.
    """
    if own is not None and task is not None:
        spec, folders = _any_spec(own, task), [own]
    else:
        spec = get_spec(str(name_or_path))  # raises, with the nearest name
        folders = [*candidates(data_folder(root), spec), expanded(name_or_path)]
    found = (files for folder in folders if is_folder(folder) and (files := find(folder)) is not None)
    return spec, next(found, None), folders[0]
