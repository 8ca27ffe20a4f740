"""Masks that somebody's segmenter made, and true masks, which are read once for all rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import FusionDataset, load_dataset
from fusionbench.datasets.labels import VOID, find
from fusionbench.errors import InputError
from fusionbench.results import Results
from fusionbench.results.tasks import TaskRecord
from fusionbench.tasks.figure import masks_figure
from fusionbench.tasks.protocols import find_protocol
from fusionbench.tasks.segment import score_masks, segment

from .made import make_labelled

FROZEN = find_protocol("segmentation", "frozen")


class Half:
    """Says car where an image is bright."""

    label, digest, classes = "half", "0" * 64, ("car", "background")

    def segment(self, image: np.ndarray) -> np.ndarray:
        return (image[..., 0] < 128).astype(np.uint8)


@pytest.fixture
def dataset(tmp_path: Path) -> FusionDataset:
    return load_dataset("MSRS", make_labelled(tmp_path / "data"))


def _written(folder: Path, **masks: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    for name, mask in masks.items():
        cv2.imwrite(str(folder / f"{name}.png"), mask)
    return folder


def _truth(start: int) -> np.ndarray:
    mask = np.zeros((32, 48), np.uint8)
    mask[:, start:] = 1
    return mask


def _score(dataset: FusionDataset, folder: Path, **more: object) -> TaskRecord:
    return score_masks(dataset, folder, "mine", "own", folder.parent / "out", **more)  # type: ignore[arg-type]


def test_masks_are_scored_by_what_their_values_mean(dataset: FusionDataset, tmp_path: Path) -> None:
    folder = _written(tmp_path / "found", **{"3D": _truth(20), "4N": _truth(31)})
    row = _score(dataset, folder).rows["mine"]
    assert row.images == 2
    car = (28 + 17) / (28 + 27)  # of each line of pixels, those that are right over those that are or were taken so
    assert row.classes["car"]["IoU"] == pytest.approx(car, abs=1e-12)
    assert row.groups["day"]["mIoU"] == 1
    other = _written(tmp_path / "other", **{"3D": 1 - _truth(20), "4N": 1 - _truth(31)})
    assert _score(dataset, other, given=["Car", "background"]).rows["mine"].values == row.values
    (other / "classes.txt").write_text("car\nbackground\n")
    assert _score(dataset, other).rows["mine"].values == row.values
    nothing = _written(tmp_path / "nothing", **{"3D": np.full((32, 48), VOID, np.uint8), "4N": _truth(21)})
    assert _score(dataset, nothing).rows["mine"].groups["day"]["aAcc"] == 0


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ({"3D": _truth(20)}, "has no mask 4N.png"),
        ({"x": _truth(20)}, r"none of the files in .* \(x, …\) is named like an image \(3D, 4N"),
        ({"3D": _truth(20)[:9], "4N": _truth(21)}, "3D.png is of an image of 9x48, and the pair's has 32x48"),
        ({"3D": _truth(20) + 8, "4N": _truth(21)}, "3D.png has the label 9, of 9 labels from 0"),
        ({"3D": np.full((32, 48), 999, np.uint16), "4N": _truth(21)}, "3D.png holds values beyond 0 to 255"),
        ({"3D": np.dstack([_truth(20), _truth(3), _truth(4)]), "4N": _truth(21)}, "3D.png holds colours"),
    ],
)
def test_masks_that_are_wrong(
    masks: dict[str, np.ndarray], sentence: str, dataset: FusionDataset, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        _score(dataset, _written(tmp_path / "found", **masks))
    assert "\n" not in str(error.value)


def test_folders_without_masks(dataset: FusionDataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no predictions"):
        _score(dataset, tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match=r"there is no mask 3D.png, but .*notes.txt"):
        _score(dataset, tmp_path / "notes.txt")
    folder = _written(tmp_path / "found", **{"3D": _truth(20), "4N": _truth(31)})
    with pytest.raises(InputError, match="own knows none of the classes that MSRS labels"):
        _score(dataset, folder, given=["tree"])


def test_true_masks_are_read_once_and_drawn(
    dataset: FusionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fusionbench.run(["average", "max"], "MSRS", out=tmp_path / "out", metrics=["EN"], data_root=tmp_path / "data")
    runs, reads, read = Results(tmp_path / "out").runs, Counter[str](), find.read_mask

    def counted(path: Path, *rest: object) -> np.ndarray:
        reads[path.stem] += 1
        return read(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(find, "read_mask", counted)
    record = segment(dataset, runs, Half(), FROZEN, tmp_path / "out")
    assert reads == {"3D": 1, "4N": 1}
    assert record.rows["visible (source)"].values["mIoU"] == 1
    truth = np.where(np.arange(48) % 5 == 0, VOID, _truth(20))
    file = tmp_path / "masks.png"
    figure = masks_figure(dataset, "3D", runs, Half(), file, (truth.astype(np.uint8), ("background", "car")))
    assert file.read_bytes()[:4] == b"\x89PNG"
    titles = ["infrared (source)", "visible (source)", "average", "max", "labelled"]
    assert [axes.get_title() for axes in figure.axes] == titles
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown[:2] == ["background", "car"]
    assert shown[2].startswith("void")
