"""The commands of downstream tasks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.command import call
from tests.tasks.made import make_labelled


@pytest.fixture
def weights(shared: Path) -> Path:
    folder = shared / "weights" / "detector"
    if not folder.is_dir():
        pytest.skip("no detector's weights here")
    return folder


@pytest.mark.slow
def test_a_table_of_the_sample_on_a_machine_without_a_network(weights: Path, tmp_path: Path) -> None:
    command = ("tasks", "run", "-d", "sample", "-m", "average", "-m", "max", "-o", tmp_path, "--weights-root", weights)
    done = call(*command)
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("source a", "source b", "average", "max", "AP50", "LAMR", "night"))
    again = call(*command)
    assert again.stdout == done.stdout
    with (tmp_path / "tasks.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if (row["of"], row["measure"]) == ("all", "AP50")]
    assert {row["images"]: row["n"] for row in rows} == dict.fromkeys(("source a", "source b", "average", "max"), "3")
    assert all(0 < float(row["value"]) <= 1 for row in rows)
    picture = tmp_path / "boxes.png"
    drawn = call("tasks", "figure", "night-street", "-o", tmp_path, "--weights-root", weights, "--file", picture)
    assert drawn.returncode == 0, drawn.stderr
    assert picture.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("-p trained", "unknown protocol of detection 'trained'"),
        ("-p retrained", "say with --budget how the models were trained"),
        ("--budget x", "--protocol retrained"),
        ("-p retrained --budget x --trained-on all", "trained on the split all of sample, and would be scored on it"),
        ("--model nothing", "'nothing'"),
        ("-m nothing", "unknown method 'nothing'"),
        ("", "no method has run on sample in"),
    ],
)
def test_refusals(options: str, sentence: str, weights: Path, tmp_path: Path) -> None:
    done = call("tasks", "run", "-d", "sample", *options.split(), "-o", tmp_path, "--weights-root", weights)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.startswith("fusionbench: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_segmenters_are_trained_on_the_images_of_each_row_and_scored(tmp_path: Path) -> None:
    """And what is exported holds the images and masks of each."""
    pytest.importorskip("torch")
    data = ("-d", "MSRS", "--data-root", make_labelled(tmp_path / "data"))

    def done(*arguments: str | Path) -> str:
        result = call(*arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        return result.stdout

    done("run", "-m", "average", *data, "--split", "train", "--metrics", "EN", "-o", "learn")
    train = ("tasks", "train", "-m", "average", *data, "--runs", "learn", "--epochs", "1", "--validation", "0")
    made = done(*train, "--side", "16", "--device", "cpu", "-o", "models")
    assert made.count("segmenter    ") == 3
    losses = tmp_path / "models" / "segmenter" / "average" / "losses.csv"
    before = losses.read_bytes()
    assert done(*train, "--device", "cpu", "-o", "models") == made
    assert losses.read_bytes() == before, "what is trained is not trained again"
    retrained = ("--task", "segmentation", "-p", "retrained", "--budget", "1 epoch")
    table = done("tasks", "run", *retrained, "--model", "models/segmenter/{row}", "-m", "average", *data, "-o", "out")
    assert all(word in table for word in ("retrained/1", "visible (source)", "average", "mIoU"))
    labels = tmp_path / "data" / "MSRS" / "test" / "Segmentation_labels"
    scored = done(
        "tasks",
        "score",
        *retrained,
        "--predictions",
        labels,
        *data,
        "--name",
        "mine",
        "--model",
        "trained",
        "-o",
        "out",
    )
    assert "1.000" in scored
    assert all(word in scored for word in ("mine", "average"))
    draw = ("tasks", "figure", "3D", "--task", "segmentation", "--model", "models/segmenter/average")
    done(*draw, *data, "-o", "out", "--file", "masks.png")
    assert (tmp_path / "masks.png").read_bytes()[:4] == b"\x89PNG"
    done("tasks", "export", "-m", "average", *data, "--split", "train", "-o", "learn", "--to", "export", "--links")
    done("tasks", "export", "-m", "average", *data, "-o", "out", "--to", "export")
    folder = tmp_path / "export" / "average"
    assert {path.parent.name + path.name for path in folder.glob("masks/*/*.png")} == {
        "train1D.png", "train2N.png", "test3D.png", "test4N.png",
    }  # fmt: skip
    assert (folder / "images" / "train" / "1D.png").is_symlink()
    assert (folder / "masks" / "classes.txt").read_text().startswith("background\ncar\n")
