"""Options as other scripts call them mean ours, and a line says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.cli.synonyms import COMPUTE, PREPARE, TRAIN, translated
from fusionbench.datasets import write

pytest.importorskip("torch")

from .command import call

SAID = {
    "--train_num 200 --batch_size=4": "--train-num 200 --batch-size 4",
    "--num_workers 0 --num_epochs 50 --lr 1e-4": "--workers 0 --epochs 50 --lr 1e-4",
    "--gray --epochs 2": "--colour gray --epochs 2",
    "--gray True": "--colour gray",
    "--gray=False": "--colour rgb",
    "--rgb": "--colour rgb",
    "--rgb False": "--colour gray",
    "--device gpu": "--device cuda",
    "--device cpu": "--device cpu",
    "--resume_path a.pth": "--weights a.pth",
    "--resume_path None --epochs 1": "--epochs 1",
    "--learning_rate 1e-3 --output": "--lr 1e-3",
    "--train_num": "--train_num",
    "-d RoadScene -- --gray": "-d RoadScene -- --gray",
}


@pytest.mark.parametrize("words", SAID)
def test_training(words: str) -> None:
    ours, notes = translated(words.split(), TRAIN)
    assert ours == SAID[words].split()
    assert bool(notes) == (ours != words.split())


def test_other_commands() -> None:
    assert translated(["--ckpt_path", "IVF.pth"], COMPUTE) == (
        ["--weights", "IVF.pth"], ["--ckpt_path is --weights"])  # fmt: skip
    words = "--img_text_path VLFDataset --task_name IVF --dataset_name MSRS --dataset_mode test --size small"
    ours, notes = translated(words.split(), PREPARE)
    assert ours == ["--data-root", "VLFDataset", "--dataset", "MSRS", "--split", "test", "--size", "small"]
    assert "--task_name is not needed: the data set says its task" in notes


def test_a_folder_of_images_is_one_of_photographs(tmp_path: Path) -> None:
    write(tmp_path / "coco" / "1.png", np.zeros((8, 8), np.uint8))
    assert translated(["--image_path", str(tmp_path / "coco")], TRAIN)[0] == ["--dataset", f"photos:{tmp_path}/coco"]
    assert translated(["--image_path", str(tmp_path)], TRAIN)[0] == ["--dataset", str(tmp_path)]


@pytest.mark.slow
def test_the_note_is_one_line_and_help_is_ours(tmp_path: Path) -> None:
    ended = call("train", "--image_path", tmp_path / "none", "--batch_size", "4", "--device", "gpuu")
    note, error = ended.stderr.splitlines()
    assert note == "fusionbench: here --image_path is --dataset, --batch_size is --batch-size"
    assert (ended.returncode, error[:12]) == (2, "fusionbench:")
    text = call("train", "--help").stdout
    assert "--batch-size" in text
    assert not any(name in text for name in TRAIN if "_" in name)
    assert "sdaa" in call("run", "--help").stdout
