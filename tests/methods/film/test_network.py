from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor

from fusionbench.errors import InputError
from fusionbench.methods.film import attention, block
from fusionbench.methods.film.network import FilmNetwork
from fusionbench.methods.film.stage import Stage, _nearest

GRID = (32, 48)
Scene = tuple[Tensor, Tensor, Tensor]
State = dict[str, Tensor]

PARTS = {
    "text_process": 196_864, "restormerca1": 574_678, "restormerca2": 592_534, "restormerca3": 592_534,
    "restormer1": 72_136, "conv1": 2_080, "restormer2": 19_688, "restormer3": 19_688, "conv2": 33,
}  # fmt: skip


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameters_in_total_and_by_part(network: FilmNetwork) -> None:
    assert parameters(network) == 2_070_235
    assert len(network.state_dict()) == 189
    assert {name: parameters(child) for name, child in network.named_children()} == PARTS


@pytest.mark.parametrize("side", [288, 384, 48])
def test_samples_of_a_resize_are_those_that_torch_takes(side: int) -> None:
    for length in range(1, 700):
        for have, wanted in ((length, side), (side, length)):
            numbers = torch.arange(have, dtype=torch.float32)[None, None]
            resized = torch.nn.functional.interpolate(numbers, size=wanted, mode="nearest")[0, 0].long()
            chosen = _nearest(have, wanted, torch.device("cpu"))
            assert torch.equal(torch.arange(have) if chosen is None else chosen, resized)


