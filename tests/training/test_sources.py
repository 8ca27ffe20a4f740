"""What is learnt from: splits, lists of names to leave out, photographs, and what is cut out of pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from fusionbench.datasets import write
from fusionbench.errors import InputError
from fusionbench.training import train
from fusionbench.training.options import TrainOptions, make_options
from fusionbench.training.patches import Patches, TrainingPair, mirrored
from fusionbench.training.photographs import foci
from fusionbench.training.sources import training_pairs

from .runs import rows


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    for name in ("01", "02", "03", "04"):
        write(tmp_path / "scenes" / "ir" / f"IR{name}.png", np.zeros((20, 24), np.uint8))
        write(tmp_path / "scenes" / "vis" / f"VIS{name}.png", np.zeros((20, 24), np.uint8))
    (tmp_path / "scenes" / "test.txt").write_text("04\n")
    return tmp_path / "scenes"


def names(scenes: Path, text: str, dataset: str | None = None) -> list[str]:
    path = scenes.parent / "out.txt"
    path.write_bytes(text.encode("utf-16"))
    return [pair.name for pair in training_pairs(TrainOptions(dataset=(dataset or str(scenes),), exclude=str(path)))]


@pytest.mark.parametrize("line", ["02", "D:\\data\\ir\\IR02.png", "7,VIS02.png", "'2',"])
def test_a_list_in_any_form(scenes: Path, line: str) -> None:
    assert names(scenes, f"{line}\n") == ["scenes/01", "scenes/03"]


def test_names_that_the_split_leaves_out_anyway(scenes: Path) -> None:
    assert names(scenes, "04\n01\n") == ["scenes/02", "scenes/03"]


def test_a_name_that_is_not_there_is_said_by_line(scenes: Path) -> None:
    with pytest.raises(InputError, match=r"leave out has 05: it is in none of .*scenes \(line 2 of out.txt\)"):
        names(scenes, "01\n05\n")


def test_photographs(scenes: Path) -> None:
    assert names(scenes, "IR02.png\n", f"photos:{scenes / 'ir'}") == [
        f"ir/IR{name}:{task}" for name in ("01", "03", "04") for task in ("MFF", "MEF")
    ]


@pytest.mark.slow
def test_photographs_are_enough(small: dict[str, Any], tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for i in range(3):
        (tmp_path / "photos/deep").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / f"photos/deep/{i}.jpg"), draw.integers(0, 256, (40, 50, 3)).astype(np.uint8))
    options = make_options({"dataset": f"photos:{tmp_path / 'photos'}"})
    pairs = training_pairs(options, "rgb")
    assert [pair.task for pair in pairs] == ["MFF", "MEF"] * 3
    for pair in pairs:
        a, b = pair.read(np.random.default_rng(1))
        assert a.shape == b.shape == (40, 50, 3)
        again = pair.read(np.random.default_rng(1))
        assert np.array_equal(a, again[0])
        assert not np.array_equal(a, b)
    assert pairs[1].read(np.random.default_rng(1))[0].mean() > pairs[1].read(np.random.default_rng(1))[1].mean()
    folder = train(**small | {"dataset": options.dataset, "epochs": 1, "validation": 0}, name="photos")
    assert len(rows(folder / "losses.csv")) == 3


def test_test_pairs_are_not_learnt_from(tmp_path: Path, shared_data: Path) -> None:
    pairs = training_pairs(make_options({"dataset": "RoadScene", "data_root": shared_data}))
    tested = {Path(line).stem for line in (shared_data / "RoadScene/test.txt").read_text().split()}
    assert len(pairs) == 171
    assert not {pair.name.rpartition("/")[2] for pair in pairs} & tested
    few = training_pairs(make_options({"dataset": "RoadScene", "data_root": shared_data, "train_num": 7}))
    assert len(few) == 7
    (tmp_path / "names.txt").write_text("\n".join(pair.name.rpartition("/")[2] for pair in few))
    exclude = {"dataset": "RoadScene", "data_root": shared_data, "exclude": tmp_path / "names.txt"}
    assert len(training_pairs(make_options(exclude))) == 164


def test_multi_focus_pairs_are_sharp_in_turn() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (120, 120)).astype(np.uint8)
    a, b = foci(photo, np.random.default_rng(4))
    exact = np.maximum(a == photo, b == photo)
    assert (a == photo).mean() > 0.25
    assert (b == photo).mean() > 0.25
    assert exact.mean() > 0.75  # all but the seam between the planes


def test_patches_are_a_function_of_seed_and_place() -> None:
    image = np.arange(60 * 70, dtype=np.uint32).astype(np.uint8).reshape(60, 70)

    def patches(**options: Any) -> Patches:
        pair = TrainingPair("a", "IVF", lambda rng: (image, image), number=5)
        return Patches([pair], size=16, count=3, **{"seed": 0, **options})

    fresh = patches()
    first = [fresh[i]["first"] for i in range(3)]
    assert not torch.equal(first[0], first[1])
    assert torch.equal(first[2], patches()[2]["first"])
    fresh.epoch = 1
    assert not torch.equal(first[0], fresh[0]["first"])
    assert not torch.equal(first[0], patches(seed=1)[0]["first"])
    fixed = patches(fixed=True)
    before = fixed[0]["first"]
    fixed.epoch = 7
    assert torch.equal(before, fixed[0]["first"])


def test_the_eight_orientations_differ() -> None:
    plane = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert len({mirrored(plane, turn).tobytes() for turn in range(8)}) == 8
    assert np.array_equal(mirrored(plane, 0), plane)
