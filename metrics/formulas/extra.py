"""Metrics beyond the four code bases: what the papers themselves define.

VIFF of Han et al. is in `han`, Piella's Q, Q_W and Q_E in `similarity`.
"""

from __future__ import annotations

from ..catalog import adopt
from . import exposure, han, similarity  # noqa: F401  (they register)

adopt(
    "MS_SSIM@tang", "MEF_SSIM", "ma2015",
    note="the index of the paper, over three scales; Tang's code calls it MS_SSIM, and its finest scale MEF_SSIM",
)  # fmt: skip
