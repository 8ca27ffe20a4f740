"""One pen for each method, in every panel and every figure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusionbench.drawing.pens import pen, pens
from fusionbench.drawing.style import COLOURS

LABELS = st.lists(st.text(min_size=1, max_size=5), unique=True, min_size=1, max_size=40)


@given(LABELS, LABELS)
def test_methods_of_a_figure_are_told_apart(drawn: list[str], known: list[str]) -> None:
    found = pens(drawn, sorted({*drawn, *known}))
    assert list(found) == drawn
    lines = {(p.colour, p.dash) for p in found.values()}
    marks = {(p.colour, p.marker) for p in found.values()}
    assert len(lines) == len(marks) == len(drawn)
    assert len({p.colour for p in found.values()}) == min(len(drawn), len(COLOURS))


@given(st.lists(st.text(min_size=1, max_size=5), unique=True, min_size=1, max_size=10), st.data())
def test_a_method_is_drawn_alike_in_every_figure_of_a_folder(known: list[str], data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.sampled_from(known), unique=True, min_size=1))
    everything = pens(known, sorted(known))
    assert pens(drawn, sorted(known)) == {name: everything[name] for name in drawn}


def test_a_hundred_markers_differ() -> None:
    assert len({(pen(place).colour, pen(place).marker) for place in range(100)}) == 100
    assert len({(pen(place).colour, pen(place).dash) for place in range(40)}) == 40
