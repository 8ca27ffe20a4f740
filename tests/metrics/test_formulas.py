"""Every metric against its plain reading, on random images: smooth, noise, and flat patches with hard edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionbench.metrics import METRICS, evaluate

from .readings import READINGS
from .test_properties import FEW, Three, blocks, noise, smooth, triples

SUMS_OF_LOGARITHMS = {"VIFF@film", "VIF@tang", "VIF@tang2022", "VIFF@han2013"}  # the readings round differently: 1e-6
# Where windows are flat, these have no value or correlate rounding noise; the readings divide by it.
ROUNDING = {"Q_C@liu", "Q_Y@liu", "Q_P@liu", "Qcb@vifb", "Q_CB@liu", *(key for key in METRICS if "FMI" in key)}


def test_every_metric_has_a_reading() -> None:
    assert set(READINGS) == set(METRICS)


def agree(key: str, images: Three) -> None:
    """Compare a metric with its reading, on no more pixels than it needs: readings are slow."""
    side = max(METRICS[key].min_size, 14)
    f, a, b = (image[: side + 3, : side + 6] for image in images)
    (value,) = evaluate(f, a, b, metrics=[key]).values()
    with np.errstate(all="ignore"):
        wanted = READINGS[key](*(image.astype(np.float64) for image in (f, a, b)))
    tolerance = 1e-6 if key in SUMS_OF_LOGARITHMS else 1e-9
    assert value == pytest.approx(wanted, rel=tolerance, abs=tolerance, nan_ok=True)


@pytest.mark.parametrize("key", [key for key in READINGS if key not in ROUNDING])
@FEW
@given(images=triples(smooth, noise, blocks))
def test_reading(key: str, images: Three) -> None:
    agree(key, images)


@pytest.mark.parametrize("key", sorted(ROUNDING))
@FEW
@given(images=triples(smooth, noise), odd=st.booleans())
def test_reading_where_no_window_is_flat(key: str, images: Three, odd: bool) -> None:
    agree(key, tuple(image[:, odd:] for image in images))  # type: ignore[arg-type]