def published_names() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors as the specification and the published code state them."""

    def transformer(name: str, d: int) -> dict[str, tuple[int, ...]]:
        norms = {f"{name}.norm{i}.body.{p}": (d,) for i in (1, 2) for p in ("weight", "bias")}
        return norms | {
            f"{name}.attn.temperature": (8, 1, 1), f"{name}.attn.qkv.weight": (3 * d, d, 1, 1),
            f"{name}.attn.qkv_dwconv.weight": (3 * d, 1, 3, 3), f"{name}.attn.project_out.weight": (d, d, 1, 1),
            f"{name}.ffn.project_in.weight": (8 * d, d, 1, 1), f"{name}.ffn.dwconv.weight": (8 * d, 1, 3, 3),
            f"{name}.ffn.project_out.weight": (d, 4 * d, 1, 1),
        }  # fmt: skip

    names: dict[str, tuple[int, ...]] = {"text_process.conv.weight": (256, 768, 1), "text_process.conv.bias": (256,)}
    for number, channels in ((1, 1), (2, 32), (3, 32)):
        stage = f"restormerca{number}"
        for x, attended in (("A", "A1"), ("B", "A2")):
            names[f"{stage}.conv{x}1.weight"] = (32, channels, 3, 3)
            for i, inputs in ((2, 32), (3, 64)):
                names |= {f"{stage}.conv{x}{i}.weight": (32, inputs, 1, 1), f"{stage}.conv{x}{i}.bias": (32,)}
            names |= {f"{stage}.prelu{x}{i}.weight": (1,) for i in (1, 2, 3)}
            names |= transformer(f"{stage}.restormer{x}1", 32)
            mha = f"{stage}.cross_attention{attended}.multihead_attn"
            names |= {f"{mha}.in_proj_weight": (768, 256), f"{mha}.in_proj_bias": (768,),
                      f"{mha}.out_proj.weight": (256, 256), f"{mha}.out_proj.bias": (256,)}  # fmt: skip
            token = f"{stage}.imagef2textf{x}1.conv"
            names |= {f"{token}.weight": (32, 32, 1, 1), f"{token}.bias": (32,)}
    names |= transformer("restormer1", 64) | transformer("restormer2", 32) | transformer("restormer3", 32)
    names |= {"conv1.weight": (32, 64, 1, 1), "conv1.bias": (32,), "conv2.weight": (1, 32, 1, 1), "conv2.bias": (1,)}
    return names


def test_tensor_names_and_shapes_are_the_published_ones(network: FilmNetwork) -> None:
    assert {name: tuple(t.shape) for name, t in network.state_dict().items()} == published_names()


@pytest.mark.parametrize(("dim", "name"), [(64, "restormer1"), (32, "restormer2")])
@pytest.mark.parametrize("size", [(3, 5), (1, 1), (21, 34)])
def test_transformer_block(
    network: FilmNetwork, state: State, published: ModuleType, dim: int, name: str, size: tuple[int, int]
) -> None:
    x = torch.randn(1, *size, dim, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        got = network.get_submodule(name)(x.clone()).permute(0, 3, 1, 2)
        wanted = published.block(state, name, x.permute(0, 3, 1, 2).double())
    torch.testing.assert_close(got.double(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("words", [1, 7, 60])
def test_text_attention(network: FilmNetwork, state: State, published: ModuleType, words: int) -> None:
    draw = torch.Generator().manual_seed(6)
    text, tokens = torch.randn(1, words, 256, generator=draw), torch.randn(1, 90, 256, generator=draw)
    assert attention.fewer_products(words) == (words < 37)
    name = "restormerca1.cross_attentionA1"
    with torch.inference_mode():
        got = network.get_submodule(name)(text, tokens, torch.full((1, words), 1 / words))
        mean = published.cross_attention(state, name, text.double(), tokens.double()).mean(dim=1)
    torch.testing.assert_close(got.double(), mean / mean.abs().sum(), rtol=1e-5, atol=1e-6)
    assert float(got.abs().sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", [GRID, (50, 70), (20, 20), (1, 1), (96, 31)])
def test_branch(network: FilmNetwork, state: State, published: ModuleType, size: tuple[int, int]) -> None:
    draw = torch.Generator().manual_seed(8)
    x, text = torch.randn(1, *size, 32, generator=draw), torch.randn(1, 3, 256, generator=draw)
    for letter in "AB":
        with torch.inference_mode():
            got = network.restormerca2.branch(letter, x, text, torch.full((1, 3), 1 / 3)).permute(0, 3, 1, 2)
            images = x.permute(0, 3, 1, 2).double()
            wanted = published.branch(state, "restormerca2", letter, images, text.double(), GRID)
        torch.testing.assert_close(got.double(), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("words", [5, 50])
def test_network_agrees_with_the_published_operations(
    network: FilmNetwork, exact: FilmNetwork, state: State, published: ModuleType, scene: Scene, words: int
) -> None:
    a, b, _ = scene
    text = torch.randn(1, words, 768, generator=torch.Generator().manual_seed(9))
    doubles = a.double(), b.double(), text.double()
    with torch.inference_mode():
        wanted = published.film(state, *doubles, GRID)
        got, precise = network(a, b, text), exact(*doubles)
    assert wanted.std() > 0.05  # a flat image would agree with anything
    torch.testing.assert_close(precise, wanted, rtol=0, atol=1e-10)
    torch.testing.assert_close(got.double(), wanted, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_published_grid(
    published: ModuleType, enliven: Callable[[FilmNetwork], FilmNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 288x384 there are 13 824 tokens of 256, and the output has the shape of the input."""
    network = enliven(FilmNetwork()).eval()
    seen = []
    weigh = attention.TextAttention.forward
    monkeypatch.setattr(
        attention.TextAttention, "forward", lambda self, *args: seen.append(args[1].shape) or weigh(self, *args)
    )
    a, b, text = torch.rand(1, 1, 288, 384), torch.rand(1, 1, 288, 384), torch.randn(1, 4, 768)
    with torch.inference_mode():
        got = network(a, b, text)
        wanted = published.film(network.state_dict(), a, b, text)
    assert got.shape == a.shape
    assert set(seen) == {(1, 13_824, 256)}
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)


