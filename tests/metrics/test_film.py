"""The film convention against plain float64 readings of its definitions, on images of our own and on real ones."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from fusionbench.metrics import evaluate

from .golden.make import FILM, triples
from .readings import READINGS

FOLDER = Path(__file__).parent / "golden"
TRIPLES = ["TNO_08_DenseFuse", "TNO_37_SeAFusion", "VIFB_carShadow_CNN", "VIFB_walking_ADF"]


def table() -> list[dict[str, str]]:
    with (FOLDER / "values.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def tolerance(key: str) -> float:
    return 1e-6 if key == "VIFF@film" else 1e-9


def read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None, f"{path} cannot be decoded"
    return image


@pytest.mark.parametrize("row", table(), ids=lambda row: f"{row['triple']}-{row['metric']}")
def test_small_golden_set(row: dict[str, str]) -> None:
    images = [read(FOLDER / f"{row['triple']}_{part}.png") for part in ("fused", "a", "b")]
    (value,) = evaluate(*images, metrics=[row["metric"]]).values()
    assert value == pytest.approx(float(row["value"]), rel=0, abs=tolerance(row["metric"]))


def test_small_golden_set_is_what_its_script_makes() -> None:
    for name, three in triples().items():
        for part, image in zip(("fused", "a", "b"), three, strict=True):
            np.testing.assert_array_equal(read(FOLDER / f"{name}_{part}.png"), image)
    stored = [(r["triple"], r["metric"]) for r in table()]
    assert stored == [(name, key) for name in triples() for key in FILM]


@pytest.mark.parametrize("key", FILM)
@pytest.mark.parametrize("name", TRIPLES)
def test_real_triples(shared_data: Path, name: str, key: str) -> None:
    images = [read(shared_data / "triples" / f"{name}_{part}.png") for part in ("fused", "ir", "vi")]
    assert all(image.ndim == 2 for image in images)
    cut = [image[40:168, 50:200] for image in images]  # the plain readings are slow
    (value,) = evaluate(*cut, metrics=[key]).values()
    wanted = READINGS[key](*(image.astype(np.float64) for image in cut))
    assert value == pytest.approx(wanted, rel=0, abs=tolerance(key))


@pytest.mark.parametrize("key", FILM)
def test_fractions(key: str) -> None:
    """Grey values need not be whole; what counts levels rounds them."""
    rng = np.random.default_rng(5)
    f, a, b = (cv2.GaussianBlur(rng.uniform(0, 255, (64, 75)), (5, 5), 1.0) for _ in range(3))
    (value,) = evaluate(f, a, b, metrics=[key]).values()
    levels = (np.rint(x) for x in (f, a, b))
    wanted = READINGS[key](*levels) if key in ("EN@film", "MI@film") else READINGS[key](f, a, b)
    assert value == pytest.approx(wanted, rel=0, abs=tolerance(key))


def test_viff_of_a_flat_source_is_one() -> None:
    texture = np.random.default_rng(6).integers(0, 256, (50, 50)).astype(np.uint8)
    flat = np.full_like(texture, 90)
    assert evaluate(texture, flat, flat, metrics="VIFF")["VIFF"] == 2.0
    assert evaluate(texture, texture, flat, metrics="VIFF")["VIFF"] == pytest.approx(2.0, abs=1e-9)


def test_viff_needs_41_pixels() -> None:
    images = list(np.random.default_rng(7).integers(0, 256, (3, 41, 60)).astype(np.uint8))
    assert evaluate(*images)["VIFF"] > 0
    scores = evaluate(*(image[:40] for image in images))
    assert np.isnan(scores["VIFF"])
    assert scores.reasons == {"VIFF": "needs at least 41 pixels on each side, here are 40"}


def test_psnr_has_the_fused_image_as_its_peak() -> None:
    fused, source = np.full((4, 4), 100.0), np.full((4, 4), 90.0)
    assert evaluate(fused, source, source, metrics="PSNR")["PSNR"] == pytest.approx(20.0)


def test_mi_and_en_of_known_distributions() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    scores = evaluate(ramp, ramp, np.zeros_like(ramp), metrics="EN,MI")
    assert scores["EN"] == pytest.approx(8.0)
    assert scores["MI"] == pytest.approx(8 * np.log(2))
