"""Metrics of pyiqa under our names: MUSIQ@pyiqa, NIQE@pyiqa, LPIPS@pyiqa, whatever its list has.

They look at what a protocol scores: gray images, of which pyiqa gets three equal channels in 0..1. Those that need a
reference are taken against each source, and averaged. Its networks fetch their weights when they are first used.

Chen, Mo (2022): IQA-PyTorch: PyTorch Toolbox for Image Quality Assessment. https://github.com/chaofengc/IQA-PyTorch
"""

from __future__ import annotations

import warnings
from functools import cache
from math import inf
from typing import Any

import numpy as np

from ...errors import InputError, one_line, unknown
from ...extras import explained
from ..arrays.triple import Image, Triple
from ..arrays.types import Array, is_tensor
from ..catalog import LENDERS, Metric

CONVENTION = "pyiqa"
LICENCE = (
    "pyiqa is under the PolyForm Noncommercial licence, and its weights are under licences of their own: "
    "commercial use is not allowed"
)


def borrow(key: str) -> Metric | None:
    """Make the metric of a key NAME@pyiqa, in any case; None for another key.

    Raises
    ------
    MissingExtraError
        pyiqa is not installed.
    InputError
        It has no metric of this name, or cannot be used: its weights cannot be fetched, torchvision is another torch's.
    """
    name, _, convention = key.casefold().rpartition("@")
    if convention != CONVENTION:
        return None
    with explained():
        known = _names()
    if name not in known:
        raise unknown("metric of pyiqa", name, known)
    _tell_licence()
    try:
        model = _model(name, "cpu")
    except Exception as error:  # whatever its networks and their download raise
        why = one_line(error)
        raise InputError(
            f"pyiqa cannot make its metric {name!r} ({why}); it fetches weights at the first use"
        ) from error
    alone = model.metric_mode == "NR"

    def compute(triple: Triple) -> Array:
        if alone:
            return _measure(name, triple, triple.fused)
        values: Array = (
            _measure(name, triple, triple.fused, triple.a) + _measure(name, triple, triple.fused, triple.b)
        ) / 2
        return values

    of = "the fused image alone" if alone else "the fused image against each source, mean of the two"
    compute.__doc__ = f"pyiqa's {name} of {of}; gray as three equal channels in 0..1."
    return Metric(
        name.upper(), CONVENTION, compute, "lower" if model.lower_better else "higher",
        "Chen and Mo 2022, https://github.com/chaofengc/IQA-PyTorch; the paper of the metric is named there",
        (-inf, inf), f"{LICENCE}.", no_reference=alone, flips=False, transposes=False,
    )  # fmt: skip


@cache
def _names() -> list[str]:
    try:
        import pyiqa
    except ImportError:
        raise
    except Exception as error:  # torchvision says so where it was built for another torch
        raise InputError(f"pyiqa is installed, and cannot be imported: {one_line(error)}") from error
    return list(pyiqa.list_models())


@cache
def _tell_licence() -> None:
    warnings.warn(LICENCE, UserWarning, stacklevel=4)


@cache
def _model(name: str, device: str) -> Any:
    import pyiqa
    import torch

    return pyiqa.create_metric(name, device=torch.device(device))


def _measure(name: str, triple: Triple, *images: Image) -> Array:
    """Let pyiqa measure a batch, on the device of the tensors that were given, or on the CPU.

    Returns
    -------
    (N,) float64 array or tensor, like the images.
    """
    import torch

    tensors = is_tensor(triple.fused.pixels)
    planes: list[Any] = [
        image.data if tensors else torch.from_numpy(np.ascontiguousarray(image.data)) for image in images
    ]
    inputs = [plane.detach().float()[:, None].expand(-1, 3, -1, -1) / 255 for plane in planes]
    with torch.no_grad():
        value = _model(name, str(inputs[0].device))(*inputs).double().reshape(-1)
    result: Array = value if tensors else value.cpu().numpy()
    return result


LENDERS.append(borrow)
