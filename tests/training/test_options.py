"""What a user may say: what cannot be is one sentence, and what a run that goes on may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.training import resume, train

from .runs import rows


@pytest.mark.slow
def test_a_finished_run_goes_on_only_for_more_epochs(small: dict[str, Any]) -> None:
    whole = train(**small | {"epochs": 2}, name="whole")
    folder = train(**small | {"epochs": 1}, name="one")
    before = (folder / "losses.csv").read_bytes()
    resume(folder, quiet=True)
    assert (folder / "losses.csv").read_bytes() == before
    resume(folder, quiet=True, epochs=2)
    assert (folder / "losses.csv").read_bytes() == (whole / "losses.csv").read_bytes()
    resume(folder, quiet=True, epochs=3, lr=1e-6)
    rates = [float(row["learning_rate"]) for row in rows(folder / "losses_by_epoch.csv")]
    np.testing.assert_allclose(rates, [1e-4, 0.9e-4, 0.81e-6], rtol=1e-9)
    with pytest.raises(InputError, match="batch_size of a run cannot be changed when it goes on"):
        resume(folder, batch_size=3)
    resume(folder, quiet=True, method="u2fusion", batch_size=2)  # said again, not changed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 7}, "only 6 samples to learn all tasks from, fewer than a batch of 7"),
        ({"patch": 41}, r"is 40x52, smaller than a patch of 41x41: choose a smaller patch"),
        ({"recipe": "oficial"}, "unknown recipe of u2fusion 'oficial': did you mean 'official'"),
        ({"dataset": "Roadscen"}, "unknown data set 'Roadscen': did you mean 'RoadScene'"),
        ({"dataset": "photos:/nowhere"}, "there are no photographs in /nowhere"),
        ({"epochs": (1, 2)}, "--epochs takes one number, or 1, for all tasks; there are 2"),
        ({"epochs": 0}, "--epochs must be at least 1"),
        ({"lr": -1.0}, "--lr must be a positive number"),
        ({"batch_size": 0}, "--batch-size must be at least 1"),
        ({"validation": 1.0}, "--validation is the part of the pairs to hold out"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"precision": "8-bit"}, "cannot compute on 1 x cpu"),
        ({"vgg": "/nowhere/vgg.pth"}, "there is no weights file /nowhere/vgg.pth"),
        ({"weights": "/nowhere/w.pth"}, "there is no weights file /nowhere/w.pth"),
        ({"patch": 8}, "--patch must be at least 16, not 8"),
        ({"colour": "red"}, "the setting colour is one of gray, rgb, not 'red'"),
        ({"speed": 3}, "unknown training option 'speed'"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(small: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        train(**small | changes)
    assert not Path(small["out"]).exists()


@pytest.mark.slow
def test_a_run_is_not_overwritten(small: dict[str, Any], tmp_path: Path) -> None:
    train(**small | {"epochs": 1}, name="one")
    with pytest.raises(InputError, match=r"there is a run .*one already: go on with it by --resume"):
        train(**small, name="one")
    with pytest.raises(InputError, match=r"is no training run that can go on"):
        resume(tmp_path)


def test_absent_devices_are_named() -> None:
    import torch

    from fusionbench.training.devices import choose

    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="there is no cuda device here; say --device cpu"):
            choose("cuda")
    with pytest.raises(InputError, match="install torch_sdaa"):
        choose("sdaa")
