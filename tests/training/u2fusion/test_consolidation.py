"""Fisher information and the penalty for forgetting, against a network of which both are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fusionbench.training.recipes.u2fusion.consolidation import Anchor, anchor
from fusionbench.training.recipes.u2fusion.rmsprop import TensorFlowRMSProp


def test_fisher_is_the_mean_squared_gradient_of_batches() -> None:
    """loss = mean (w x + b)^2 has the gradients 2 mean (w x + b) x and 2 mean (w x + b)."""
    network = nn.Linear(1, 1).double()
    w, b = (float(p.detach()) for p in network.parameters())
    batches = [np.random.default_rng(i).standard_normal(5) for i in range(4)]
    losses = (network(torch.from_numpy(x)[:, None]).square().mean() for x in batches)
    held = anchor(network, losses)
    of_w = np.mean([np.mean(2 * (w * x + b) * x) ** 2 for x in batches])
    of_b = np.mean([np.mean(2 * (w * x + b)) ** 2 for x in batches])
    assert float(held.fisher["weight"]) == pytest.approx(of_w, rel=1e-12)
    assert float(held.fisher["bias"]) == pytest.approx(of_b, rel=1e-12)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_penalty_is_quadratic_and_starts_at_zero() -> None:
    network = nn.Linear(2, 1).double()
    weights = {name: p.detach().clone() for name, p in network.named_parameters()}
    fisher = {"weight": torch.tensor([[2.0, 0.5]]).double(), "bias": torch.tensor([3.0]).double()}
    held = Anchor(weights, fisher)
    assert held.penalty(network, 10.0).item() == 0
    with torch.no_grad():
        network.weight += torch.tensor([[0.1, -0.2]])
        network.bias += 0.3
    expected = 10 / 2 * (2 * 0.1**2 + 0.5 * 0.2**2 + 3 * 0.3**2)
    penalty = held.penalty(network, 10.0)
    assert penalty.item() == pytest.approx(expected, rel=1e-6)
    penalty.backward()
    np.testing.assert_allclose(network.weight.grad, [[10 * 2 * 0.1, -10 * 0.5 * 0.2]], rtol=1e-6)  # lambda F (t - t*)


def test_rmsprop_has_epsilon_under_the_root() -> None:
    theta = nn.Parameter(torch.tensor(0.0, dtype=torch.float64))
    optimiser = TensorFlowRMSProp([theta], lr=1.0, decay=0.0, momentum=0.0, epsilon=1.0)
    theta.grad = torch.tensor(3.0**0.5, dtype=torch.float64)
    optimiser.step()
    assert float(theta.detach()) == pytest.approx(-(3**0.5) / 2)  # sqrt(3 + 1), not sqrt(3) + 1


def test_rmsprop_goes_on_from_its_state() -> None:
    def walk(optimiser: TensorFlowRMSProp, theta: nn.Parameter, steps: int) -> None:
        for _ in range(steps):
            theta.grad = theta.detach().clone()
            optimiser.step()

    whole = nn.Parameter(torch.tensor(3.0))
    walk(TensorFlowRMSProp([whole], lr=0.01), whole, 6)
    first = nn.Parameter(torch.tensor(3.0))
    optimiser = TensorFlowRMSProp([first], lr=0.01)
    walk(optimiser, first, 3)
    second = nn.Parameter(first.detach().clone())
    resumed = TensorFlowRMSProp([second], lr=0.5)
    resumed.load_state_dict(optimiser.state_dict())
    walk(resumed, second, 3)
    assert torch.equal(second, whole)
