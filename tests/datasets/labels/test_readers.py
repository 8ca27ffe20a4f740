"""What annotations say, in each format and with the oddities of real ones."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fusionbench.datasets import load_dataset
from fusionbench.datasets.labels import VOID, Boxes, labels_of
from fusionbench.datasets.labels.write import voc_text
from fusionbench.errors import InputError

from .made import folder, image, labelled, put
from .malformed import HEIGHT, WIDTH, box, coco, found, png, voc


def box_of(row: list[int]) -> str:
    left, top, right, bottom = row
    return box(left, top, right, bottom)


def boxes(root: Path, kind: str, data: bytes) -> Boxes:
    dataset, _ = labelled(root, kind, data)
    read = labels_of(dataset, "boxes").boxes("1")
    assert read is not None
    assert read.corners.dtype == np.float64
    assert read.classes.dtype == np.int64
    assert read.crowd.dtype == read.ignored.dtype == bool
    return read


def test_voc_is_read(tmp_path: Path) -> None:
    hard = box(1, 2, 9.5, 20, "Car") + "<difficult>1</difficult>"
    read = boxes(tmp_path, "voc", voc(box(0, 0, WIDTH, HEIGHT), hard, box(1, 2, 3, 4, "LAMP")))
    assert read.corners.tolist() == [[0, 0, WIDTH, HEIGHT], [1, 2, 9.5, 20], [1, 2, 3, 4]]
    assert read.classes.tolist() == [0, 1, 4]
    assert read.ignored.tolist() == [False, True, False]
    assert not read.crowd.any()
    assert len(read) == 3


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(voc(box(1, 2, 3, 4)).decode().encode("utf-8-sig"), id="a mark of UTF-8"),
        pytest.param(voc(box(1, 2, 3, 4)).decode().encode("utf-16"), id="UTF-16"),
        pytest.param(voc(box(1, 2, 3, 4), head='<?xml version="1.0" encoding="gb2312"?>'), id="GB2312"),
        pytest.param(voc(box(1, 2, 3, 4) + "<path>图</path>").decode().encode("gbk"), id="a path in GBK"),
        pytest.param(voc(box(1, 2, 3, 4), head="<!DOCTYPE annotation><!-- a remark -->"), id="a document type"),
        pytest.param(voc(box(" 1 ", "2.0", "+3", "4e0"), size="<width>0</width><height>0</height>"), id="size 0"),
        pytest.param(voc(box(1, 2, 3, 4)).replace(b"size>", b"sizes>"), id="no size"),
        pytest.param(voc(box(1, 2, 3, 4)).replace(b"><", b">\r\n\t<"), id="line breaks"),
    ],
)  # fmt: skip
def test_voc_in_many_dresses(data: bytes, tmp_path: Path) -> None:
    assert boxes(tmp_path, "voc", data).corners.tolist() == [[1, 2, 3, 4]]


def test_voc_without_objects_has_no_boxes(tmp_path: Path) -> None:
    assert len(boxes(tmp_path, "voc", voc())) == 0


def test_a_box_over_the_border_stays_as_it_is(tmp_path: Path) -> None:
    rows = [[-2, -3, 5, 5], [25, 15, 31, 23]]
    assert boxes(tmp_path / "a", "voc", voc(*map(box_of, rows))).corners.tolist() == rows
    listed = [found(id=n, bbox=[r[0], r[1], r[2] - r[0], r[3] - r[1]]) for n, r in enumerate(rows)]
    assert boxes(tmp_path / "b", "coco", coco(listed)).corners.tolist() == rows
    over = boxes(tmp_path / "c", "yolo", b"0 0 0.5 0.1 0.5")
    np.testing.assert_allclose(over.corners, [[-1.5, 5, 1.5, 15]])


def test_yolo_is_read(tmp_path: Path) -> None:
    read = boxes(tmp_path, "yolo", b"\xef\xbb\xbf0 0.5 0.5 0.2 0.5\r\n\n2.0 0.1 0.1 0.2 0.2\n")
    np.testing.assert_allclose(read.corners, [[12, 5, 18, 15], [0, 0, 6, 4]], atol=1e-12)
    assert read.classes.tolist() == [0, 2]
    assert len(boxes(tmp_path / "empty", "yolo", b"")) == 0


def test_coco_is_read(tmp_path: Path) -> None:
    listed = [found(), found(id=8, category_id=3, iscrowd=1), found(id="9", ignore=1, bbox=[0.5, 1, 2, 3])]
    read = boxes(tmp_path, "coco", coco(listed))
    assert read.corners.tolist() == [[1, 2, 6, 8], [1, 2, 6, 8], [0.5, 1, 2.5, 4]]
    assert read.classes.tolist() == [0, 1, 0]
    assert read.crowd.tolist() == [False, True, False]
    assert read.ignored.tolist() == [False, False, True]


def test_masks_are_read_gray_and_with_a_palette(tmp_path: Path) -> None:
    labels = np.random.default_rng(2).integers(0, 9, (HEIGHT, WIDTH), np.uint8)
    labels[0, :5] = 255
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette(list(np.random.default_rng(3).integers(0, 256, 768)))
    palette = io.BytesIO()
    picture.save(palette, "PNG")
    low = io.BytesIO()
    few = Image.fromarray(labels % 4, mode="P")
    few.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    few.save(low, "PNG", bits=2)
    alpha = np.dstack([labels] * 3 + [np.full_like(labels, 255)])
    dresses = {
        "gray": png(labels), "palette": palette.getvalue(), "equal channels": png(np.dstack([labels] * 3)),
        "alpha": png(alpha), "16 bits": png(labels.astype(np.uint16)), "2 bits": low.getvalue(),
    }  # fmt: skip
    for name, data in dresses.items():
        dataset, _ = labelled(tmp_path / name, "png", data)
        mask = labels_of(dataset, "masks").mask("1")
        assert mask is not None
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, labels % 4 if name == "2 bits" else labels, err_msg=name)


def test_void_labels_are_void_and_classes_move_up(tmp_path: Path) -> None:
    labels = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 15
    put(folder(tmp_path / "FMB" / "test", a="Infrared", b="Visible"), {"Label/1.png": png(labels)})
    found_labels = labels_of(load_dataset("FMB", tmp_path), "masks")
    assert len(found_labels.classes) == 14
    assert found_labels.classes[:4] == ("road", "sidewalk", "building", "traffic light")
    mask = found_labels.mask("1")
    assert mask is not None
    np.testing.assert_array_equal(mask, np.where(labels == 0, VOID, labels - 1))


@pytest.mark.parametrize("policy", ["crop", "resize"])
def test_labels_of_sources_that_differ_in_size(policy: str, tmp_path: Path) -> None:
    root = tmp_path / "M3FD"
    large = "<width>60</width><height>50</height>"
    objects = box(0, 0, 60, 50), box(40, 2, 50, 9), box(6, 5, 12, 10)
    put(root, {"ir/1.png": image(), "vi/1.png": image(50, 60), "Annotation/1.xml": voc(*objects, size=large)})
    dataset = load_dataset("M3FD", tmp_path, size_policy=policy)
    read = labels_of(dataset, "boxes").boxes("1")
    assert read is not None
    if policy == "crop":  # from the top left corner: what was cut off is not there
        assert read.corners.tolist() == [[0, 0, 30, 20], [6, 5, 12, 10]]
    else:
        np.testing.assert_allclose(read.corners, np.array([[0, 0, 30, 20], [20, 0.8, 25, 3.6], [3, 2, 6, 4]]))
    mask = np.zeros((50, 60), np.uint8)
    mask[:10, :20] = 3
    put(root, {"Segmentation_labels/1.png": png(mask)})
    got = labels_of(dataset, "masks", like="MSRS").mask("1")
    assert got is not None
    assert got.shape == (HEIGHT, WIDTH)
    assert (got == 3).sum() == (200 if policy == "crop" else 40)
    put(root, {"labels/1.txt": b"0 0.5 0.5 0.5 0.5"})
    fractions = labels_of(dataset, "boxes", like="MSRS-detection")
    if policy == "crop":
        with pytest.raises(InputError, match=r"1\.txt holds fractions of an image's size, and the pair's sources"):
            fractions.boxes("1")
    else:
        assert fractions.boxes("1").corners.tolist() == [[7.5, 5, 22.5, 15]]  # type: ignore[union-attr]


def test_what_is_written_as_voc_is_read_back(tmp_path: Path) -> None:
    corners = np.array([[0, 0.25, 3, 4], [1, 2, 29.875, 20]])
    flags = np.array([False, True])
    written = Boxes(corners, np.array([1, 0]), np.zeros(2, bool), flags)
    read = boxes(tmp_path, "voc", voc_text("a & b.png", (HEIGHT, WIDTH), written, ("People", "Bus")).encode())
    assert read.corners.tolist() == corners.tolist()
    assert read.classes.tolist() == [2, 0]
    assert read.ignored.tolist() == flags.tolist()


def test_a_file_that_is_gone_or_far_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, path = labelled(tmp_path, "voc", voc())
    labels = labels_of(dataset, "boxes")
    monkeypatch.setattr("fusionbench.datasets.labels.text.read_text.__defaults__", (10,))
    with pytest.raises(InputError, match=r"1\.xml has \d+ bytes, and annotations have no more than 10"):
        labels.boxes("1")
    path.unlink()
    with pytest.raises(InputError, match=r"1\.xml is no file of annotations"):
        labels.boxes("1")
    with pytest.raises(InputError, match="M3FD has no pair '2'"):
        labels.boxes("2")
