"""Lists of names: what is written is read back, in any encoding and between any signs, or said by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fusionbench.datasets.finding import Lookup, read_list
from fusionbench.errors import InputError

NAME = st.text(st.characters(categories=("Lu", "Ll", "Nd"), include_characters="_- "), min_size=1, max_size=10).filter(
    lambda name: name.strip(" ") == name
)
NAMES = st.lists(NAME, min_size=1, max_size=8, unique_by=lambda name: name.casefold())
CODES = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
FORMS = {
    "plain": "{name}", "an extension": "{name}.png", "a path": "ir/{name}.JPG", "a drive": "D:\\data\\ir\\{name}.png",
    "quotes": '"{name}.png",', "an index": "{line},{name}.png", "a label": "{name}.png,day",
    "two paths": "ir/{name}.png\tvi/{name}.png", "a table": '{line};"{name}.png";"night"',
}  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    names=NAMES, code=st.sampled_from(CODES),
    form=st.sampled_from(sorted(FORMS)), end=st.sampled_from(["\n", "\r\n", "\r"])
)  # fmt: skip
def test_what_is_written_is_read(tmp_path: Path, names: list[str], code: str, form: str, end: str) -> None:
    names[0] = "a" + names[0]  # a file of two-byte letters only may be anything
    assume(len({name.casefold() for name in names}) == len(names))
    lines = [FORMS[form].format(name=name, line=number) for number, name in enumerate(names)]
    path = tmp_path / "list.txt"
    path.write_bytes(end.join(lines).encode(code))
    listed = read_list(path, Lookup({name: [] for name in names}))
    assert [(each.name, each.problem) for each in listed] == [(name, None) for name in names]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_whatever_is_there_is_read_or_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(data)
    try:
        listed = read_list(path, Lookup({"1": [], "car": []}))
    except InputError:
        return
    assert all(each.name in ("1", "car") or each.problem for each in listed)


def test_a_list_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "no.txt", "no such file"), (tmp_path, "is no file, but a folder")):
        with pytest.raises(InputError, match=reason):
            read_list(path, Lookup({}))
