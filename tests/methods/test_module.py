"""A network that is given as its module."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from fusionbench.bench.measure import count, scene
from fusionbench.errors import InputError
from fusionbench.methods import get_method

torch = pytest.importorskip("torch")

DOCS = Path(__file__).parents[2] / "docs" / "extending.md"
NETWORK = """
import torch
from torch import nn


class FusionNet(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.out, self.drop = nn.Conv2d(4, output, 1), nn.Dropout(0.5)

    def forward(self, visible, infrared):
        x = self.drop(self.norm(self.conv(torch.cat([visible, infrared], 1))).relu())
        return self.out(x).sigmoid()
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The example of the documentation, beside a small network with its weights."""
    (example,) = re.findall(r"```python\n(# seafusion_own\.py\n.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "seafusion_own.py").write_text(example)
    (tmp_path / "FusionNet.py").write_text(NETWORK)
    return tmp_path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    shapes = {"conv.weight": (4, 2, 3, 3), "conv.bias": (4,), "out.weight": (1, 4, 1, 1), "out.bias": (1,)}
    shapes |= {f"norm.{part}": (4,) for part in ("weight", "bias", "running_mean", "running_var")}
    state = {name: torch.rand(shape, generator=draw) for name, shape in shapes.items()}
    torch.save({"epoch": 3, "net": {**state, "norm.num_batches_tracked": torch.tensor(9)}}, folder / "w.pth")
    return state


def test_the_example_of_the_documentation_equals_a_plain_pass(own: Path) -> None:
    p = weights(own)
    method = get_method(f"{own / 'seafusion_own.py'}:Own", weights=str(own / "w.pth"))
    a, b = np.random.default_rng(1).random((2, 3, 1, 9, 8), np.float32)
    x = torch.nn.functional.conv2d(
        torch.from_numpy(np.concatenate([b, a], 1)), p["conv.weight"], p["conv.bias"], padding=1
    )
    mean, variance, gain, offset = (
        p[f"norm.{part}"].view(1, -1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
    )
    x = ((x - mean) / (variance + 1e-5).sqrt() * gain + offset).relu()
    wanted = torch.nn.functional.conv2d(x, p["out.weight"], p["out.bias"]).sigmoid().numpy()
    np.testing.assert_allclose(method.fuse(a, b), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(method)).fuse(a, b), method.fuse(a, b))
    assert method.quantise == "minmax-truncate"
    assert list(method.weights_record["files"]) == ["w.pth"]  # type: ignore[index]
    assert count(method, scene((8, 8), "IVF")) == (89, 64 * 2 * (4 * 2 * 9 + 4))


def test_what_tiles_share_is_counted_once(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights(own)
    method = get_method(f"{own / 'seafusion_own.py'}:Own", weights=str(own / "w.pth"))
    monkeypatch.setattr(type(method), "margin", 1)
    method.tile = 64
    a, b = np.random.default_rng(1).random((2, 1, 1, 90, 130), np.float32)
    tiled, method.tile = method.fuse(a, b), None
    np.testing.assert_allclose(tiled, method.fuse(a, b), rtol=0, atol=1e-6)
    method.tile = 64
    assert count(method, scene((90, 130), "IVF"))[1] == 90 * 130 * 2 * (4 * 2 * 9 + 4)
    assert method.tile == 64


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"conv.bias": None}, "tensor 'conv.bias' is missing"),
        ({"conv.bias": torch.zeros(5)}, r"tensor 'conv.bias' is \(5,\), not \(4,\)"),
        ({"more.bias": torch.zeros(5)}, "tensor 'more.bias' is none of its own"),
        ({"conv.bias": torch.full((4,), torch.nan)}, "not all finite"),
    ],
)
def test_other_weights_are_refused_in_a_sentence(own: Path, change: dict[str, object], sentence: str) -> None:
    state = {**weights(own), **change}
    torch.save({name: tensor for name, tensor in state.items() if tensor is not None}, own / "w.pth")
    method = get_method(f"{own / 'seafusion_own.py'}:Own", weights=str(own / "w.pth"))
    with pytest.raises(InputError, match=f"cannot use the weights .*w.pth: .*{sentence}"):
        method.check([])
