"""Networks for other programs: as ONNX graphs, each checked against PyTorch before it is written."""

from __future__ import annotations

from .onnx import Exported, export

__all__ = ["Exported", "export"]
