"""Sizes as people write them."""

import pytest

from fusionbench.errors import InputError
from fusionbench.sizes import parse_size, parse_size_or_auto


def test_height_comes_first() -> None:
    assert parse_size(" 480x640 ") == (480, 640)
    assert parse_size_or_auto("480x640") == (480, 640)
    assert parse_size_or_auto("auto") is None


@pytest.mark.parametrize("wrong", ["480", "0x640", "480x640x3", "-1x5", "480*640", "axb", "", "100000x5"])
def test_anything_else_is_told_with_an_example(wrong: str) -> None:
    with pytest.raises(InputError, match=r"^--size is HEIGHTxWIDTH in pixels, like 480x640, not"):
        parse_size(wrong, "--size")
    with pytest.raises(InputError, match=r"^the grid is HEIGHTxWIDTH in pixels, like 480x640, not .*; or auto$"):
        parse_size_or_auto(wrong, "the grid")
