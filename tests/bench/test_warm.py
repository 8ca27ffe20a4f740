"""What a learned method does once is not in the seconds of a pair."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fusionbench.bench import run
from fusionbench.errors import RunError
from fusionbench.methods import Method
from fusionbench.methods.method import Gray
from fusionbench.results import run_folder


class Slow(Method):
    """A mean whose weights take a while to load."""

    name = "slow"
    learned = True

    def __init__(self) -> None:
        self._loaded = False
        self.calls: list[str] = []

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        self.calls.append(context["pairs"][0].name)
        if not self._loaded:
            time.sleep(0.5)
            self._loaded = True
        return (a + b) / 2


class Choosy(Slow):
    """One that refuses small images."""

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        if a.shape[-1] < 100:
            raise RunError("too small")
        return super().fuse(a, b, **context)


def test_weights_are_loaded_before_the_first_pair(tmp_path: Path) -> None:
    method = Slow()
    run([method], out=tmp_path, limit=2, metrics=["EN"])
    assert method.calls[0] == "profile"
    assert len(method.calls) == 3
    assert max(row.seconds for row in run_folder(tmp_path, "sample", "slow").rows().values()) < 0.4
    run([method], out=tmp_path, limit=2, metrics=["EN", "SD"])  # scored again: nothing to get ready for
    assert len(method.calls) == 3


def test_a_method_that_refuses_it_is_run_all_the_same(tmp_path: Path) -> None:
    frame = run([Choosy()], out=tmp_path, limit=1, metrics=["EN"])
    assert frame["status"].tolist() == ["ok"]


@pytest.mark.parametrize("method", ["average"])
def test_a_method_without_weights_is_not_asked(tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fusionbench.bench import warm

    monkeypatch.setattr(warm, "_fuse", lambda *_: pytest.fail("it was asked"))
    run([method], out=tmp_path, limit=1, metrics=["EN"])
