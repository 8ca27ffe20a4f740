"""`explain`: every convention of a metric under whatever name, and one text for terminal and documentation."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.metrics import METRICS, PROTOCOLS, evaluate
from fusionbench.metrics.catalog import Metric
from fusionbench.metrics.guide.example import example, paint
from fusionbench.metrics.guide.explain import explain, overview, reference
from fusionbench.metrics.guide.families import FAMILIES, families


def test_every_metric_has_one_family() -> None:
    for metric in METRICS.values():
        holding = [(family.name, family.group) for family in families() if metric.name in family.names]
        assert len(holding) == 1, f"{metric.key} is in {holding}"
        assert holding[0][1] != "other", f"{metric.key} has no family of its own"


def test_families_name_no_metric_that_does_not_exist() -> None:
    names = {metric.name for metric in METRICS.values()}
    assert {name for family in FAMILIES for name in family.names} <= names


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("psnr", {"PSNR@film", "PSNR@tang", "PSNR@tang2022", "Psnr@vifb"}),
        ("MI", {"MI@film", "MI@tang", "Mutinf@vifb", "Q_MI@liu"}),
        ("sd", {"SD@film", "SD@tang2022", "Variance@vifb"}),
        ("AG", {"AG@film", "AG@tang", "Avg_gradient@vifb"}),
        ("en", {"EN@film", "EN@tang", "Entropy@vifb"}),
        ("ssim", {"SSIM@film", "SSIM@tang", "Ssim@vifb"}),
        ("Qabf", {"Qabf@film", "Qabf@tang2022", "Qabf@vifb", "Q_G@liu"}),
        ("viff", {"VIFF@film", "VIFF@han2013", "VIF@tang"}),
        ("Q_CB", {"Q_CB@liu", "Qcb@vifb"}),
        ("mutual information", {"Mutinf@vifb"}),
        ("Variance@vifb", {"SD@film", "Variance@vifb"}),
    ],
)
def test_all_names_of_a_quantity_come_together(name: str, keys: set[str]) -> None:
    assert keys <= {c.metric.key for c in explain(name).conventions}


@pytest.mark.parametrize("name", ["psnrr", "PSNR@viffb", "quality", "", "q_zz", "qabg"])
def test_unknown_names(name: str) -> None:
    with pytest.raises(InputError, match="unknown metric.*did you mean 'Qabf'" if name == "qabg" else "unknown metric"):
        explain(name)


def test_values_are_those_of_evaluate() -> None:
    for convention in explain("psnr").conventions:
        scores = evaluate(*example(), metrics=[convention.metric.key])
        assert convention.value == next(iter(scores.values()))


def test_conventions_differ_on_the_example() -> None:
    """What the explanation is for: one image, many numbers."""
    for name, least in (("psnr", 3), ("mi", 3), ("viff", 3), ("ssim", 4), ("sf", 3), ("sd", 2), ("ag", 2), ("qabf", 3)):
        values = {f"{c.value:.9g}" for c in explain(name).conventions}
        assert len(values) >= least, f"{name}: {values}"


def test_every_metric_has_a_value_on_the_example() -> None:
    missing = [c.metric.key for f in families() for c in explain(f.name).conventions if not np.isfinite(c.value)]
    assert not missing


def test_markdown_says_everything() -> None:
    text = explain("psnr").markdown()
    for convention in explain("psnr").conventions:
        metric = convention.metric
        assert metric.summary in text
        assert metric.note in text
        assert f"{convention.value:.6g}" in text
        assert metric.reference in text
    for protocol in ("film", "vifb", "tang", "tang2022"):
        assert re.search(rf"\| .*{protocol} \|", text)
    assert "larger is better" in text
    assert "## Traps" in text
    assert str(explain("psnr")) == text


def test_tables_are_well_formed() -> None:
    for text in (overview(), reference()):
        for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
            bars = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(bars) == 1, block


def test_overview_and_reference_hold_every_metric() -> None:
    tables, text = overview(), reference()
    for key in METRICS:
        assert re.search(rf"{re.escape(key)}[, |]", tables), key
        assert re.search(rf"^### .*{re.escape(key)}(,|$)", text, flags=re.MULTILINE), key


def test_protocols_are_named() -> None:
    for protocol in PROTOCOLS.values():
        for key in protocol.metrics:
            used = {c.metric.key: c.protocols for c in explain(key).conventions}
            assert protocol.name in used[key]


def test_a_foreign_metric_makes_its_own_family(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = Metric("Brightness", "mine", METRICS["SD@film"].compute, "higher", "nobody", (0, 128))
    monkeypatch.setitem(METRICS, foreign.key, foreign)
    found = explain("brightness")
    assert found.family.group == "other"
    assert found.conventions[0].value == explain("sd").conventions[0].value
    assert "Brightness@mine" in overview()


def test_the_example_is_what_the_generator_paints() -> None:
    for shipped, painted in zip(example(), paint(), strict=True):
        difference = np.abs(shipped.astype(int) - painted)
        assert difference.max() <= 1, "another rounding of a filter may move a level by one"
        assert (difference > 0).mean() < 0.01


def test_the_example_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        example()[0][0, 0] = 1
