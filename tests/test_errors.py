"""Errors are one sentence, on one line."""

from __future__ import annotations

import pytest

from fusionbench.errors import FusionBenchError, InputError, InterruptedRunError, RunError, unknown


@pytest.mark.parametrize(
    "error",
    [
        FusionBenchError("a\nb"), InputError("a\r\nb"), RunError("a\x1b[31mb"),
        InterruptedRunError("a\nb", KeyboardInterrupt(2)),
        unknown("method", "x\ny", ["z"]),
    ],
)  # fmt: skip
def test_names_with_control_characters_are_escaped(error: FusionBenchError) -> None:
    text = str(error)
    assert text.isprintable()
    assert len(text.splitlines()) == 1


def test_a_sentence_stays_as_it_is() -> None:
    assert str(InputError("the image 融合.png is 3×4 – too small")) == "the image 融合.png is 3×4 – too small"
