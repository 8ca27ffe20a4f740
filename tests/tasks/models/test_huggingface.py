"""Checkpoints of transformers, tiny and random, and what is wrong with some."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import torch  # noqa: E402

from fusionbench.errors import InputError  # noqa: E402
from fusionbench.tasks.models import make_detector, make_segmenter  # noqa: E402

SEED = 4


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random YOLOS with three classes."""
    folder = tmp_path_factory.mktemp("yolos")
    torch.manual_seed(SEED)
    config = transformers.YolosConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=[64, 64],
        patch_size=16, num_detection_tokens=12, id2label={0: "People", 1: "car", 2: "Lamp"},
    )  # fmt: skip
    transformers.YolosForObjectDetection(config).save_pretrained(folder)
    size = {"height": 64, "width": 64}
    transformers.YolosImageProcessorPil(size=size, do_pad=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random SegFormer with four classes."""
    folder = tmp_path_factory.mktemp("segformer")
    torch.manual_seed(SEED)
    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 8, 8], num_attention_heads=[1, 1, 1, 1], decoder_hidden_size=8,
        id2label={0: "road", 1: "Car", 2: "sky", 3: "pedestrian"},
    )  # fmt: skip
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    transformers.SegformerImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def picture(height: int = 48, width: int = 90) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_detections_are_those_of_the_network(detector: Path) -> None:
    """Softmax over classes and "nothing", centre and size as fractions, in pixels of the image."""
    model, image = make_detector(f"hf:{detector}"), picture()
    assert tuple(model.classes) == ("person", "car", "traffic light")
    found = model.detect(image)
    network = transformers.YolosForObjectDetection.from_pretrained(detector).eval()
    processor = transformers.YolosImageProcessorPil.from_pretrained(detector)
    with torch.inference_mode():
        output = network(**processor(images=image, return_tensors="pt"))
    scores, classes = output.logits.softmax(-1)[0, :, :-1].max(-1)
    x, y, w, h = output.pred_boxes[0].double().unbind(-1)
    corners = np.stack([(x - w / 2) * 90, (y - h / 2) * 48, (x + w / 2) * 90, (y + h / 2) * 48], axis=1)
    order = np.argsort(-scores.numpy(), kind="stable")
    assert len(found) == 12
    np.testing.assert_allclose(found.scores, scores.numpy()[order], rtol=1e-5)
    np.testing.assert_array_equal(found.classes, classes.numpy()[order])
    np.testing.assert_allclose(found.corners, np.clip(corners[order], 0, [90, 48, 90, 48]), atol=1e-3)


def test_masks_are_those_of_the_network(segmenter: Path) -> None:
    model, image = make_segmenter(f"hf:{segmenter}"), picture()
    assert tuple(model.classes) == ("road", "car", "sky", "person")
    mask = model.segment(image)
    network = transformers.SegformerForSemanticSegmentation.from_pretrained(segmenter).eval()
    processor = transformers.SegformerImageProcessorPil.from_pretrained(segmenter)
    with torch.inference_mode():
        logits = network(**processor(images=image, return_tensors="pt")).logits
    whole = torch.nn.functional.interpolate(logits, (48, 90), mode="bilinear", align_corners=False)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, whole.argmax(1)[0].numpy())


def test_the_digest_follows_the_weights(detector: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(detector, other)
    assert make_detector(f"hf:{other}").digest == make_detector(f"hf:{detector}").digest
    network = transformers.YolosForObjectDetection.from_pretrained(other)
    with torch.no_grad():
        network.class_labels_classifier.layers[0].bias += 1
    network.save_pretrained(other)
    assert make_detector(f"hf:{other}").digest != make_detector(f"hf:{detector}").digest


def test_names_of_the_hub(detector: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is asked for with its revision, and without any code or pickled weights."""
    asked = []

    def download(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((name, revision, allow_patterns))
        return str(detector)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert make_detector("hf:somebody/yolos-tiny@abc").label == "yolos-tiny"
    assert asked == [("somebody/yolos-tiny", "abc", ["*.json", "*.safetensors"])]


def test_what_is_no_checkpoint(
    detector: Path, segmenter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="has no weights as safetensors"):
        make_detector(f"hf:{tmp_path}")
    with pytest.raises(InputError, match="no checkpoint for semantic segmentation"):
        make_segmenter(f"hf:{detector}")
    with pytest.raises(InputError, match="no checkpoint for object detection"):
        make_detector(f"hf:{segmenter}")
    cut = tmp_path / "cut"
    shutil.copytree(detector, cut)
    data = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="cut is no checkpoint for object detection that can be read"):
        make_detector(f"hf:{cut}")

    def refuse(*_: object, **__: object) -> str:
        raise OSError("no network\nat all")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(InputError, match=r"hf:no/body is no folder, nor can it be had from .*: [^\n]*$"):
        make_detector("hf:no/body")
