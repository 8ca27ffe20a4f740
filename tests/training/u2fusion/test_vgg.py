"""VGG-16's features, against an independent reading, and its loader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fusionbench.errors import InputError, RunError
from fusionbench.training.recipes.u2fusion import vgg as vgg_module
from fusionbench.training.recipes.u2fusion.vgg import BLOCKS, VGG16, load_vgg

from ..runs import random_vgg

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def named() -> dict[str, torch.Tensor]:
    return random_vgg(1)


def convolve(x: Array, kernel: Array, bias: Array) -> Array:
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(kernel), *x.shape[1:])) + bias[:, None, None]
    for i in range(3):
        for j in range(3):
            out += np.tensordot(kernel[:, :, i, j], padded[:, i : i + x.shape[1], j : j + x.shape[2]], axes=1)
    return out


def reading(named: dict[str, torch.Tensor], x: Array) -> list[Array]:
    """The five maps by the definition, float64."""
    maps = []
    for block, numbers in enumerate(BLOCKS):
        if block:
            x = x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))
        for number in numbers:
            kernel, bias = (named[f"features.{number}.{part}"].double().numpy() for part in ("weight", "bias"))
            x = np.maximum(convolve(x, kernel, bias), 0)
        maps.append(x)
    return maps


@pytest.mark.parametrize("release", ["caffe", "torchvision"])
def test_features_are_those_of_the_definition(
    named: dict[str, torch.Tensor], tmp_path: Path, release: vgg_module.Release
) -> None:
    torch.save(named, tmp_path / "weights.pth")
    network = load_vgg(tmp_path / "weights.pth", release)
    gray = np.random.default_rng(0).random((16, 16), dtype=np.float32)
    if release == "caffe":
        prepared = gray[None] * 255.0 - np.array([103.939, 116.779, 123.68])[:, None, None]
    else:
        prepared = (gray[None] - np.array([0.485, 0.456, 0.406])[:, None, None]) / np.array([0.229, 0.224, 0.225])[
            :, None, None
        ]
    with torch.no_grad():
        found = network(torch.from_numpy(gray)[None, None])
    for level, expected in zip(found, reading(named, prepared.astype(np.float64)), strict=True):
        np.testing.assert_allclose(level[0], expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


def test_features_carry_no_gradient(named: dict[str, torch.Tensor]) -> None:
    assert not any(parameter.requires_grad for parameter in VGG16().parameters())


def test_the_release_is_known_from_the_file(named: dict[str, torch.Tensor], tmp_path: Path) -> None:
    for name, extra, release in (
        ("vgg16-397923af.pth", {}, "torchvision"),
        ("mine.pth", {"classifier.0.weight": torch.zeros(2, 2)}, "torchvision"),
        ("mine2.pth", {}, "caffe"),
    ):
        torch.save({**named, **extra}, tmp_path / name)
        assert load_vgg(tmp_path / name).release == release


def test_by_default_the_published_file_is_fetched(
    named: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(named, tmp_path / "vgg16-397923af.pth")
    monkeypatch.setattr(vgg_module, "locate", lambda name: None)
    monkeypatch.setattr(vgg_module, "fetch", lambda name: tmp_path / "vgg16-397923af.pth")
    assert load_vgg().release == "torchvision"

    def unreachable(name: str) -> Path:
        raise RunError("cannot download")

    monkeypatch.setattr(vgg_module, "fetch", unreachable)
    with pytest.raises(RunError, match="cannot download"):
        load_vgg()


def test_another_network_is_refused(named: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save({k: v for k, v in named.items() if k != "features.7.bias"}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"is not VGG-16: the tensor features.7.bias is missing"):
        load_vgg(tmp_path / "a.pth")
    torch.save({**named, "features.7.bias": torch.zeros(3)}, tmp_path / "b.pth")
    with pytest.raises(InputError, match=r"features.7.bias is \(3,\), not \(128,\)"):
        load_vgg(tmp_path / "b.pth")
