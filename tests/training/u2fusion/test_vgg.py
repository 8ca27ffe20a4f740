"""VGG-16's features, against an independent reading, and its loader."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from fusionbench.errors import InputError, RunError
from fusionbench.training.recipes.u2fusion import vgg as vgg_module
from fusionbench.training.recipes.u2fusion.vgg import BLOCKS, VGG16, load_vgg

from ..runs import random_vgg

RELEASES = {  # the number of white, and what is subtracted and divided by
    "caffe": (255.0, [103.939, 116.779, 123.68], [1.0] * 3),
    "torchvision": (1.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
}


@pytest.fixture(scope="module")
def named() -> dict[str, torch.Tensor]:
    return random_vgg(1)


def reading(named: dict[str, Tensor], x: Tensor) -> list[Tensor]:
    """The five maps by the definition, float64."""
    maps = []
    for block, numbers in enumerate(BLOCKS):
        x = functional.max_pool2d(x, 2) if block else x
        for number in numbers:
            kernel, bias = (named[f"features.{number}.{part}"].double() for part in ("weight", "bias"))
            x = functional.conv2d(x, kernel, bias, padding=1).relu()
        maps.append(x)
    return maps


@pytest.mark.parametrize("release", ["caffe", "torchvision"])
def test_features_are_those_of_the_definition(
    named: dict[str, torch.Tensor], tmp_path: Path, release: vgg_module.Release
) -> None:
    torch.save(named, tmp_path / "weights.pth")
    network = load_vgg(tmp_path / "weights.pth", release)
    gray = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    white, means, deviations = RELEASES[release]
    prepared = (gray.double() * white - torch.tensor(means).view(3, 1, 1)) / torch.tensor(deviations).view(3, 1, 1)
    with torch.no_grad():
        found = network(gray)
    for level, expected in zip(found, reading(named, prepared), strict=True):
        torch.testing.assert_close(level.double(), expected, rtol=2e-3, atol=1e-4 * float(expected.abs().max()))


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
