"""Fusing without scoring: images to images."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from ..datasets import Pair, load_dataset, read_pair, write
from ..datasets.pair import Task
from ..datasets.spec import COLOUR
from ..datasets.videos import is_video_name, pairs_of_videos, rate_of, writing_video
from ..errors import InputError, RunError, one_line
from ..files import check_writable, write_failed
from ..foreign.contained import is_users, run_of_methods
from .progress import Reporter
from .ready import ask, check_method
from .warm import warm_up

if TYPE_CHECKING:
    from ..methods import Method


def pairs_of(a: Path, b: Path, task: Task = "IVF", further: Sequence[Path] = ()) -> list[Pair]:
    """Match two files or more, or the images of so many folders by their names; two videos give their frames.

    Raises
    ------
    InputError
        One is not there, one is a file and another a folder, or the images do not belong together.
    """
    for path in (a, b, *further):
        if not path.exists():
            raise InputError(f"there is no {path}")
    for other in (b, *further):
        if a.is_dir() != other.is_dir():
            raise InputError(f"one of {a} and {other} is a folder, the other a file: give two folders, or two files")
    if a.is_dir():
        places = [str(path.absolute()) for path in (a, b, *further)]
        return list(load_dataset(a, a=places[0], b=places[1], further=places[2:], task=task, split="all"))
    if is_video_name(a) and is_video_name(b) and not further:
        return pairs_of_videos(a, b, task)
    return [Pair(a.stem, a, b, task, COLOUR[task], further=tuple(further))]


def fuse_to(
    method: Method, pairs: list[Pair], out: Path, *, gray: bool = False, console: Console | None = None
) -> list[Path]:
    """Fuse pairs, and write an image for each; what lies there under its name is replaced.

    Parameters
    ----------
    method : from `get_method`.
    pairs : their sources, of equal sizes.
    out : a folder, which gets NAME.png; or for one pair the file itself, by its extension; or a video of all of them.
    gray : write the luminance, as it is scored, in place of the colour image.
    console : where progress is shown; nowhere if None.

    Returns
    -------
    The files that were written.

    Raises
    ------
    InputError
        The method cannot work here, or `out` cannot be written to; nothing was written.
    RunError
        Some pairs failed; the others are written.
    """
    from ..methods import fuse_pair

    film = is_video_name(out)
    if out.suffix and len(pairs) == 1 and out.suffix.lower() != ".png" and not film:
        raise InputError(f"{out} would lose pixels: fused images are written as PNG, name a .png file or a folder")
    files = [out] if film or (out.suffix and len(pairs) == 1) else [out / f"{pair.name}.png" for pair in pairs]
    files = [file.absolute() for file in files]
    check_writable(files[0].parent)
    failures: list[str] = []
    with ExitStack() as stack, run_of_methods(), Reporter(console or Console(quiet=True), len(pairs)) as reporter:
        check_method(method, method.device, pairs)
        warm_up(method, pairs[0].task)
        ask(method, method.fuse_all, pairs, read_pair, Path(stack.enter_context(TemporaryDirectory())))
        put = stack.enter_context(writing_video(files[0], rate_of(pairs[0]))) if film else None
        for pair, file in zip(pairs, files * len(pairs) if film else files, strict=True):
            try:
                a, b, *further = read_pair(pair)
                fused = fuse_pair(method, a, b, pair, further=further)
                image = fused.image if gray else fused.shown
                put(image) if put else write(file, image)
            except BaseException as error:
                if is_users(error) or write_failed(error):
                    raise
                reason = str(error) if isinstance(error, RunError) else one_line(error)
                if film:  # one that lacks a frame would be another
                    raise RunError(f"{out} was not written: {pair.name} ({reason})") from error
                failures.append(f"{pair.name} ({reason})")
            reporter.advance(1, pair.name)
        ask(method, method.close)
    if failures:
        raise RunError(f"{len(failures)} of {len(pairs)} pairs failed, the first of them {failures[0]}")
    return files
