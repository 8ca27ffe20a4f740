"""What is wrong with an annotation is said in one sentence that names the file."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from fusionbench.datasets import FusionDataset
from fusionbench.datasets.labels import labels_of
from fusionbench.errors import InputError

from .made import labelled
from .malformed import CASES, Case


def read(dataset: FusionDataset, kind: str) -> object:
    if kind == "png":
        return labels_of(dataset, "masks").mask("1")
    return labels_of(dataset, "boxes").boxes("1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.format}: {case.name}")
def test_each_is_said_in_a_sentence_that_names_the_file(case: Case, tmp_path: Path) -> None:
    dataset, path = labelled(tmp_path, case.format, case.data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as caught:
        read(dataset, case.format)
    said = str(caught.value)
    assert str(path) in said
    assert case.says.format(path=path) in said
    assert "\n" not in said
    assert len(said) < 600
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes
