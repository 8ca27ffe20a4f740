"""Models of Hugging Face's transformers (extra `tasks`): a folder, or a name on the hub, with a revision behind an @.

Each is used as its own image processor says: size, range, and how boxes and masks come out. Only tensors are read, as
safetensors, and no code of a checkpoint's is run.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.annotations import in_words_of_coco
from ...datasets.labels import VOID
from ...errors import InputError, one_line
from ...files import sha256_once
from ..records import Detections
from .interface import Image
from .onnx import LEAST, MOST

PREFIX = "hf:"
_PATTERNS = ("*.json", "*.safetensors")


class _Model:
    """A network with its image processor.

    Parameters
    ----------
    name : a folder, or NAME or NAME@REVISION of the hub.

    Raises
    ------
    InputError
        `transformers` is not installed, or there is no such checkpoint of this kind.
    """

    loader: str
    kind: str

    def __init__(self, name: str) -> None:
        if find_spec("transformers") is None:
            raise InputError(f"{PREFIX}{name} needs transformers: pip install 'fusionbench-suite[tasks]'")
        self.label = Path(name.partition("@")[0]).name
        self._folder = _folder(name)
        self.digest = _digest(self._folder)
        self._processor, self._network = _load(self._folder, self.loader, self.kind)
        names = self._network.config.id2label
        self.classes: Sequence[str] = tuple(in_words_of_coco(str(names[place])) for place in sorted(names))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self._folder),)

    def _compute(self, image: Image) -> Any:
        import torch

        with torch.inference_mode():
            return self._network(
                **self._processor(images=image, return_tensors="pt", input_data_format="channels_last")
            )


class HuggingFaceDetector(_Model):
    """A checkpoint for object detection: DETR, RT-DETR, YOLOS and whatever else `transformers` knows.

    Detections count from a score of 0.01 on, the surest hundred of an image; no boxes are suppressed but by the
    checkpoint's own rule.
    """

    loader, kind = "AutoModelForObjectDetection", "object detection"

    def detect(self, image: Image) -> Detections:
        """Find the objects of an image; see `Detector`."""
        size = image.shape[:2]
        found = self._processor.post_process_object_detection(
            self._compute(image), threshold=LEAST, target_sizes=[size]
        )[0]
        corners, classes, scores = (found[key].numpy() for key in ("boxes", "labels", "scores"))
        height, width = size
        corners = np.clip(corners.astype(np.float64).reshape(-1, 4), 0, [width, height, width, height])
        whole = np.flatnonzero((corners[:, 2:] > corners[:, :2]).all(axis=1))
        kept = whole[np.argsort(-scores[whole], kind="stable")][:MOST]
        return Detections(corners[kept], classes[kept].astype(np.int64), scores[kept].astype(np.float64))


class HuggingFaceSegmenter(_Model):
    """A checkpoint for semantic segmentation: SegFormer, UPerNet, DPT and whatever else `transformers` knows."""

    loader, kind = "AutoModelForSemanticSegmentation", "semantic segmentation"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        if len(self.classes) > VOID:
            raise InputError(f"{PREFIX}{name} has {len(self.classes)} classes, and masks have room for {VOID}")

    def segment(self, image: Image) -> NDArray[np.uint8]:
        """Say of each pixel what it shows; see `Segmenter`."""
        output = self._compute(image)
        mask = self._processor.post_process_semantic_segmentation(output, target_sizes=[image.shape[:2]])[0]
        return np.asarray(mask.numpy(), np.uint8)


def _folder(name: str) -> Path:
    """Find the folder of a checkpoint; one of the hub is fetched, once."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=list(_PATTERNS)))
    except Exception as error:  # of names that cannot be, of servers, of disks: each has a class of its own
        raise InputError(
            f"{PREFIX}{name} is no folder, nor can it be had from Hugging Face's hub: {one_line(error)}"
        ) from error


def _digest(folder: Path) -> str:
    """Hash what a checkpoint consists of."""
    files = sorted({path for pattern in _PATTERNS for path in folder.glob(pattern)})
    return hashlib.sha256("\n".join(f"{path.name} {sha256_once(path)}" for path in files).encode()).hexdigest()


def _load(folder: Path, loader: str, kind: str) -> tuple[Any, Any]:
    import transformers

    if not any(folder.glob("*.safetensors")):
        raise InputError(f"{folder} has no weights as safetensors, the only ones that are read: convert its others")
    options = {"local_files_only": True, "trust_remote_code": False}
    speaks = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            processor = transformers.AutoImageProcessor.from_pretrained(folder, **options)
            network, told = getattr(transformers, loader).from_pretrained(
                folder, use_safetensors=True, output_loading_info=True, **options
            )
    except Exception as error:  # damaged files make every library raise its own
        raise InputError(f"{folder} is no checkpoint for {kind} that can be read: {one_line(error)}") from error
    finally:
        transformers.logging.set_verbosity(speaks)
        transformers.logging.enable_progress_bar()
    if told["missing_keys"]:
        some = ", ".join(sorted(told["missing_keys"])[:3])
        raise InputError(f"{folder} is no checkpoint for {kind}: it lacks {some}")
    return processor, network.eval()
