"""The fused images once more, arranged as the scripts of a method's authors write them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..datasets import FusionDataset, Pair, read
from ..datasets.h5pairs import is_h5_name
from ..datasets.spec import SPLITS
from ..datasets.videos import rate_of, sequence_of, writing_video
from ..errors import InputError, unknown
from ..files import write_bytes
from ..results.paths import folder_name

if TYPE_CHECKING:
    from ..results.runs import Kind
    from .plan import Trial

Layout = Literal["film", "video"]
FILM: dict[Kind, str] = {"fused": "Gray", "colour": "RGB"}
TEST_OUTPUT = "test_output"


def check_layout(layout: str | None, methods: Sequence[object], datasets: Sequence[FusionDataset]) -> None:
    """Make sure that images of one run do not lie on each other in a layout.

    Raises
    ------
    InputError
        There is no such layout, it has no place for several methods, or two data sets have one name in it.
    """
    if layout is None:
        return
    if layout not in get_args(Layout):
        raise unknown("layout", layout, get_args(Layout))
    if layout == "video":
        if stills := [dataset.label for dataset in datasets if not dataset.video]:
            raise InputError(f"--layout video writes the frames of a video, and {stills[0]} is none: say --video")
        return
    if len(methods) != 1:
        raise InputError(f"--layout {layout} has one folder for a data set: run one method, named with --method")
    names = [name_in(dataset) for dataset in datasets]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--layout {layout} has one folder {name}, and two data sets would go there: run one each")


def write_layout(trials: Sequence[Trial], out: Path, layout: str) -> None:
    """Write the images of all trials once more, in a layout; pairs that failed are left out."""
    if layout == "film":
        _write_film(trials, out)
    for trial in trials if layout == "video" else ():
        for name, pairs in groupby(trial.dataset, sequence_of):
            file = f"{name or folder_name(trial.dataset.name)}.mkv"
            _write_video(trial, list(pairs), trial.folder.path / "video" / file)


def _write_video(trial: Trial, pairs: list[Pair], file: Path) -> None:
    """Write the frames that are there as a video, without loss: in colour, where there is any."""
    done = [pair.name for pair in pairs if pair.name in trial.rows and trial.rows[pair.name].status == "ok"]
    if not done:
        return
    with writing_video(file, rate_of(pairs[0])) as put:
        for name in done:
            colour = trial.folder.image(name, "colour")
            put(read(colour if colour.is_file() else trial.folder.image(name)).astype(np.uint8))


def _write_film(trials: Sequence[Trial], out: Path) -> None:
    """Write `OUT/test_output/DATASET/Gray/NAME.png`, as FILM's script, and where there is colour, `RGB` beside it.

    Parameters
    ----------
    trials : of one method, done; pairs that failed are left out.
    out : the folder of the results.
    """
    for trial in trials:
        place = out / TEST_OUTPUT / name_in(trial.dataset)
        for pair in trial.dataset:
            row = trial.rows.get(pair.name)
            if row is None or row.status != "ok":
                continue
            for kind, folder in FILM.items():
                image, copy = trial.folder.image(pair.name, kind), place / folder / f"{pair.name}.png"
                if image.is_file():
                    write_bytes(copy, image.read_bytes())
                else:
                    copy.unlink(missing_ok=True)


def name_in(dataset: FusionDataset) -> str:
    """Name the folder of a data set in FILM's layout: MSRS, also of the pairs in MSRS_test.h5."""
    name, _, split = dataset.name.rpartition("_")
    return folder_name(name if is_h5_name(dataset.root) and name and split in SPLITS else dataset.name)
