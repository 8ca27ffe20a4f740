"""Losses and information weights, against independent readings of their definitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage, signal
from skimage.metrics import structural_similarity

from fusionbench.training.recipes.u2fusion import information
from fusionbench.training.recipes.u2fusion.information import (
    EnergyStore,
    InformationWeights,
    gradient_energy,
    reference_patches,
)
from fusionbench.training.recipes.u2fusion.loss import gradient_gap, ms_ssim, mse, shared, ssim
from fusionbench.training.recipes.u2fusion.vgg import VGG16, load_vgg

Array = NDArray[np.float64]


def images(count: int, size: int, seed: int = 0) -> torch.Tensor:
    noise = np.random.default_rng(seed).random((count, 1, size, size))
    return torch.from_numpy(ndimage.gaussian_filter(noise, (0, 0, 1, 1)))


def window(size: int) -> Array:
    ramp = np.arange(size) - (size - 1) / 2
    line = np.exp(-(ramp**2) / (2 * 1.5**2))
    return np.outer(line, line) / np.outer(line, line).sum()


def ssim_maps(x: Array, y: Array, size: int) -> tuple[float, float]:
    """Similarity and contrast-structure by their textbook formulas, each local moment by a direct correlation."""

    def local(image: Array) -> Array:
        return signal.correlate2d(image, window(size), mode="valid")

    mx, my = local(x), local(y)
    vx, vy, cov = local(x * x) - mx**2, local(y * y) - my**2, local(x * y) - mx * my
    contrast = (2 * cov + 0.03**2) / (vx + vy + 0.03**2)
    return float(((2 * mx * my + 0.01**2) / (mx**2 + my**2 + 0.01**2) * contrast).mean()), float(contrast.mean())


def test_ssim_is_that_of_scikit_image() -> None:
    x, y = images(3, 64), images(3, 64, seed=1)
    for i, value in enumerate(ssim(x, y)):
        _, full = structural_similarity(
            x[i, 0].numpy(), y[i, 0].numpy(), data_range=1, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, full=True,
        )  # fmt: skip
        assert float(value) == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-9)


def test_ms_ssim_is_the_product_over_scales() -> None:
    x, y = images(2, 64), images(2, 64, seed=1)
    for i, value in enumerate(ms_ssim(x, y)):
        a, b = x[i, 0].numpy(), y[i, 0].numpy()
        expected = 1.0
        for level, exponent in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
            assert a.shape[0] == 64 // 2**level
            similarity, contrast = ssim_maps(a, b, (11, 11, 11, 8, 4)[level])
            expected *= (((similarity if level == 4 else contrast) + 1) / 2) ** exponent
            a, b = (image.reshape(len(image) // 2, 2, -1, 2).mean(axis=(1, 3)) for image in (a, b))
        assert float(value) == pytest.approx(expected, abs=1e-9)


def test_mse_is_of_each_image() -> None:
    x, y = images(2, 16), images(2, 16, seed=1)
    expected = [np.mean((x[i].numpy() - y[i].numpy()) ** 2) for i in range(2)]
    np.testing.assert_allclose(mse(x, y), expected, rtol=1e-12)


def test_shares_weigh_each_pair_or_the_batch() -> None:
    first, second = torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])
    shares = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    assert float(shared(first, second, shares)) == pytest.approx((0.9 + 1 + 0.4 + 16) / 2)
    assert float(shared(first, second, shares, of_batch=True)) == pytest.approx(0.55 * 1.5 + 0.45 * 15)


def test_gradient_gap_follows_the_stronger_source() -> None:
    a = torch.tensor([[[[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]]])  # one step of 1 in each row
    b = torch.tensor([[[[0.5, 0.4, 0.8], [0.5, 0.4, 0.8]]]])  # steps of -0.1 and 0.4
    ideal = torch.tensor([[[[0.0, 1.0, 1.4], [0.0, 1.0, 1.4]]]])
    assert float(gradient_gap(ideal, a, b)) == pytest.approx(0, abs=1e-7)
    flat = torch.full_like(a, 0.5)
    assert float(gradient_gap(flat, a, b)) == pytest.approx((1 + 0.4) / 2 / 2)  # rows are constant down the columns


@pytest.mark.parametrize("loss", [ssim, ms_ssim, mse])
def test_gradients_of_similarities(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
    x, y = images(1, 16), images(1, 16, seed=1)
    assert torch.autograd.gradcheck(lambda fused: loss(fused, y), (x.requires_grad_(),))


def test_gradients_of_the_gap() -> None:
    fused, a, b = (images(1, 8, seed=i) for i in range(3))
    assert torch.autograd.gradcheck(lambda x: gradient_gap(x, a, b), (fused.requires_grad_(),))


def test_gradient_energy_is_the_squared_laplacian() -> None:
    maps = np.random.default_rng(0).standard_normal((2, 3, 9, 7))
    kernel = np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]]) / 8
    expected = [np.mean([ndimage.convolve(plane, kernel, mode="constant") ** 2 for plane in image]) for image in maps]
    np.testing.assert_allclose(gradient_energy(torch.from_numpy(maps)), expected, rtol=1e-12)


@pytest.fixture(scope="module")
def vgg() -> VGG16:
    """VGG-16 with weights of a suitable size."""
    torch.manual_seed(0)
    network = VGG16()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3 if parameter.ndim == 1 else (2 / parameter[0].numel()) ** 0.5)
    return network


def test_energy_reads_the_patch_as_the_authors_do(vgg: VGG16) -> None:
    patch = images(1, 64).float()
    grown = np.empty((224, 224))
    for i in range(224):
        for j in range(224):
            grown[i, j] = patch[0, 0, i * 64 // 224, j * 64 // 224]
    with torch.no_grad():
        maps = vgg(torch.from_numpy(grown[None, None]).float())
    expected = np.mean([float(gradient_energy(level)) for level in maps])
    assert [level.shape[1:] for level in maps] == [
        (64, 224, 224), (128, 112, 112), (256, 56, 56), (512, 28, 28), (512, 14, 14),
    ]  # fmt: skip
    assert float(InformationWeights(vgg).energy(patch)) == pytest.approx(expected, rel=1e-4)


def test_shares_are_a_softmax_at_the_tasks_temperature(vgg: VGG16) -> None:
    energies = torch.tensor([[1000.0, 2000.0]] * 4)
    shares = InformationWeights(vgg).from_energies(energies, ["IVF", "MEF", "MFF", "MIF"])
    second = [1 / (1 + np.exp(-1000 / c)) for c in (3200, 3500, 100, 3200)]
    np.testing.assert_allclose(shares[:, 1], second, rtol=1e-5)
    np.testing.assert_allclose(shares.sum(dim=1), 1, rtol=1e-6)


def test_a_temperature_belongs_to_a_release(vgg: VGG16, monkeypatch: pytest.MonkeyPatch) -> None:
    torchvision = VGG16("torchvision")
    assert InformationWeights(torchvision, "port").temperature("MFF") == 35
    weights = InformationWeights(torchvision)
    monkeypatch.setattr(weights, "energy", lambda patches: torch.full((len(patches),), 67.2176))
    assert weights.temperature("IVF") == pytest.approx(32.0)
    assert weights.temperature("MFF") == pytest.approx(1.0)


def test_the_reference_energy_is_that_of_the_caffe_weights(shared: Path) -> None:
    network = load_vgg(shared / "weights/vgg16_imagenet_conv_fp16.safetensors")
    assert network.release == "caffe"
    energies = InformationWeights(network).energy(reference_patches()[::4])
    np.testing.assert_allclose(energies, [1366.4969, 9254.1973], rtol=1e-4)  # a first run, kept as it was
    assert pytest.approx(6721.76) == information.REFERENCE_ENERGY


def test_sharp_patches_weigh_more_than_blurred_ones(shared: Path) -> None:
    network = load_vgg(shared / "weights/vgg16_imagenet_conv_fp16.safetensors")
    sharp = reference_patches()[3:4]
    blurred = torch.from_numpy(ndimage.gaussian_filter(sharp.numpy(), (0, 0, 2, 2)))
    weights = InformationWeights(network)
    shares = weights.from_energies(torch.stack([weights.energy(sharp), weights.energy(blurred)], dim=1), ["MFF"])
    assert float(shares[0, 0]) > 0.99


def test_energies_are_kept_and_found_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def compute(patches: torch.Tensor) -> torch.Tensor:
        asked.append(len(patches))
        return patches.mean(dim=(1, 2, 3)) + 0.1

    patch = torch.round(images(3, 16).float() * 255) / 255
    path = tmp_path / "deep/energies.bin"
    first = EnergyStore(path, compute)(patch)
    torch.testing.assert_close(first, patch.mean(dim=(1, 2, 3)) + 0.1)
    assert asked == [1, 1, 1]
    path.write_bytes(path.read_bytes() + b"cut")  # a write that a kill cut short
    again = EnergyStore(path, compute)
    assert torch.equal(again(patch), first)
    again(1 - patch[:1])
    assert len(asked) == 4
    assert path.stat().st_size == 4 * 20


def test_one_orientation_stands_for_all(tmp_path: Path) -> None:
    store = EnergyStore(tmp_path / "e.bin", lambda patches: patches[:, 0, 0, 1], mirrored=True)
    patch = torch.round(images(1, 16).float() * 255) / 255
    turned = [patch, patch.flip(2), patch.flip(3), patch.flip(2, 3)]
    turned += [image.transpose(2, 3) for image in turned]
    assert len({float(store(image)) for image in turned}) == 1
