"""Metrics of pyiqa, with a package in its place that has two, and with itself where it is installed.

It needs torchvision, and most of its metrics fetch weights.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import fusionbench  # noqa: E402
from fusionbench.bench import run  # noqa: E402
from fusionbench.errors import InputError  # noqa: E402
from fusionbench.metrics import METRICS, get_metric  # noqa: E402
from fusionbench.metrics.bridges import borrowed  # noqa: E402


class Brightness(torch.nn.Module):
    """Like pyiqa's models: (N, 3, H, W) in 0..1, a value each, (N, 1); no reference."""

    metric_mode, lower_better = "NR", False

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        assert image.shape[1] == 3
        assert image.min() >= 0
        assert image.max() <= 1
        return image.mean(dim=(1, 2, 3))[:, None]


class Distance(torch.nn.Module):
    """The same, with a reference."""

    metric_mode, lower_better = "FR", True

    def forward(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        return (image - reference).abs().amax(dim=(1, 2, 3))


@pytest.fixture
def pyiqa(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    module = ModuleType("pyiqa")
    models = {"bright+": Brightness, "far-l1": Distance}
    module.list_models = lambda: [*models]  # type: ignore[attr-defined]
    module.create_metric = lambda name, device: models[name]().to(device)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyiqa", module)
    before = dict(METRICS)
    borrowed._names.cache_clear()
    borrowed._model.cache_clear()
    borrowed._tell_licence.cache_clear()
    with pytest.warns(UserWarning, match="PolyForm Noncommercial"):
        get_metric("bright+@pyiqa")
    yield module
    METRICS.clear()
    METRICS.update(before)
    borrowed._names.cache_clear()
    borrowed._model.cache_clear()


def test_values_are_those_of_the_library(pyiqa: ModuleType) -> None:
    rng = np.random.default_rng(4)
    fused, a, b = rng.integers(0, 256, (3, 5, 40, 48), dtype=np.uint8)
    keys = ["BRIGHT+@pyiqa", "far-l1@PYIQA"]
    scores = fusionbench.evaluate(fused, a, b, metrics=keys)
    assert [*scores] == ["BRIGHT+@pyiqa", "FAR-L1@pyiqa"]
    inputs = [torch.from_numpy(x).float()[:, None].expand(-1, 3, -1, -1) / 255 for x in (fused, a, b)]
    near = {"rtol": 1e-6, "atol": 0}  # pyiqa computes in float32
    np.testing.assert_allclose(scores["BRIGHT+@pyiqa"], Brightness()(inputs[0])[:, 0], **near)
    distance = Distance()
    wanted = (distance(inputs[0], inputs[1]).double() + distance(inputs[0], inputs[2]).double()) / 2
    np.testing.assert_allclose(scores["FAR-L1@pyiqa"], wanted, **near)
    tensors = fusionbench.evaluate(*map(torch.from_numpy, (fused, a, b)), metrics=keys)
    assert torch.is_tensor(tensors["FAR-L1@pyiqa"])
    np.testing.assert_allclose(tensors["FAR-L1@pyiqa"], wanted, **near)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["ssim", "ms_ssim", "fsim", "gmsd", "vif", "nlpd", "entropy"])
def test_values_of_the_library_itself(name: str) -> None:
    """Those without weights, of gray images as three equal channels; float32 has an order of sums."""
    library = pytest.importorskip("pyiqa")
    borrowed._names.cache_clear()
    rng = np.random.default_rng(4)
    fused, a, b = rng.integers(0, 256, (3, 192, 208), dtype=np.uint8)
    inputs = [torch.from_numpy(x).float()[None, None].expand(1, 3, -1, -1) / 255 for x in (fused, a, b)]
    model = library.create_metric(name, device=torch.device("cpu"))
    pairs = [inputs[:1]] if model.metric_mode == "NR" else [inputs[:2], inputs[::2]]
    with torch.no_grad():
        wanted = np.mean([model(*pair).item() for pair in pairs])
    (value,) = fusionbench.evaluate(fused, a, b, metrics=[f"{name}@pyiqa"]).values()
    assert value == pytest.approx(wanted, rel=1e-6)


def test_they_stand_in_a_leaderboard(pyiqa: ModuleType, tmp_path: Path) -> None:
    rows = run("average", "sample", limit=2, metrics=["EN", "far-l1@pyiqa"], out=tmp_path)
    assert rows["FAR-L1@pyiqa"].between(0, 1).all()
    assert "FAR-L1 ↓" in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")


def test_names_are_those_of_its_list(pyiqa: ModuleType) -> None:
    assert get_metric("Bright+@pyiqa").no_reference
    assert get_metric("FAR-L1@pyiqa").better == "lower"
    with pytest.raises(InputError, match=r"unknown metric of pyiqa 'brigth\+': did you mean 'bright\+'\?"):
        get_metric("brigth+@pyiqa")


def test_what_it_cannot_make_is_a_sentence(pyiqa: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(name: str, device: object) -> None:
        raise OSError("<urlopen error Name or service not known>\nand more")

    monkeypatch.setattr(pyiqa, "create_metric", create)
    with pytest.raises(InputError, match=r"cannot make its metric 'far-l1' \(OSError: .*not known.*\); it fetches"):
        get_metric("far-l1@pyiqa")


def test_a_torchvision_of_another_torch_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyiqa.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pyiqa", raising=False)
    borrowed._names.cache_clear()
    with pytest.raises(InputError, match=r"pyiqa is installed, and cannot be imported: .*torchvision::nms does not"):
        get_metric("far-l1@pyiqa")


def test_without_it_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    borrowed._names.cache_clear()
    with pytest.raises(InputError, match=r"this needs pyiqa, .* pip install 'fusionbench-suite\[pyiqa\]'"):
        fusionbench.evaluate(*np.zeros((3, 16, 16), np.uint8), metrics="MUSIQ@pyiqa")
