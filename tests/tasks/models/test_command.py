"""Commands as detectors and segmenters: what they write, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fusionbench.errors import InputError, RunError
from fusionbench.tasks.models import make_detector, make_segmenter
from fusionbench.tasks.models.command import CommandDetector

START = """
import json, sys
from pathlib import Path
images, out = map(Path, sys.argv[1:3])
files = sorted(images.glob("*.png"))
"""
TEXT = "for f in files: (out / f'{f.stem}.txt').write_text('2 0.5 0.5 0.5 0.25 0.9\\n0 0.25 0.5 0.1 0.2 0.95\\n')"
COCO = """
found = [{"image_id": int(f.stem), "category_id": 13, "bbox": [1, 2, 3, 4], "score": 0.5} for f in files]
(out / "results.json").write_text(json.dumps(found))
"""
MASKS = """
import cv2
for f in files:
    image = cv2.imread(str(f), 0)
    cv2.imwrite(str(out / f.name), (image > 99).astype("uint8"))
with open(sys.argv[3], "a") as file: file.write("started\\n")
"""


def command(folder: Path, body: str, more: str = "") -> str:
    (folder / "look.py").write_text(START + body)
    return f"cmd:{sys.executable} {folder}/look.py {{images}} {{out}} {more}"


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 80, 3), np.uint8)


def test_text_files_hold_fractions(tmp_path: Path) -> None:
    found = make_detector(command(tmp_path, TEXT)).detect(picture())
    assert found.classes.tolist() == [0, 2]
    assert found.scores.tolist() == [0.95, 0.9]
    np.testing.assert_allclose(found.corners, [[16, 16, 24, 24], [20, 15, 60, 25]])


def test_results_of_coco_are_numbered_as_coco_does(tmp_path: Path) -> None:
    """13 is the stop sign, COCO's twelfth class, as it has no 12."""
    detector = make_detector(command(tmp_path, COCO))
    found = detector.detect(picture())
    assert [detector.classes[place] for place in found.classes] == ["stop sign"]
    assert found.corners.tolist() == [[1, 2, 4, 6]]


def test_masks_of_many_images_in_one_start(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("dark\nbright\n")
    log, images = tmp_path / "log", [picture(seed) for seed in range(3)]
    segmenter = make_segmenter(command(tmp_path, MASKS, f"{log} [classes={tmp_path}/names.txt]"))
    assert tuple(segmenter.classes) == ("dark", "bright")
    segmenter.prepare(iter(images))  # type: ignore[attr-defined]
    for image in images:
        mask = segmenter.segment(image)
        assert mask.shape == (40, 80)
        assert set(np.unique(mask)) == {0, 1}
    assert log.read_text().count("started") == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "wrote nothing to {out}"),
        ("sys.exit('no memory')", "exit code 1: no memory"),
        ("(out / '000001.txt').write_text('80 0.5 0.5 0.1 0.1 1')", "has the class 80, of 80 from 0"),
        ("(out / '000001.txt').write_text('1 0.5 0.5 0.1 0.1')", "is not a class, four numbers and a score"),
        ("(out / 'r.json').write_text('{}')", "r.json is no list of detections"),
        ("(out / 'r.json').write_text('[{}]')", "r.json has no image_id"),
        (COCO.replace("13", "12"), "has no class that is known: its category_id is 12"),
        (COCO.replace("int(f.stem)", "7"), "results.json is the name of an image (000001, …)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(body: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        make_detector(command(tmp_path, body)).detect(picture())
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_commands_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lacks \{out\}"):
        CommandDetector("python look.py {images}")
    with pytest.raises(InputError, match="is not on the PATH"):
        CommandDetector("nothing-like-it {images} {out}")
    with pytest.raises(InputError, match=r"are not told: end it with \[classes=FILE\]"):
        make_segmenter(command(tmp_path, MASKS))


def test_the_digest_follows_the_script(tmp_path: Path) -> None:
    first = make_detector(command(tmp_path, TEXT)).digest
    assert make_detector(command(tmp_path, TEXT)).digest == first
    assert make_detector(command(tmp_path, COCO)).digest != first


def test_a_folder_without_files_says_that_nothing_was_found(tmp_path: Path) -> None:
    """Ultralytics' tools leave a folder of labels without a file, where there is no object."""
    assert len(make_detector(command(tmp_path, "(out / 'labels').mkdir()")).detect(picture())) == 0


def test_classes_are_called_as_coco_calls_them(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("People\nLamp\n")
    assert make_detector(command(tmp_path, TEXT, f"[classes={tmp_path}/names.txt]")).classes == (
        "person", "traffic light",
    )  # fmt: skip
