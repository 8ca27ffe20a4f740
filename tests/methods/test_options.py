"""Values of options that no type takes."""

from __future__ import annotations

from typing import Any

import pytest

from fusionbench.errors import InputError
from fusionbench.methods import get_method
from fusionbench.methods.options import read_value


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "1" * 5000, 2.5, [], None])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="must be a whole number"):
        get_method("laplacian", levels=value)


def test_a_number_beyond_all_floats_fits_none() -> None:
    with pytest.raises(OverflowError):
        read_value(10**400, float)
    with pytest.raises(ValueError):
        read_value(10**400, float | None)
