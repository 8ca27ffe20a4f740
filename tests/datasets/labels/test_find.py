"""Where labels are found, of data sets of the catalogue and of anybody's folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets import FusionDataset, check, load_dataset, to_gray
from fusionbench.datasets.labelled import LABELLED
from fusionbench.datasets.labels import groups_of, labels_of
from fusionbench.errors import InputError

from .made import folder, image, put
from .malformed import HEIGHT, WIDTH, box, coco, found, png, voc

PEOPLE = voc(box(1, 2, 3, 4, "person"))
MASK = png(np.full((HEIGHT, WIDTH), 2, np.uint8))
PAIR = image()


@pytest.mark.parametrize(
    ("name", "files", "kind", "annotation", "pair"),
    [
        ("MSRS", ["test/ir/04N.png", "test/vi/04N.png"], "masks", "test/Segmentation_labels/04N.png", "04N"),
        ("MSRS", ["test/ir/00004N.png", "test/vi/00004N.png"], "masks", "test/label/00004N.png", "00004N"),
        ("MSRS", ["ir/00004N.png", "vi/00004N.png"], "masks", "Label/00004N.png", "00004N"),
        ("MSRS-detection", ["detection/ir/1.png", "detection/vi/1.png"], "boxes", "detection/labels/1.txt", "1"),
        ("M3FD", ["Ir/00000.png", "Vis/00000.png"], "boxes", "Annotation/00000.xml", "00000"),
        ("M3FD", ["ir/00000.png", "vis/00000.png"], "boxes", "annotations/00000.XML", "00000"),
        ("M3FD", ["ir/00000.png", "vis/00000.png"], "boxes", "labels/00000.txt", "00000"),
        ("M3FD", ["ir/00000.png", "vis/00000.png"], "boxes", "meta/all.json", "00000"),
        ("M3FD-detection", ["M3FD_Detection/Ir/00000.png", "M3FD_Detection/Vis/00000.png"], "boxes",
         "M3FD_Detection/Annotation/00000.xml", "00000"),
        ("LLVIP", ["infrared/test/190001.jpg", "visible/test/190001.jpg"], "boxes", "Annotations/190001.xml", "190001"),
        ("LLVIP", ["infrared/test/190001.jpg", "visible/test/190001.jpg"], "boxes", "labels/test/190001.txt", "190001"),
        ("FMB", ["test/Infrared/1.png", "test/Visible/1.png"], "masks", "test/Label/1.png", "1"),
        ("MFNet", ["th/00001D.png", "rgb/00001D.png"], "masks", "labels/00001D.png", "00001D"),
        ("MVSeg", ["data/INO_A/infrared/00237i.png", "data/INO_A/visible/00237v.png"], "masks",
         "data/INO_A/label/00237l.png", "INO_A/00237"),
        ("FLIR-aligned", ["JPEGImages/FLIR_00002_PreviewData.jpeg", "JPEGImages/FLIR_00002_RGB.jpg"], "boxes",
         "Annotations/FLIR_00002_PreviewData.xml", "FLIR_00002"),
        ("FLIR-aligned", ["infrared/test/2.jpg", "visible/test/2.jpg"], "boxes", "visible/test/2.txt", "2"),
    ],
)  # fmt: skip
def test_places_of_the_catalogue(
    tmp_path: Path, name: str, files: list[str], kind: str, annotation: str, pair: str
) -> None:
    data = {".png": MASK, ".xml": PEOPLE, ".txt": b"0 0.5 0.5 0.2 0.2", ".json": coco([found()])}
    data[".json"] = data[".json"].replace(b"ir/1.png", f"{pair}.png".encode())
    root = tmp_path / {"MVSeg": "MVSeg_Dataset"}.get(name, name.removesuffix("-detection"))
    put(root, dict.fromkeys(files, PAIR))
    if name == "MVSeg":
        put(root, {"test.txt": b"INO_A"})  # of videos
    put(root, {annotation: data[Path(annotation).suffix.lower()]})
    dataset = load_dataset(name, tmp_path)
    labels = labels_of(dataset, kind)  # type: ignore[arg-type]
    assert labels.kind == kind
    if kind == "boxes":
        boxes = labels.boxes(pair)
        assert boxes is not None
        assert [labels.classes[place] for place in boxes.classes] == ["person"]
        assert labels.mask(pair) is None
    else:
        mask = labels.mask(pair)
        assert mask is not None
        word = {"MSRS": "person", "MFNet": "person", "FMB": "sidewalk", "MVSeg": "bus"}[name]
        assert {labels.classes[place] for place in np.unique(mask)} == {word}
        assert labels.boxes(pair) is None


def test_four_channels_in_a_file(tmp_path: Path) -> None:
    put(tmp_path / "ir_seg_dataset", {"images/00001N.png": image(channels=4), "labels/00001N.png": MASK})
    dataset = load_dataset("MFNet", tmp_path, rgbt=True)
    mask = labels_of(dataset, "masks").mask("00001N")
    assert mask is not None
    assert (mask == 2).all()
    assert groups_of(dataset) == {"00001N": "night"}


def test_a_list_of_names_that_the_annotations_have(tmp_path: Path) -> None:
    root = tmp_path / "align"
    for number in (1, 2):
        put(root, {f"JPEGImages/FLIR_{number}_{end}": PAIR for end in ("PreviewData.jpeg", "RGB.jpg")})
        put(root, {f"Annotations/FLIR_{number}_PreviewData.xml": voc(box(1, 2, 3, 4, "dog"), box(1, 2, 5, 6, "car"))})
    put(root, {"align_validation.txt": b"FLIR_2_PreviewData\n"})
    dataset = load_dataset("FLIR-aligned", tmp_path, split="align_validation")
    assert [pair.name for pair in dataset] == ["FLIR_2"]
    labels = labels_of(dataset, "boxes")
    assert labels.classes == ("person", "car", "bicycle")
    boxes = labels.boxes("FLIR_2")
    assert boxes is not None
    assert boxes.corners.tolist() == [[1, 2, 5, 6]]  # without the dog, which nobody scores


def test_anybodys_folder_tells_its_classes(tmp_path: Path) -> None:
    root = folder(tmp_path / "mine", "1", "2", "3")
    put(
        root,
        {"Annotations/01.xml": voc(box(1, 2, 3, 4, "Tram"), box(1, 2, 3, 4, "people")), "Annotations/2.xml": voc()},
    )
    labels = labels_of(load_dataset(root), "boxes")
    assert labels.classes == ("tram", "person")
    first, second = labels.boxes("1"), labels.boxes("2")
    assert first is not None
    assert second is not None
    assert (first.classes.tolist(), len(second), labels.boxes("3")) == ([0, 1], 0, None)


def test_numbers_of_classes_need_a_list(tmp_path: Path) -> None:
    root = folder(tmp_path / "mine")
    put(root, {"labels/1.txt": b"1 0.5 0.5 0.2 0.2"})
    with pytest.raises(InputError, match=r"have no names: put a classes\.txt with one name a line into labels"):
        labels_of(load_dataset(root), "boxes")
    put(root, {"labels/classes.txt": b"person\r\ntraffic_light\n"})
    labels = labels_of(load_dataset(root), "boxes")
    assert labels.classes == ("person", "traffic light")
    assert labels.boxes("1").classes.tolist() == [1]  # type: ignore[union-attr]
    assert labels_of(load_dataset(root), "boxes", like="MSRS").classes == ("person", "bicycle", "car")
    put(root, {"labels/classes.txt": b"\n"})
    with pytest.raises(InputError, match=r"classes\.txt lists 0 classes: it has one a line"):
        labels_of(load_dataset(root), "boxes")


def test_files_of_splits(tmp_path: Path) -> None:
    root = tmp_path / "M3FD"
    for split, place in (("test", 2), ("train", 3)):
        put(root, {f"{split}/{side}/1.png": PAIR for side in ("ir", "vi")})
        put(root, {f"{split}/annotation/1.xml": voc(box(1, 2, 9, 9), *[box(1, 2, 9, 9)] * place)})
        put(root, {f"annotations/{split}.json": coco([found()])})
    assert len(labels_of(load_dataset("M3FD", tmp_path, "train"), "boxes").boxes("1")) == 4  # type: ignore[arg-type]
    assert len(labels_of(load_dataset("M3FD", tmp_path), "boxes").boxes("1")) == 3  # type: ignore[arg-type]
    for split in ("test", "train"):
        shutil.rmtree(root / split / "annotation")
    assert len(labels_of(load_dataset("M3FD", tmp_path, "train"), "boxes").boxes("1")) == 1  # type: ignore[arg-type]
    (root / "annotations" / "train.json").rename(root / "annotations" / "a.json")
    (root / "annotations" / "test.json").rename(root / "annotations" / "b.json")
    with pytest.raises(InputError, match=r"1 is listed in two files of annotations, .*a\.json and .*b\.json"):
        labels_of(load_dataset("M3FD", tmp_path, "train"), "boxes")


def test_two_annotations_of_a_name_are_not_guessed(tmp_path: Path) -> None:
    root = folder(tmp_path / "M3FD")
    put(root, {f"{place}/1.xml": PEOPLE for place in ("annotation", "annotations")})
    with pytest.raises(InputError, match="more than one annotation is of 1: "):
        labels_of(load_dataset("M3FD", tmp_path), "boxes")


def test_json_that_is_no_annotation_lies_beside_the_images(tmp_path: Path) -> None:
    root = folder(tmp_path / "mine")
    put(root, {"results.json": b'{"mAP": 0.5}', "all.json": coco([found()])})
    labels = labels_of(load_dataset(root), "boxes")
    assert labels.classes == ("person", "car")
    assert len(labels.boxes("1")) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("M3FD", "masks", "M3FD has no masks: its labels are boxes"),
        ("TNO", "masks", "TNO has no masks: no classes of it are known"),
        ("M3FD", "boxes", "no boxes of M3FD are found: {root} has no test/annotations/*.xml, annotations/test/*.xml"),
        ("FMB", "boxes", "FMB has no boxes: its labels are masks"),
        ("FMB", "masks", "no masks of FMB are found: {root} has no test/labels/*.png, labels/test/*.png, labels/*.png"),
        ("mine", "boxes", "no boxes of mine are found: {root} has no annotations/*.xml"),
    ],
)
def test_what_is_not_there_is_said(tmp_path: Path, name: str, kind: str, says: str) -> None:
    root = folder(tmp_path / name, a="infrared", b="visible")
    dataset = load_dataset(root)
    with pytest.raises(InputError) as caught:
        labels_of(dataset, kind)  # type: ignore[arg-type]
    assert says.format(root=root) in str(caught.value)
    with pytest.raises(InputError, match="unknown data set 'M3FDD': did you mean 'M3FD'"):
        labels_of(dataset, "boxes", like="M3FDD")


def test_check_counts_what_is_annotated(tmp_path: Path) -> None:
    root = folder(tmp_path / "M3FD", "1", "2", "3")
    put(root, {"Annotation/1.xml": voc(box(1, 2, 3, 4), box(1, 2, 3, 4, "Car"), box(2, 2, 3, 4))})
    report = check("M3FD", tmp_path)
    assert report.ok
    assert report.labels == ["boxes    of 1 pairs: 2 person, 1 car"]
    assert "\n  boxes    of 1 pairs: 2 person, 1 car\n" in str(report)
    put(root, {"Annotation/2.xml": voc(box(9, 2, 3, 4)), "ir/3.png": b"", "Annotation/3.xml": b""})
    report = check("M3FD", tmp_path)
    assert not report.ok
    assert report.pairs == 1
    assert report.problems.keys() == {"2", "3"}
    assert "2.xml: object 1 has its right not beyond its left" in report.problems["2"]
    assert report.problems["3"] == "ir/3.png: the file is empty"
    put(folder(tmp_path / "own"), {"labels/1.txt": b"1 0.5 0.5 0.2 0.2"})
    assert "put a classes.txt with one name a line" in check(tmp_path / "own").problems["boxes"]


def test_check_counts_the_labels_of_the_sample(sample: FusionDataset) -> None:
    boxes, masks = check("sample").labels
    assert boxes == "boxes    of 3 pairs: 10 person, 4 car"
    assert masks.startswith("masks    of 3 pairs: ")
    assert " % ground, " in masks


def test_every_declaration_has_classes() -> None:
    for spec in LABELLED:
        assert spec.labels, spec.name
        for each in spec.labels:
            assert each.scored
            assert len(set(each.classes)) == len(each.classes)
            assert set(each.ignored) <= set(each.classes)


@pytest.fixture(scope="module")
def sample() -> FusionDataset:
    return load_dataset("sample")


def test_the_sample_is_labelled(sample: FusionDataset) -> None:
    boxes, masks = labels_of(sample, "boxes"), labels_of(sample, "masks")
    assert boxes.classes == ("person", "car")
    assert groups_of(sample)["day-yard"] == "day"
    for pair in sample:
        objects, mask = boxes.boxes(pair.name), masks.mask(pair.name)
        if pair.task != "IVF":
            assert objects is None
            assert mask is None
            continue
        assert objects is not None
        assert mask is not None
        heat = to_gray(sample.read(pair)[0])
        assert mask.shape == heat.shape
        assert set(np.unique(mask)) >= {masks.classes.index(name) for name in ("sky", "ground", "person", "car")}
        seen = np.zeros(mask.shape, bool)
        for (left, top, right, bottom), place in zip(objects.corners.astype(int), objects.classes, strict=True):
            inside = mask[top:bottom, left:right] == masks.classes.index(boxes.classes[place])
            assert inside.any(axis=0)[[0, -1]].all()  # the box is tight
            assert inside.any(axis=1)[[0, -1]].all()
            seen[top:bottom, left:right] = True
        people = mask == masks.classes.index("person")
        assert (people & ~seen).sum() < 20
        assert heat[people].mean() > heat[mask == masks.classes.index("ground")].mean() + 15, pair.name
