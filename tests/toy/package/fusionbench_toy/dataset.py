"""A data set that is computed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusionbench.datasets import Pair
from fusionbench.datasets.spec import DatasetSpec


def _pairs() -> Iterator[Pair]:
    draw = np.random.default_rng(0)
    for number in range(4):
        a, b = draw.integers(0, 256, (2, 40, 48), dtype=np.uint8)
        yield Pair(f"noise{number}", a, b, "IVF")


TOY = DatasetSpec("toy", "IVF", "noise", ("noise", "noise"), "none", pairs="4", make=_pairs)
