"""The fused images once more, arranged as the scripts of a method's authors write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from ..datasets import FusionDataset
from ..datasets.h5pairs import is_h5_name
from ..datasets.spec import SPLITS
from ..errors import InputError, unknown
from ..files import write_bytes
from ..results.paths import folder_name

if TYPE_CHECKING:
    from ..results.runs import Kind
    from .plan import Trial

Layout = Literal["film"]
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
    if len(methods) != 1:
        raise InputError(f"--layout {layout} has one folder for a data set: run one method, named with --method")
    names = [name_in(dataset) for dataset in datasets]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--layout {layout} has one folder {name}, and two data sets would go there: run one each")


def write_layout(trials: Sequence[Trial], out: Path) -> None:
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
