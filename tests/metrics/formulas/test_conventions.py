"""What the protocols of VIFB and of Tang's code do with colour and with constant images."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from fusionbench.metrics import evaluate, get_protocol

from ..readings import READINGS
from .common import scene, value


def test_spatial_frequency_counts_the_seams_of_the_channels() -> None:
    fused, a, b = (image.astype(np.uint8) for image in scene(4, (13, 17, 3)))
    wide = [np.concatenate([image[..., k] for k in range(3)], axis=1).astype(float) for image in (fused, a, b)]
    scores = evaluate(fused, a, b, protocol="vifb", metrics="Spatial_frequency")
    assert scores["Spatial_frequency"] == pytest.approx(READINGS["Spatial_frequency@vifb"](*wide), rel=1e-12)


def test_vifb_takes_the_mean_of_the_channels() -> None:
    fused, a, b = (image.astype(np.uint8) for image in scene(5, (24, 26, 3)))
    infrared = a[..., 0]
    scores = evaluate(fused, infrared, b, protocol="vifb")
    assert list(scores) == [key.partition("@")[0] for key in get_protocol("vifb").metrics]
    assert len(scores) == 13
    for name in set(scores) - {"Spatial_frequency"}:
        channels = [value(f"{name}@vifb", fused[..., k], infrared, b[..., k]) for k in range(3)]
        assert scores[name] == pytest.approx(np.mean(channels), rel=1e-10)


@pytest.mark.parametrize(
    ("protocol", "without"),
    [("vifb", {"Qcb", "Qcv"}), ("tang", {"CC", "SCD", "VIF"}), ("tang2022", {"CC", "SCD", "VIF"})],
)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_constant_images_have_a_value_or_a_reason(protocol: str, without: set[str], level: int) -> None:
    flat = np.full((48, 50), level, dtype=np.uint8)
    keys = [key for key in get_protocol(protocol).metrics if "FMI" not in key]
    scores = evaluate(flat, flat, flat, protocol=protocol, metrics=keys)
    # zeros surround the image, so that only black has no edge at all
    wanted = without if level else without | {"Qabf"}
    assert {name for name, score in scores.items() if isnan(score)} == wanted
    assert set(scores.reasons) == wanted
