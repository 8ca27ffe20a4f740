"""Where a run computes."""

from __future__ import annotations

import pytest
import torch

from fusionbench.errors import InputError
from fusionbench.training.devices import choose


def test_absent_devices_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="there is no cuda device here; say --device cpu"):
            choose("cuda")
    with pytest.raises(InputError, match="install torch_sdaa"):
        choose("sdaa")
