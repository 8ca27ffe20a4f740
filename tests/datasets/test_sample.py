"""The sample set is the same every time, whole or not there, and shows what it claims to show."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy import constants

from fusionbench.datasets import FusionDataset, check, load_dataset, sample, to_gray
from fusionbench.datasets.sample import photos, render, shapes
from fusionbench.errors import InputError, RunError
from fusionbench.files import cache_folder


@pytest.fixture(scope="module")
def data() -> FusionDataset:
    return load_dataset("sample")


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_all_tasks_sizes_and_colours(data: FusionDataset) -> None:
    assert data.task == "mixed"
    assert Counter(pair.task for pair in data) == {"IVF": 3, "MIF": 3, "MEF": 3, "MFF": 3}
    shapes = set()
    for pair in data:
        a, b = data.read(pair)
        assert {"none": (2, 2), "b": (2, 3), "both": (3, 3)}[pair.colour] == (a.ndim, b.ndim), pair.name
        assert a.dtype == b.dtype == np.uint8
        assert 250 <= min(a.shape[:2]) <= max(a.shape[:2]) <= 480
        assert to_gray(a).std() > 10, pair.name  # something to see
        assert to_gray(b).std() > 10, pair.name
        shapes.add(a.shape[:2])
    assert len(shapes) >= 6
    assert check("sample").ok


def error(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.abs(to_gray(image) - to_gray(truth))


def test_ideal_image_of_multi_focus(data: FusionDataset) -> None:
    for pair in (pair for pair in data if pair.task == "MFF"):
        truth = data.read_truth(pair)
        assert truth is not None
        a, b = (error(image, truth) for image in data.read(pair))
        assert np.minimum(a, b).mean() < 0.7 * min(a.mean(), b.mean()), pair.name  # each is sharp elsewhere
        assert min(a.mean(), b.mean()) > 0.5, pair.name


def test_ideal_image_of_multi_exposure(data: FusionDataset) -> None:
    for pair in (pair for pair in data if pair.task == "MEF"):
        over, under = data.read(pair)
        assert to_gray(over).mean() > 2 * to_gray(under).mean(), pair.name
        if pair.truth is not None:
            truth = data.read_truth(pair)
            assert truth is not None
            assert truth.shape == over.shape


def test_heat_shows_what_light_does_not(data: FusionDataset) -> None:
    heat, light = (to_gray(image) for image in data.read(data["smoke"]))
    person = (slice(130, 230), slice(140, 180))  # hidden by smoke
    assert np.ptp(heat[person]) > 2 * np.ptp(light[person])
    sign = (slice(108, 155), slice(32, 78))  # print has the temperature of its ground
    assert light[sign].std() > 4 * heat[sign].std()


def test_same_every_time(data: FusionDataset, tmp_path: Path) -> None:
    code = "from fusionbench.datasets import load_dataset; load_dataset('sample')"
    environment = os.environ | {"FUSIONBENCH_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    assert digest(tmp_path / f"sample-{sample.VERSION}") == digest(data.root)
    assert len(digest(data.root)) == 24 + 5 + 3 + 3 + 1  # sources, ideal images, boxes, masks, and the hashes of all
    assert [path.name for path in tmp_path.iterdir()] == [f"sample-{sample.VERSION}"]


def few(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make the sample set small, and keep it in a folder of its own."""
    images = np.arange(48, dtype=np.uint8).reshape(6, 8), np.full((6, 8), 9, np.uint8)
    monkeypatch.setattr(sample, "_PAIRS", (("x", "IVF", "none", False), ("y", "MEF", "none", True)))
    small = ("x", images), ("y", (*images, images[0]))
    monkeypatch.setattr(sample, "make", lambda: iter(small))
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(folder))


def test_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, tmp_path)

    def full(*_: object) -> None:
        raise RunError("cannot write x: the disk is full")

    monkeypatch.setattr(sample, "write", full)
    with pytest.raises(RunError, match="the disk is full"):
        load_dataset("sample")
    assert not list(tmp_path.iterdir())


def test_cache_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    few(monkeypatch, tmp_path / "file" / "cache")
    with pytest.raises(RunError, match="set FUSIONBENCH_CACHE to a folder that can be written to"):
        load_dataset("sample")


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FUSIONBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "fusionbench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "fusionbench"


def test_other_splits_do_not_exist() -> None:
    with pytest.raises(InputError, match="sample has no split 'test': there is only 'all'"):
        load_dataset("sample", split="test")


def test_missing_photograph() -> None:
    with pytest.raises(InputError, match=r"needs the photograph nobody\.png of scikit-image"):
        photos.photograph("nobody.png", (0, 1, 0, 1), (1, 1))


def test_defocus_keeps_light_and_what_is_in_focus() -> None:
    sharp = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    depth = np.zeros((60, 80), np.float32)
    depth[:, 40:] = 1
    near, far = photos.focus_pair(sharp, depth, 4, layers=2)
    np.testing.assert_array_equal(near[:, :40], sharp[:, :40])
    np.testing.assert_array_equal(far[:, 46:], sharp[:, 46:])
    assert photos.linear(near).mean() == pytest.approx(photos.linear(sharp).mean(), rel=0.03)
    assert near[:, 50:].std() < 0.4 * sharp[:, 50:].std()


def test_planck() -> None:
    def radiance(kelvin: float) -> float:
        wave = 10e-6
        exponent = constants.h * constants.c / (wave * constants.k * kelvin)
        return 2 * constants.h * constants.c**2 / wave**5 / (np.exp(exponent) - 1)

    celsius = shapes.f32([-50, 0, 36.6, 100])
    expected = [radiance(float(value) + 273.15) / radiance(273.15) for value in celsius]
    np.testing.assert_allclose(render.planck(celsius), expected, rtol=1e-5)


def test_rays_hit_what_they_should() -> None:
    stuff = shapes.Material((0.5, 0.5, 0.5), 10)
    ray = shapes.f32([[0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]])
    origin = shapes.f32([[0, 0, 0]])
    ball = shapes.Ellipsoid((0, 5, 0), (1, 2, 1), stuff)
    np.testing.assert_allclose(ball.hit(origin, ray), [3, np.inf, np.inf])
    np.testing.assert_allclose(ball.normal(shapes.f32([[0, 3, 0]])), [[0, -1, 0]], atol=1e-6)
    block = shapes.box((2, 4), (2, 10), (-1, 1), stuff)
    np.testing.assert_allclose(block.hit(origin, ray), [np.inf, np.inf, 10 / 3], rtol=1e-6)
    assert len(block.corners()) == 8
    turned = block.moved(0, 0, 0, 90)  # x goes to y, y to -x
    np.testing.assert_allclose(turned.hit(origin, ray)[:2], [np.inf, np.inf])
    np.testing.assert_allclose(turned.hit(origin, shapes.f32([[-0.8, 0.6, 0]])), [10 / 3], rtol=1e-6)


def test_a_lamp_lights_by_distance_angle_and_shadow() -> None:
    ground = shapes.Material((1, 1, 1), 10)
    lamp = render.Lamp((0, 20, 4), (16, 16, 16))
    camera = render.Camera(41, 41, (0, 0, 20), 1.2, 45)
    roof = shapes.Group([shapes.box((-1, 1), (19, 21), (1, 1.2), ground)])
    open_light, _ = render.render(render.Scene((), ground, lamps=(lamp,)), camera, 1)
    covered, _ = render.render(render.Scene((roof,), shapes.Material((1, 1, 1), 10), lamps=(lamp,)), camera, 1)
    # straight below the lamp: 16 / 4 ** 2; the ray of the middle pixel meets the ground there
    assert open_light[20, 20, 0] == pytest.approx(1, rel=1e-3)
    # 5.33 m from the foot, height over distance is 0.6: 16 * 0.6 / 6.67 ** 2
    towards = camera.rays(1).reshape(41, 41, 3)
    foot = 20 * towards[..., :2] / -towards[..., 2:]
    away = np.hypot(foot[..., 0], foot[..., 1] - 20)
    np.testing.assert_allclose(open_light[..., 0], 16 * 4 / (16 + away**2) ** 1.5, rtol=2e-3)
    dark = (covered[..., 0] == 0).sum()
    assert dark > 10
    assert (open_light[..., 0] > 0).all()


@pytest.mark.parametrize("seed", range(40))
def test_a_changed_or_missing_file_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    few(monkeypatch, tmp_path / "new" / "cache")
    root = load_dataset("sample").root
    before = digest(root)
    draw = np.random.default_rng(seed)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    file = files[seed % len(files)]
    data = bytearray(file.read_bytes())
    match seed // len(files) % 5:
        case 0:
            data[draw.integers(len(data))] ^= 1 << int(draw.integers(8))
        case 1:
            del data[draw.integers(len(data)) :]
        case 2:
            data = bytearray(files[(seed + 1) % len(files)].read_bytes())  # another image, which is whole
        case 3:
            data = bytearray(b"\xff")
    file.write_bytes(data)
    if seed // len(files) % 5 == 4:
        file.unlink()
    assert digest(load_dataset("sample").root) == before


def test_what_is_whole_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, tmp_path)
    load_dataset("sample")
    monkeypatch.setattr(sample, "make", lambda: pytest.fail("it was made again"))
    assert len(load_dataset("sample")) == 2
