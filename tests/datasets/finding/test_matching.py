"""Which names belong together, and which are left alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionbench.datasets.finding import Lookup
from fusionbench.datasets.finding.names import ALL_WORDS, alike, cores, unpadded
from fusionbench.datasets.finding.pairing import match, spellings

NAME = st.text(st.characters(categories=("L", "N"), include_characters="-_ ."), min_size=1, max_size=8)
SEPARATOR = st.sampled_from(["-", "_", " ", "."])


def pair_up(a: list[str], b: list[str]) -> dict[str, str]:
    ways = spellings(ALL_WORDS)
    return match({n: [n] for n in a}, {n: [n] for n in b}, ways, ways).partner


@settings(deadline=None)
@given(st.sets(NAME, max_size=12), st.sets(NAME, max_size=12))
def test_equal_names_are_partners_whatever_else_is_there(a: set[str], b: set[str]) -> None:
    partner = pair_up(sorted(a), sorted(b))
    assert all(partner[name] == name for name in a & b)
    assert len(set(partner.values())) == len(partner)


@settings(deadline=None)
@given(st.sets(NAME, max_size=12), st.sets(NAME, max_size=12))
def test_sides_may_be_swapped(a: set[str], b: set[str]) -> None:
    there, back = pair_up(sorted(a), sorted(b)), pair_up(sorted(b), sorted(a))
    assert {(y, x) for x, y in back.items()} == set(there.items())


@settings(deadline=None)
@given(st.sets(st.integers(0, 999), min_size=1, max_size=12), SEPARATOR, st.integers(1, 5), st.booleans())
def test_words_and_zeros(numbers: set[int], separator: str, width: int, front: bool) -> None:
    a = {n: f"IR{separator}{n}" if front else f"{n}{separator}ir" for n in numbers}
    b = {n: f"VIS{separator}{n:0{width}}" if front else f"{n:0{width}}{separator}vis" for n in numbers}
    assert pair_up([*a.values()], [*b.values()]) == {a[n]: b[n] for n in numbers}


@settings(deadline=None)
@given(NAME)
def test_reductions_are_reduced(name: str) -> None:
    assert alike(alike(name)) == alike(name)
    assert unpadded(unpadded(name)) == unpadded(name)
    assert alike(unicodedata.normalize("NFD", name)) == alike(unicodedata.normalize("NFC", name))
    assert name not in cores(name, ALL_WORDS)


def test_words_without_a_border_come_off_on_both_sides() -> None:
    assert pair_up(["irroad", "ircar"], ["visroad", "viscar"]) == {"irroad": "visroad", "ircar": "viscar"}
    assert pair_up(["irroad"], ["road"]) == {}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (["1", "01"], ["001"]),  # numbers for two
        (["IR1", "ir_1"], ["VIS1"]),  # words for two
        (["FLIR_1"], ["scene_1"]),  # a number alone is no name
        (["visit"], ["it"]),  # a word within a word, with no border
        (["frame12"], ["frame21"]),
    ],
)
def test_what_is_not_clear_is_not_matched(a: list[str], b: list[str]) -> None:
    assert pair_up(a, b) == {}
    assert pair_up(b, a) == {}


def test_a_lookup_finds_paths_of_other_machines() -> None:
    lookup = Lookup({"1": ["IR1", "ir/IR1"], "s/7": [], "night street": [], "12": []})
    meant = {
        "D:\\data\\ir\\IR1.png": ["1"],
        "/home/me/s/7.jpg": ["s/7"],
        "night street.png": ["night street"],
        "012": ["12"],
        "12x": [],
        "..\\ir/IR1": ["1"],
    }
    assert {text: lookup.path(text) for text in meant} == meant
