"""Models that look at images: detectors and segmenters, each under a name that stands in every result."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from .interface import Detector, Image, Segmenter

__all__ = ["Detector", "Image", "Segmenter", "make_detector"]


def make_detector(spec: str) -> Detector:
    """Make a detector.

    Parameters
    ----------
    spec : a name of the weights catalogue ("yolox-nano"); an ONNX file of the layouts that are known; `hf:` and a
        checkpoint of transformers, a folder or a name of the hub; or `cmd:` and a command line (`command`).

    Raises
    ------
    InputError
        Its file is not here, or is of a kind that is not read.
    """
    if spec.startswith("hf:"):
        from .huggingface import HuggingFaceDetector

        return HuggingFaceDetector(spec.removeprefix("hf:"))
    if spec.startswith("cmd:"):
        from .command import CommandDetector

        return CommandDetector(spec.removeprefix("cmd:"))
    from ...weights.catalog import weights_of
    from ...weights.fetch import weights_path
    from .onnx import OnnxDetector

    known = [weights.name for weights in weights_of("detection")]
    path = Path(spec).expanduser()
    if spec in known or not path.suffix:
        path = weights_path(spec, "detection")
    elif path.suffix.casefold() != ".onnx":
        raise InputError(f"the detector {spec} is none of {', '.join(known)}, nor an ONNX file")
    return OnnxDetector(path, label=spec if spec in known else path.stem)


def make_segmenter(spec: str) -> Segmenter:
    """Make a segmenter.

    Parameters
    ----------
    spec : `hf:` and a checkpoint of transformers; `cmd:` and a command line; or the weights that
        `fusionbench tasks train` wrote (`best.safetensors`).

    Raises
    ------
    InputError
        Its file is not here, or is of a kind that is not read.
    """
    if spec.startswith("hf:"):
        from .huggingface import HuggingFaceSegmenter

        return HuggingFaceSegmenter(spec.removeprefix("hf:"))
    if spec.startswith("cmd:"):
        from .command import CommandSegmenter

        return CommandSegmenter(spec.removeprefix("cmd:"))
    from .small import SmallSegmenter

    return SmallSegmenter(spec)
