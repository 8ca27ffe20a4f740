"""Fixtures of FILM's tests, which lie in several rooms; PyTorch is imported when one is asked for."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch

    from fusionbench.methods.film.network import FilmNetwork

GRID = (32, 48)
GAIN = 0.9


def plain_reading(name: str) -> ModuleType:
    """Import a network as published, in eager PyTorch: what the benchmark times against."""
    path = Path(__file__).resolve().parents[1] / "speed" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def published() -> ModuleType:
    """The network as published."""
    return plain_reading("plain_film")


def lively(network: FilmNetwork) -> FilmNetwork:
    """Give every parameter a value that matters: fresh ones make a flat image, on which nothing can be seen."""
    import torch

    draw = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=draw)
            if "body.weight" in name or "temperature" in name:
                parameter.copy_(1 + 0.3 * noise)
            elif parameter.ndim < 2:
                parameter.copy_(0.2 * noise + (0.25 if "prelu" in name else 0))
            else:
                parameter.copy_(noise * (GAIN / parameter[0].numel() ** 0.5))
    return network


@pytest.fixture(scope="session")
def enliven() -> Callable[[FilmNetwork], FilmNetwork]:
    return lively


@pytest.fixture(scope="session")
def network() -> FilmNetwork:
    from fusionbench.methods.film.network import FilmNetwork

    return lively(FilmNetwork(GRID)).eval()


@pytest.fixture(scope="session")
def exact(network: FilmNetwork) -> FilmNetwork:
    """The same network in float64, where rounding hides nothing."""
    from fusionbench.methods.film.network import FilmNetwork

    twin = FilmNetwork(GRID).double().eval()
    twin.load_state_dict(network.state_dict())
    return twin


@pytest.fixture(scope="session")
def state(exact: FilmNetwork) -> dict[str, torch.Tensor]:
    return exact.state_dict()


@pytest.fixture(scope="session")
def scene() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two images that differ in size from the grid, and a text."""
    import torch

    draw = torch.Generator().manual_seed(1)
    a, b = (torch.rand(1, 1, 50, 70, generator=draw) for _ in range(2))
    return a, b, torch.randn(1, 5, 768, generator=draw)