def test_tokens_are_neighbours_in_the_raster_of_a_channel(network: FilmNetwork) -> None:
    stage: Stage = network.restormerca1
    features = torch.randn(1, *GRID, 32)
    conv = stage.get_submodule("imagef2textfA1.conv")
    with torch.inference_mode():
        maps = conv(features.permute(0, 3, 1, 2))
        tokens = stage.tokens("A", features)
    assert tokens.shape == (1, 32 * GRID[0] * GRID[1] // 256, 256)
    torch.testing.assert_close(tokens[0, 7], maps[0, 1].flatten()[256:512])


def fuse(network: FilmNetwork, a: Tensor, b: Tensor, text: Tensor, **given: Tensor) -> Tensor:
    with torch.inference_mode():
        fused: Tensor = network(a, b, text, **given)
    return fused


def test_order_and_number_of_equal_texts_do_not_matter(network: FilmNetwork, scene: Scene) -> None:
    a, b, text = scene
    fused = fuse(network, a, b, text)
    torch.testing.assert_close(fuse(network, a, b, text[:, [3, 0, 4, 1, 2]]), fused, rtol=0, atol=1e-6)
    torch.testing.assert_close(fuse(network, a, b, text.repeat(1, 2, 1)), fused, rtol=0, atol=1e-6)
    torch.testing.assert_close(fuse(network, a, b, text[:, None]), fused, rtol=0, atol=0)


def test_the_text_and_the_order_of_the_sources_matter(network: FilmNetwork, scene: Scene) -> None:
    a, b, text = scene
    fused = fuse(network, a, b, text)
    assert float((fuse(network, b, a, text) - fused).abs().max()) > 1e-2
    assert float((fuse(network, a, b, text.flip(2)) - fused).abs().max()) > 1e-5


def test_a_batch_is_its_pairs(network: FilmNetwork) -> None:
    draw = torch.Generator().manual_seed(2)
    a, b = torch.rand(2, 1, 40, 30, generator=draw), torch.rand(2, 1, 40, 30, generator=draw)
    short, long = torch.randn(3, 768, generator=draw), torch.randn(6, 768, generator=draw)
    text = torch.stack([torch.cat([short, torch.full((3, 768), 9.0)]), long])
    shares = torch.stack([torch.tensor([1 / 3] * 3 + [0.0] * 3), torch.full((6,), 1 / 6)])
    both = fuse(network, a, b, text, shares=shares)
    for i, alone in enumerate((short, long)):
        torch.testing.assert_close(both[i : i + 1], fuse(network, a[i:][:1], b[i:][:1], alone[None]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("pixels", [1, 100, 700])
def test_strips_change_nothing(
    network: FilmNetwork, scene: Scene, pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fuse(network, *scene)
    monkeypatch.setitem(block.STRIP, "cpu", pixels)
    torch.testing.assert_close(fuse(network, *scene), whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_gradients_are_those_of_the_published_operations(
    published: ModuleType, scene: Scene, checkpointing: bool, monkeypatch: pytest.MonkeyPatch,
    enliven: Callable[[FilmNetwork], FilmNetwork],
) -> None:  # fmt: skip
    network = enliven(FilmNetwork(GRID, checkpointing))
    monkeypatch.setitem(block.STRIP, "cpu", 500)
    network(*scene).square().sum().backward()
    state = {name: tensor.detach().clone().requires_grad_() for name, tensor in network.state_dict().items()}
    published.film(state, *scene, GRID).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        wanted = state[name].grad
        assert wanted is not None, name
        scale = float(wanted.abs().max()) + 1e-6
        assert float((parameter.grad - wanted).abs().max()) < 1e-3 * scale, name


def test_bfloat16_is_near(network: FilmNetwork, scene: Scene) -> None:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        half = network(*scene)
    assert half.dtype == torch.float32
    assert float((half - fuse(network, *scene)).abs().mean()) < 0.05


@pytest.mark.parametrize("grid", [(30, 40), (0, 256), (-16, -16)])
def test_a_grid_that_makes_no_tokens(grid: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="multiples of 16"):
        FilmNetwork(grid)
