"""Our metrics for training and validation loops: each as a `torchmetrics.Metric`, with state, batches and DDP."""

from __future__ import annotations

from typing import Any

import torch

from ...errors import InputError
from ...extras import explained
from ..catalog import get_metric
from ..evaluation import evaluate, select
from ..inputs.axes import Axes
from ..inputs.ranges import DataRange
from ..protocols import Protocol

with explained():
    from torchmetrics import Metric, MetricCollection


class FusionMetric(Metric):
    """The mean of a metric over all triples that were given, of whichever process.

    Parameters
    ----------
    metric : a name within the protocol ("SSIM"), or a key of any convention ("SSIM@tang").
    protocol : whose conventions and colour policy hold.
    data_range, axes : as `fusionbench.evaluate` takes them: `data_range=1` for tensors in 0..1.
    **options : those of `torchmetrics.Metric`.

    Attributes
    ----------
    key : name and convention, "SSIM@film".
    total, count : the state: the sum of the values, and how many triples had one; both are summed over processes.

    Raises
    ------
    InputError
        There is no such metric, or it is not one metric.

    Examples
    --------
    >>> ssim = FusionMetric("SSIM@film", data_range=1)  # doctest: +SKIP
    >>> for fused, ir, vi in batches:  # doctest: +SKIP
    ...     ssim.update(fused, ir, vi)
    >>> ssim.compute()  # doctest: +SKIP
    tensor(1.2092, dtype=torch.float64)
    """

    full_state_update = False
    total: torch.Tensor
    count: torch.Tensor

    def __init__(
        self,
        metric: str,
        protocol: str | Protocol = "film",
        data_range: DataRange | None = None,
        axes: Axes | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        chosen = select(protocol, [metric])
        if len(chosen) != 1:
            raise InputError(f"{metric!r} is several metrics: name one by its key")
        (self._name, record), *_ = chosen.items()
        self.key = record.key
        self._protocol, self._data_range, self._axes = protocol, data_range, axes
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool | None:  # type: ignore[override]  # a constant there, and one for each here
        """Whether more is better; None where the best is 0."""
        return {"higher": True, "lower": False, "zero": None}[get_metric(self.key).better]

    @property
    def is_differentiable(self) -> bool:  # type: ignore[override]
        """Whether its gradient is right."""
        return get_metric(self.key).differentiable

    def update(self, fused: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> None:
        """Take in a batch, as `fusionbench.evaluate` takes it; triples without a value do not count."""
        scores = evaluate(fused, a, b, self._protocol, [self._name], data_range=self._data_range, axes=self._axes)
        values = torch.as_tensor(scores[self._name], dtype=torch.float64).reshape(-1).to(self.total.device)
        there = ~torch.isnan(values)
        self.total = self.total + values[there].sum()
        self.count = self.count + there.sum()

    def compute(self) -> torch.Tensor:
        """Return the mean, a float64 scalar; NaN where no triple had a value."""
        return self.total / self.count

    def __repr__(self) -> str:
        return f"FusionMetric({self.key!r})"


def collection(protocol: str | Protocol = "film", **options: Any) -> MetricCollection:
    """Make every metric of a protocol, by its name; `options` as `FusionMetric` takes them."""
    return MetricCollection({name: FusionMetric(r.key, protocol, **options) for name, r in select(protocol).items()})
