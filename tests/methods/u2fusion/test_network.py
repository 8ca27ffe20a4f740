"""The network, its fast form, and the published images."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionbench.datasets.images import read
from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError
from fusionbench.methods.u2fusion.checkpoints import SHAPES
from fusionbench.methods.u2fusion.method import U2Fusion
from fusionbench.methods.u2fusion.network import RADIUS, Generator
from fusionbench.methods.u2fusion.winograd import FastGenerator
from fusionbench.weights import save_state

from ...film import plain_reading


@pytest.fixture(scope="module")
def network() -> Generator:
    torch.manual_seed(3)
    network = Generator().eval()
    for parameter in network.parameters():
        if parameter.ndim == 1:  # biases start at zero, which would hide a mistake
            torch.nn.init.uniform_(parameter, -0.1, 0.1)
    return network


def sources(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    noise = np.random.default_rng(height * 1000 + width).random((2, 1, 1, height, width), dtype=np.float32)
    return torch.from_numpy(noise[0]), torch.from_numpy(noise[1])


def test_it_has_the_published_tensors(network: Generator) -> None:
    assert sum(p.numel() for p in network.parameters()) == 659_217
    assert {k: tuple(v.shape) for k, v in network.state_dict().items() if k.endswith("weight")} == {
        f"{layer}.weight": shape for layer, shape in SHAPES.items()
    }


def test_it_starts_as_the_official_one() -> None:
    torch.manual_seed(0)
    state = Generator().state_dict()
    kernel = state["decoder.conv2_1.weight"]
    assert kernel.abs().max() <= 0.1
    # the deviation of a normal of 0.05 that is cut at two deviations
    assert float(kernel.std()) == pytest.approx(0.05 * 0.8796, rel=5e-3)
    assert not state["decoder.conv2_1.bias"].any()


@torch.inference_mode()
def test_it_is_the_specified_network(network: Generator) -> None:
    first, second = sources(9, 12)
    state = {name: tensor.double() for name, tensor in network.state_dict().items()}
    expected = plain_reading("plain_u2fusion").u2fusion(state, first.double(), second.double())
    torch.testing.assert_close(network(first, second).double(), expected, rtol=1e-7, atol=2e-6)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(2, 2), (2, 33), (5, 3), (16, 16), (37, 50), (65, 34)])
@pytest.mark.parametrize("padding", ["reflect", "zeros"])
def test_the_fast_pass_agrees(network: Generator, size: tuple[int, int], padding: str) -> None:
    plain = Generator("zeros" if padding == "zeros" else "reflect")
    plain.load_state_dict(network.state_dict())
    first, second = sources(*size)
    torch.testing.assert_close(FastGenerator(plain)(first, second), plain(first, second), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_regions_leave_no_seam(network: Generator) -> None:
    first, second = sources(70, 90)
    cut, whole = FastGenerator(network, pixels=1000), FastGenerator(network)
    torch.testing.assert_close(cut(first, second), whole(first, second), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_pixel_sees_no_further_than_the_radius(network: Generator) -> None:
    first, second = sources(41, 41)
    changed = first.clone()
    changed[..., 0] = 1 - changed[..., 0]
    differs = (network(first, second) != network(changed, second))[0, 0].any(dim=0)
    assert differs[: RADIUS + 1].all()
    assert not differs[RADIUS + 1 :].any()


@pytest.fixture
def weights(network: Generator, tmp_path: Path) -> str:
    save_state(tmp_path / "w.safetensors", network.state_dict())
    return str(tmp_path / "w.safetensors")


def test_order_follows_the_task(network: Generator, weights: str) -> None:
    method = U2Fusion(weights)
    a, b = (s.numpy() for s in sources(8, 8))
    two = np.concatenate([a, a]), np.concatenate([b, b])
    dummy = np.zeros((8, 8), np.uint8)
    pairs = [Pair("x", dummy, dummy, "IVF"), Pair("y", dummy, dummy, "MEF")]
    fused = method.fuse(*two, pairs=pairs)
    with torch.inference_mode():
        ab, ba = (network(torch.from_numpy(x), torch.from_numpy(y)).numpy()[0] for x, y in ((a, b), (b, a)))
    np.testing.assert_allclose(fused, [ba, ab], atol=1e-5)
    for order, expected in (("ab", ab), ("ba", ba)):
        method = U2Fusion(weights, order=order)  # type: ignore[arg-type]
        np.testing.assert_allclose(method.fuse(a, b, pairs=pairs[:1]), [expected], atol=1e-5)


def test_it_travels_to_a_worker_after_its_first_image(weights: str) -> None:
    method = U2Fusion(weights)
    a, b = (s.numpy() for s in sources(8, 8))
    before = method.fuse(a, b)
    sent = pickle.dumps(method)
    assert len(sent) < 10_000
    np.testing.assert_array_equal(pickle.loads(sent).fuse(a, b), before)


def test_an_image_without_neighbours_is_refused(weights: str) -> None:
    line = np.zeros((1, 1, 1, 30), np.float32)
    with pytest.raises(InputError, match="at least 2x2 pixels, this one is 1x30"):
        U2Fusion(weights).fuse(line, line)


@pytest.mark.parametrize("name", ["u2fusion_official.safetensors", "u2fusion_tf1"])
@pytest.mark.parametrize("picture", ["08", "37"])
def test_it_reproduces_published_images(shared: Path, name: str, picture: str) -> None:
    """Two of the ten here; `test_all_published_images` takes all."""
    check_picture(shared, U2Fusion(weights=str(shared / "weights" / name), order="ab"), f"{picture}.png")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["u2fusion_official.safetensors", "u2fusion_tf1"])
def test_all_published_images(shared: Path, name: str) -> None:
    method = U2Fusion(weights=str(shared / "weights" / name), order="ab")
    pictures = sorted((shared / "fused/TNO/U2Fusion").glob("*.png"))
    assert len(pictures) == 10
    for picture in pictures:
        check_picture(shared, method, picture.name)


def check_picture(shared: Path, method: U2Fusion, name: str) -> None:
    published = read(shared / "fused/TNO/U2Fusion" / name)
    sources = [read(shared / "data/TNO" / side / name)[None, None] for side in ("ir", "vi")]
    fused = method.fuse(*(source.astype(np.float32) / np.float32(255) for source in sources))[0, 0]
    stretched = (fused - fused.min()) / (fused.max() - fused.min())
    difference = np.abs(np.floor(stretched * np.float32(255) + np.float32(0.5)) - published)
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 1e-4 * difference.size
