"""Detectors as ONNX files: the published one, its arithmetic against a plain reading, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import read
from fusionbench.errors import InputError
from fusionbench.tasks.models import make_detector
from fusionbench.tasks.models.onnx import OnnxDetector, _in_square, _yolox, input_shape, suppress

RANDOM = np.random.default_rng(3)


@pytest.fixture
def nano(shared: Path) -> Path:
    path = shared / "weights" / "detector" / "yolox_nano.onnx"
    if not path.is_file():
        pytest.skip("no detector's weights here")
    return path


@pytest.mark.slow
def test_people_and_cars_are_found_in_both_sources(nano: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSIONBENCH_WEIGHTS", str(nano.parent))
    detector = make_detector("yolox-nano")
    assert (detector.label, detector.digest[:8], len(detector.classes)) == ("yolox-nano", "e8af0749", 80)
    found = {}
    for image in (shared / "data" / "RoadScene").rglob("FLIR_05005.*"):
        pixels = read(image)
        pixels = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
        result = detector.detect(pixels)
        height, width = pixels.shape[:2]
        assert (result.corners >= 0).all()
        assert (result.corners <= [width, height, width, height]).all()
        assert (np.diff(result.scores) <= 0).all()
        found[image.parent.name] = {detector.classes[c] for c in result.classes[result.scores > 0.5]}
    assert len(found) == 2
    assert all({"person", "car"} <= classes for classes in found.values()), found


def test_the_square_and_the_shape_in_the_file(nano: Path) -> None:
    assert input_shape(nano.read_bytes()) == (1, 3, 416, 416)
    assert input_shape(b"") == ()
    assert input_shape(nano.read_bytes()[:1000]) in ((), (1, 3, 416, 416))
    image = RANDOM.integers(0, 256, (120, 300, 3), dtype=np.uint8)
    square = _in_square(image, 416, centred=False)
    assert (square.left, square.top, square.scale) == (0, 0, 416 / 300)
    assert (square.pixels[int(120 * 416 / 300) :] == 114).all()
    middle = _in_square(image, 416, centred=True)
    assert middle.top == (416 - round(120 * 416 / 300)) // 2


def test_the_grid_is_read_cell_by_cell() -> None:
    side = 64
    output = RANDOM.normal(size=(sum((side // s) ** 2 for s in (8, 16, 32)), 7))
    boxes, scores = _yolox(output, side)
    place = 0
    for stride in (8, 16, 32):
        for y in range(side // stride):
            for x in range(side // stride):
                row = output[place]
                centre = (row[0] + x) * stride, (row[1] + y) * stride
                size = np.exp(row[2]) * stride, np.exp(row[3]) * stride
                np.testing.assert_allclose(boxes[place], [*centre, *size], rtol=1e-12)
                np.testing.assert_allclose(scores[place], row[4] * row[5:], rtol=1e-12)
                place += 1


def test_suppression_is_that_of_a_plain_reading() -> None:
    for _ in range(50):
        count = int(RANDOM.integers(0, 40))
        low = RANDOM.uniform(0, 50, (count, 2))
        corners = np.concatenate([low, low + RANDOM.uniform(1, 40, (count, 2))], axis=1)
        classes, scores = RANDOM.integers(0, 3, count), RANDOM.uniform(size=count)
        kept: list[int] = []
        for place in np.argsort(-scores):
            if all(classes[k] != classes[place] or _iou(corners[k], corners[place]) <= 0.5 for k in kept):
                kept.append(int(place))
        assert suppress(corners, classes, scores, 0.5).tolist() == kept


def _iou(one: np.ndarray, two: np.ndarray) -> float:
    wide, high = (min(one[i + 2], two[i + 2]) - max(one[i], two[i]) for i in (0, 1))
    common = max(wide, 0) * max(high, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, two)]
    return common / (sum(areas) - common)


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x07" + bytes(100), b"PK\x03\x04"])
def test_files_that_are_no_detector(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.onnx") as error:
        OnnxDetector(path, "x")
    assert "\n" not in str(error.value)


def test_damaged_detectors(nano: Path, tmp_path: Path) -> None:
    data = nano.read_bytes()
    path = tmp_path / "x.onnx"
    for part in (len(data) // 2, len(data) - 10):
        path.write_bytes(data[:part])
        with pytest.raises(InputError, match=r"x\.onnx"):
            OnnxDetector(path, "x")


def test_names_of_other_classes(nano: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(nano.read_bytes())
    (tmp_path / "x.txt").write_text("car\nperson\n")
    with pytest.raises(InputError, match=r"lists 2 classes, and x\.onnx has 80"):
        OnnxDetector(path, "x")
    names = [f"thing {number}" for number in range(80)]
    (tmp_path / "x.txt").write_text("\n".join(names))
    assert list(OnnxDetector(path, "x").classes) == names


def test_detectors_that_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("FUSIONBENCH_WEIGHTS", raising=False)
    with pytest.raises(InputError, match="fusionbench weights fetch yolox-nano"):
        make_detector("yolox-nano")
    with pytest.raises(InputError, match="yolox-nano"):
        make_detector("yolox-nan")
    with pytest.raises(InputError, match="nor an ONNX file"):
        make_detector("x.pt")
    with pytest.raises(InputError, match="cannot read the detector"):
        make_detector(str(tmp_path / "x.onnx"))
