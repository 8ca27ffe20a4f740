"""The way of a data set from its repository to where `load_dataset` finds it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...download import DownloadError, Progress, alone
from ...errors import InputError, RunError
from ..catalog import get_spec
from ..finding.folders import child
from ..finding.names import fold
from ..finding.search import find
from ..locate import candidates, data_folder
from ..spec import DatasetSpec
from .compare import Place, differences, look, read
from .job import Job

SERVER = "https://codeload.github.com"  # FUSIONBENCH_MIRROR takes its place; the rest of the address stays


@dataclass(frozen=True)
class FetchResult:
    """What `fetch` did.

    Attributes
    ----------
    spec : the entry of the catalogue.
    root : the data set's folder.
    pairs : how many pairs lie there.
    commit : of which commit they are; "" where that is not known.
    verified : whether every folder has the published hash.
    new : whether anything was downloaded.
    notes : what else there is to know.
    """

    spec: DatasetSpec
    root: Path
    pairs: int
    commit: str
    verified: bool
    new: bool
    notes: tuple[str, ...] = ()


def fetch(
    name: str,
    root: str | Path | None = None,
    *,
    mirror: str | None = None,
    archive: str | Path | None = None,
    progress: Progress = lambda done, total: None,
    say: Callable[[str], None] = lambda sentence: None,
) -> FetchResult:
    """Get a data set of the catalogue, unless it is there; what is there is never overwritten.

    The archive of the pinned commit is unpacked as it comes, only the data set's folders are kept, and they take their
    places when git's hashes of them are the published ones. A call that was interrupted is gone on with by the next.

    Parameters
    ----------
    name : of the catalogue.
    root : the data folder, as for `load_dataset`.
    mirror : in place of https://codeload.github.com; by default the environment's FUSIONBENCH_MIRROR.
    archive : the `.tar.gz` or `.zip` of the commit, which has been downloaded already.
    progress : called with the bytes that have come, and those that will if the server says so.
    say : called with sentences on what is going on.

    Raises
    ------
    InputError
        There is no such data set, it cannot be fetched, or something else lies in its place.
    RunError
        The download failed, what came is not what was published, or there is no room for it. What may be gone on with
        is kept beside the data set's folder, hidden.
    """
    spec = get_spec(name)
    if spec.pin is None:
        raise InputError(f"{spec.name} cannot be fetched by a command: {spec.obtain or 'nothing says where it lies'}")
    folder = _folder(data_folder(root), spec)
    if _is_there(look(spec.pin, folder)):
        return _result(spec, folder)
    hidden = folder.with_name(f".{folder.name}.fetch")
    with (
        _leaving_none_empty(folder.parent),
        alone(hidden.with_suffix(".lock"), lambda: say(f"another process is fetching {spec.name}: waiting for it")),
    ):
        places = look(spec.pin, folder)
        job = Job(spec.pin, hidden, progress, say, mirror or os.environ.get("FUSIONBENCH_MIRROR") or SERVER)
        if _is_there(places):
            job.clear()
            return _result(spec, folder)
        _refuse_another(spec, folder, places)
        try:
            lacking = [place.tree for place in places if place.state != "published"]
            commit = job.obtain(lacking, Path(archive).expanduser() if archive else None)
            notes = _put(job, places, folder)
        except DownloadError as error:
            _refuse(
                [f"{place.folder}: its git hash is {place.hash}" for place in places if place.state == "other"], error
            )
            raise
        finally:
            job.leave()
        job.clear()
    return _result(spec, folder, new=True, commit=commit, notes=notes)


@contextlib.contextmanager
def _leaving_none_empty(folder: Path) -> Iterator[None]:
    """Leave no data folder behind in which nothing came to lie."""
    new = not folder.exists()
    try:
        yield
    finally:
        if new:
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()


def _is_there(places: list[Place]) -> bool:
    return all(place.state in ("published", "unknown") for place in places)


def _refuse_another(spec: DatasetSpec, folder: Path, places: list[Place]) -> None:
    """Leave a copy alone that is arranged in another way: what would come beside it would be a second one."""
    files = find(folder, spec.all_layouts)
    if files is not None and all(place.state == "absent" for place in places):
        raise InputError(
            f"{folder} holds another {spec.name} ({len(files.names)} pairs as {files.layout}), which stays as it is: "
            "give another folder with --data-root"
        )


def _folder(base: Path, spec: DatasetSpec) -> Path:
    """Choose the data set's folder: where it lies already, or else in the data folder, by its name."""
    names = {fold(name) for name in (spec.name, *spec.folders)}
    known = [folder for folder in candidates(base, spec) if folder != base or fold(base.resolve().name) in names]
    for folder in known:
        if find(folder, spec.all_layouts) is not None:
            return folder
    if base in known:
        return base
    return child(base, spec.name) or base / spec.name


def _put(job: Job, places: list[Place], folder: Path) -> tuple[str, ...]:
    """Put what came into its place; what lies there already is compared, and never overwritten."""
    wrong, notes = [], []
    for place in places:
        if place.state in ("unknown", "other"):
            difference = differences(read(place.folder), read(job.files / place.tree.place))
            wrong += [f"{place.folder}: {difference}"] if difference else []
            notes += (
                [] if difference else [f"the images in {place.folder} are the published ones; they stay as they are"]
            )
    _refuse(wrong)
    job.move(folder, [place.tree for place in places if place.state == "absent"])
    return tuple(notes)


def _refuse(wrong: list[str], cause: Exception | None = None) -> None:
    """Say what lies in the way of a data set, if anything does."""
    if wrong:
        raise InputError(
            f"not the published images, and not overwritten: {'; '.join(wrong)}. Move them away, or give another "
            "folder with --data-root" + (f" (what differs is not known: {cause})" if cause else "")
        ) from cause


def _result(
    spec: DatasetSpec, folder: Path, *, new: bool = False, commit: str = "", notes: tuple[str, ...] = ()
) -> FetchResult:
    files, pin = find(folder, spec.all_layouts), spec.pin
    if files is None or pin is None:
        shown = " or ".join(dict.fromkeys(str(layout) for layout in spec.all_layouts[:3]))
        raise RunError(f"what came of {pin} lies at {folder}, but is not laid out as {shown}")
    return FetchResult(spec, folder, len(files.names), pin.commit if pin.verified else commit, pin.verified, new, notes)
