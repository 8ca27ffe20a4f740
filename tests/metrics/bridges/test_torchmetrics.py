"""Our metrics as torchmetrics': values, state, and what several processes would add up."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchmetrics")

import fusionbench  # noqa: E402
from fusionbench.errors import InputError  # noqa: E402
from fusionbench.metrics import list_metrics  # noqa: E402
from fusionbench.metrics.bridges.torchmetrics import FusionMetric, collection  # noqa: E402


@pytest.fixture(scope="module")
def batch() -> list[torch.Tensor]:
    """Fused images and two sources, (6, 1, 64, 72) in 0..1."""
    a, b = (torch.rand(6, 1, 64, 72, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    return [(a + b) / 2, a, b]


KEYS = [record.key for record in list_metrics() if not record.ideal]


def test_every_metric_is_one_of_torchmetrics(batch: list[torch.Tensor]) -> None:
    directly = fusionbench.evaluate(*batch, metrics=KEYS, data_range=1)
    for key in KEYS:
        metric = FusionMetric(key, data_range=1)
        metric.update(*batch)
        values = np.asarray(directly.get(key, directly.get(key.partition("@")[0])))
        np.testing.assert_allclose(float(metric.compute()), np.nanmean(values), rtol=1e-12, err_msg=key)
        assert metric.key == key


def test_batches_and_processes_add_up(batch: list[torch.Tensor]) -> None:
    whole, one, other = (FusionMetric("SSIM", data_range=1) for _ in range(3))
    whole.update(*batch)
    for start, metric in ((0, one), (2, one), (3, other)):
        stop = {0: 2, 2: 3, 3: 6}[start]
        metric.update(*(part[start:stop] for part in batch))
    states = [{"total": m.total, "count": m.count} for m in (one, other)]  # as an all-reduce with "sum" adds them
    assert {m._reductions[name] for m in (one,) for name in ("total", "count")} == {whole._reductions["total"]}
    summed = sum(state["total"] for state in states) / sum(state["count"] for state in states)
    torch.testing.assert_close(summed, whole.compute(), rtol=1e-12, atol=0)
    again = pickle.loads(pickle.dumps(one))
    assert again.compute() == one.compute()
    one.reset()
    assert one.count == 0
    loaded = copy.deepcopy(other)
    loaded.reset()
    loaded.persistent(True)
    other.persistent(True)
    loaded.load_state_dict(other.state_dict())
    assert loaded.count == other.count


def test_a_triple_without_a_value_does_not_count(batch: list[torch.Tensor]) -> None:
    flat = [part.clone() for part in batch]
    flat[1][0] = flat[0][0] = 0.5
    values = fusionbench.evaluate(*flat, metrics="CC", data_range=1)["CC"]
    assert int(torch.isnan(values).sum()) == 1
    metric = FusionMetric("CC", data_range=1)
    metric.update(*flat)
    assert metric.count == 5
    torch.testing.assert_close(metric.compute(), torch.nanmean(values))


def test_it_says_its_direction_and_comes_as_a_collection(batch: list[torch.Tensor]) -> None:
    made = collection("film", data_range=1)
    made.update(*batch)
    directly = fusionbench.evaluate(*batch, data_range=1)
    computed = made.compute()
    assert computed.keys() == directly.keys()
    for name, value in computed.items():
        torch.testing.assert_close(value, directly[name].mean(), msg=name)
    assert (FusionMetric("MSE").higher_is_better, FusionMetric("SSIM").higher_is_better) == (False, True)
    assert fusionbench.torchmetrics.FusionMetric is FusionMetric
    with pytest.raises(InputError, match="did you mean"):
        FusionMetric("SSIMM")
