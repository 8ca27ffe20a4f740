"""File names of the report."""

from __future__ import annotations

import re

from fusionbench.reports.html.collect import file_names

LABELS = [
    "TNO", "tno", "a/b", "a b", "<script>alert(1)</script>", '"quoted", it\'s', "line\nbreak", "=cmd|' /C calc'!A0",
    "红外", "可见光", "🚗", "", "..", ".", "laplacian[levels=5]", "x" * 300, "../../etc/passwd", "50%", "a?b#c",
]  # fmt: skip


def test_every_label_gets_a_plain_name_of_its_own() -> None:
    found = file_names(LABELS)
    assert set(found) == set(LABELS)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) for name in found.values()), found
    assert len({name.casefold() for name in found.values()}) == len(LABELS)
    assert max(len(name) for name in found.values()) < 80
    assert found["TNO"] == "TNO"


def test_the_names_do_not_depend_on_the_order() -> None:
    assert file_names(LABELS) == file_names(reversed(LABELS))
