"""Images in tiles equal whole images, for every method that takes the option. Networks reach as far as they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.methods import ModuleMethod, get_method
from fusionbench.methods.quantise import quantise
from fusionbench.methods.tiles import in_tiles, regions

torch = pytest.importorskip("torch")
from fusionbench.methods.u2fusion.network import Generator  # noqa: E402
from fusionbench.weights import save_state  # noqa: E402

from ..zoo.plain import random_state  # noqa: E402

TILED = ["u2fusion", "densefuse", "densefuse[fusion=l1]", "didfuse", "didfuse[fusion=l1]", "sdnet", "seafusion", "auif"]
TILED += ["ifcnn[channels=exact]"]
WHOLE = ["lrrnet", "datfuse", "ydtr", "matr", "pmgi"]
SIZES = [(151, 205), (64, 333), (333, 41)]  # several tiles of 64 in one direction or both


def method_of(spec: str, folder: Path, **options: Any) -> Any:
    name = spec.partition("[")[0]
    torch.manual_seed(4)
    if name == "u2fusion":
        save_state(folder / "w.safetensors", Generator().state_dict())
        return get_method(spec, weights=str(folder / "w.safetensors"), **options)
    torch.save({"weight": random_state(name)}, folder / "w.pth")
    return get_method(spec, weights=str(folder / "w.pth"), **options)


def noise(*size: int) -> Any:
    return np.random.default_rng(5).random((2, 1, 1, *size), np.float32)


@pytest.mark.parametrize("spec", TILED)
@pytest.mark.parametrize("size", SIZES)
def test_tiles_equal_the_whole_image(tmp_path: Path, spec: str, size: tuple[int, int]) -> None:
    sources = noise(*size)
    whole, tiled = (method_of(spec, tmp_path, tile=tile).fuse(*sources) for tile in (None, 64))
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=2e-6 * max(1.0, float(np.abs(whole).max())))
    rule = get_method(spec).quantise
    levels = [quantise(image[0, 0], rule).astype(int) for image in (tiled, whole)]
    assert np.abs(levels[0] - levels[1]).max() <= 1  # where rounding falls on the other side of a half
    assert (levels[0] != levels[1]).mean() < 1e-3
    assert np.unique(levels[1]).size > 5


@pytest.mark.parametrize("spec", TILED)
def test_a_pixel_tells_as_far_as_the_margin(tmp_path: Path, spec: str) -> None:
    method = method_of(spec, tmp_path, tile=None)
    (a, b), reach = noise(150, 41), method.margin
    changed = a.copy()
    changed[..., :1, :] = 1 - changed[..., :1, :]
    differs = (np.abs(method.fuse(a, b) - method.fuse(changed, b))[0, 0] > 1e-6).any(axis=1)
    assert not differs[reach + 1 :].any()  # fast convolutions round a block, so a little more of them
    assert differs[: min(6, reach // 2)].all()  # what comes from further away is mostly too little to see


@pytest.mark.parametrize("name", WHOLE)
def test_networks_without_the_option_see_the_whole_image(tmp_path: Path, name: str) -> None:
    method = method_of(name, tmp_path)
    a, b = noise(150, 41)
    changed = a.copy()
    changed[..., :9, :] = 2 * changed[..., :9, :]
    assert (method.fuse(a, b) != method.fuse(changed, b))[0, 0, -9:].any()
    with pytest.raises(InputError, match=r"unknown option of method .* 'tile'"):
        get_method(f"{name}[tile=512]")


def test_large_images_alone_are_fused_in_tiles_unless_one_says_otherwise() -> None:
    seen: list[tuple[int, ...]] = []

    def fuse(a: Any, b: Any) -> Any:
        seen.append(a.shape[-2:])
        return np.concatenate([a + b, a - b], axis=1)

    a, b = np.random.default_rng(0).random((2, 1, 1, 1500, 2049), np.float32)
    for tile, count in (("auto", 3), (None, 1), (400, 24)):
        seen.clear()
        fused = in_tiles(fuse, (a, b), 7, tile)  # type: ignore[arg-type]
        np.testing.assert_array_equal(fused, np.concatenate([a + b, a - b], axis=1))
        assert abs(len(seen) - count) <= count // 4
    seen.clear()
    in_tiles(fuse, (a[..., :1024, :2048], b[..., :1024, :2048]), 7, "auto")
    assert seen == [(1024, 2048)]


@pytest.mark.parametrize("size", [(2, 2), (480, 640), (1, 5000), (3000, 21), (1023, 771)])
def test_regions_cover_the_image_once_and_begin_at_multiples(size: tuple[int, int]) -> None:
    times = np.zeros(size, int)
    places = np.arange(times.size).reshape(size)
    for (rows, columns), (inner_rows, inner_columns), place in regions(*size, 5000, 9, 8):
        times[rows, columns][inner_rows, inner_columns] += 1
        np.testing.assert_array_equal(places[place], places[rows, columns][inner_rows, inner_columns])
        assert rows.start % 8 == columns.start % 8 == 0
        assert rows.start == 0 or inner_rows.start >= 9
        assert rows.stop == size[0] or rows.stop - rows.start - inner_rows.stop == 9
    assert (times == 1).all()


def test_the_option_tells_no_runs_apart() -> None:
    tiled, plain = get_method("densefuse[tile=512]"), get_method("densefuse")
    assert (tiled.tile, plain.tile, get_method("u2fusion[tile=none]").tile) == (512, "auto", None)
    assert (tiled.label, tiled.options) == (plain.label, plain.options)
    with pytest.raises(InputError, match="tile=32 is too small"):
        get_method("densefuse[tile=32]")
    with pytest.raises(InputError, match="'tile' of method 'sdnet' must be a whole number or auto or none, not 'big'"):
        get_method("sdnet[tile=big]")


class Own(ModuleMethod):
    """A module of somebody's own, of two layers."""

    name, reference = "own", "none"
    module, margin = lambda: Two(), 2


class Two(torch.nn.Module):  # type: ignore[misc,name-defined]
    """Both sources through 3x3 twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, a: Any, b: Any) -> Any:
        return self.second(self.first(torch.cat([a, b], dim=1)).relu()).sigmoid()


def test_a_module_that_says_its_margin_is_tiled(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(Two().state_dict(), tmp_path / "w.pth")
    method = Own(str(tmp_path / "w.pth"))
    whole = method.fuse(*noise(151, 205))
    method.tile = 64
    np.testing.assert_allclose(method.fuse(*noise(151, 205)), whole, rtol=0, atol=1e-6)
