"""What is said of a study: every sentence follows from its numbers."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.frameworks.study.answers import agreement, percent, why_fluctuating, why_slow
from fusionbench.frameworks.study.figure import plot_comparison
from fusionbench.frameworks.study.page import html, markdown, write_comparison
from fusionbench.frameworks.study.tables import factors, read_comparison

RUNS = (
    "torch-float64",
    "torch",
    "jittor",
    "jittor-native",
    "jittor-native-ties",
    "jittor-native-adam",
    "torch-order-1",
)
SLOW, COLD = "jittor-native-without-onednn", "jittor-native-cold"
EASY: dict[str, Any] = {"ties": 1e-6, "adam": 4e-6, "order": 0.03, "swing": 1.01, "order_swing": 0.9, "slow": 5.0,
                        "jittor": 2.0, "cold": None}  # fmt: skip


def make_study(folder: Path, **changes: Any) -> Path:
    """Write the tables of a study whose numbers are chosen."""
    chosen = {**EASY, **changes}
    rows: list[tuple[str, str, str, str, str, float]] = []
    runs = [*RUNS, *([SLOW] if chosen["slow"] else []), *([COLD] if chosen["cold"] else [])]
    swings = {"jittor-native": chosen["swing"], "torch-order-1": chosen["order_swing"]}
    moved = {("jittor", "torch"): 2e-6, ("jittor-native-ties", "jittor"): chosen["ties"],
             ("jittor-native-adam", "jittor"): chosen["adam"], ("torch-order-1", "torch"): chosen["order"],
             ("jittor-native", "torch"): 5e-6}  # fmt: skip
    for run in RUNS:
        rows.append(("losses", "", run, "loss", "swing", 0.2 * swings.get(run, 1.0)))
        for other in ("torch-float64", "torch", "jittor"):
            for kind, factor in (("rms", 1), ("largest", 3)):
                value = factor * moved.get((run, other), 1e-7)
                rows.append(("losses", "", run, "loss", f"{kind}_difference_from_{other}", value))
    for run in runs:
        cost = {"jittor-native": chosen["jittor"], SLOW: chosen["slow"], COLD: chosen["jittor"]}.get(run, 1.0)
        compiling = chosen["cold"] if run == COLD else 50.0 if run == "jittor" else 0.0
        rows.append(("time", "", run, "run", "compiling", compiling))
        rows.append(("time", "", run, "start", "wall_first", 240.0))
        for item in ("step", "image"):
            for clock in ("wall", "cpu"):
                rows += [("time", "", run, item, f"{clock}_{kind}", cost) for kind in ("first", "steady")]
    for place, run in enumerate(("torch", "jittor", "jittor-native")):
        for point in ("start", "end"):
            for name, value in (("restormer1", 2e-7 * (place + 1)), ("fused", 1e-7)):
                rows += [("forward", point, run, name, f"{kind}_difference", value) for kind in ("largest", "relative")]
            for name, value in (("all", 1e-6 * (3 - place)), ("conv1.weight", 1e-5), ("conv2.bias", 1e-7)):
                rows.append(("gradient", point, run, name, "relative_difference", value))
            if run == "torch":
                rows.append(("ties", point, run, "|Sobel_x|, |Sobel_y|", "share_of_values", 0.25))
    with (folder / "comparison.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("topic", "point", "run", "item", "quantity", "value"), *rows])
    steps = np.arange(30)
    with (folder / "losses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *(f"{run}:loss" for run in runs)])
        for step in steps:
            curve = 5 * math.exp(-step / 40) + 0.2 * math.sin(step)
            writer.writerow([step + 1, *(curve * (1 + 1e-6 * i) if run in RUNS else "" for i, run in enumerate(runs))])
    facts = {"framework": "Framework 1", "precision": "float32", "device": "cpu", "threads": 1, "onednn": True}
    options = {"dataset": ["data/pairs.h5"], "grid": "96x128", "steps": 30, "batch_size": 2, "lr": 1e-5,
               "weights": None, "seed": 4}  # fmt: skip
    study = {"options": options, "pairs": 20, "sizes": [[96, 128]], "steps_in_epoch": 10, "machine": "a processor",
             "started": "today", "runs": dict.fromkeys(runs, facts)}  # fmt: skip
    (folder / "study.json").write_text(json.dumps(study))
    return folder


def said(sentences: list[str]) -> str:
    return "\n".join(sentences)


def test_factors_are_told_apart(tmp_path: Path) -> None:
    found = {factor.name: factor for factor in factors(read_comparison(make_study(tmp_path)))}
    assert found["gradients at ties"].moved == 1e-6
    assert found["Adam's epsilon"].moved == 4e-6
    assert found["another order of the same data"].swing == pytest.approx(-0.1)
    assert sum(factor.share for factor in found.values()) == pytest.approx(1)
    assert found["Adam's epsilon"].share == pytest.approx(16e-12 / (9e-4 + 21e-12))


def test_the_answer_follows_the_numbers(tmp_path: Path) -> None:
    told = said(why_fluctuating(read_comparison(make_study(tmp_path))))
    assert "by 0.2 with PyTorch and by 0.202 with Jittor as it is over 30 steps: +1 %" in told
    assert "differ by 5.0e-04 % (root mean square), and by 0.0015 % at most" in told
    assert "At most 25 % of an operator's values were exactly at a tie" in told
    assert "the strongest is another order of the same data" in told
    assert "(+1 %) is less than what another order alone does (-10 %)" in told
    told = said(why_fluctuating(read_comparison(make_study(tmp_path, ties=0.2, swing=1.5))))
    assert "the strongest is gradients at ties" in told
    assert "(+50 %) is more than what another order alone does" in told


def test_slowness_is_divided(tmp_path: Path) -> None:
    told = said(why_slow(read_comparison(make_study(tmp_path))))
    assert "One image takes 1 CPU s with PyTorch and 2 CPU s with Jittor as it is with oneDNN (2 times as long)" in told
    assert "and 5 CPU s without (5 times)" in told
    assert "75 % is the missing oneDNN, and 25 % the rest" in told
    assert "50 CPU seconds went into compiling" in told
    told = said(why_slow(read_comparison(make_study(tmp_path, cold=400.0))))
    assert "A first start in an empty folder compiles for 400 CPU seconds" in told
    assert "takes 480 CPU s longer than with PyTorch: 83.3 % of it compiling, 12.5 % the missing oneDNN" in told
    assert "smaller part from 100 images on" in told


def test_jittor_may_be_the_faster_one(tmp_path: Path) -> None:
    told = said(why_slow(read_comparison(make_study(tmp_path, jittor=0.5))))
    assert "(0.5 times as long)" in told
    assert "100 % is the missing oneDNN, and 0 % the rest" in told
    told = said(why_slow(read_comparison(make_study(tmp_path, slow=None))))
    assert "missing oneDNN" not in told


def test_who_is_nearer(tmp_path: Path) -> None:
    told = said(agreement(read_comparison(make_study(tmp_path))))
    assert "they part most at restormer1, where Jittor is 3 times as far from it" in told
    assert "the nearest is Jittor as it is" in told
    assert "conv1.weight is the farthest with Jittor as it is, by 1.0e-05 (PyTorch: 1.0e-05)" in told


def test_the_page_and_the_picture(tmp_path: Path) -> None:
    page = write_comparison(make_study(tmp_path, cold=400.0))
    text = (tmp_path / "comparison.md").read_text()
    assert "20 pairs of pairs.h5 (96x128)" in text
    assert "at random, seed 4" in text
    assert "| Jittor as it is, without oneDNN | Framework 1 |" in text
    assert "25 %" in text
    content = page.read_text()
    assert content.startswith("<!doctype html>")
    assert 'src="loss_comparison.png"' in content
    assert content.count("<table>") == content.count("</table></div>") == 6
    assert (tmp_path / "loss_comparison.png").read_bytes()[1:4] == b"PNG"
    again = (tmp_path / "loss_comparison.png").read_bytes()
    write_comparison(tmp_path)
    assert (tmp_path / "loss_comparison.png").read_bytes() == again


def test_the_picture_shows_every_run(tmp_path: Path) -> None:
    drawn = plot_comparison(read_comparison(make_study(tmp_path)))
    above, below = drawn.axes
    assert [t.get_text() for t in above.get_legend().get_texts()] == ["another order", "PyTorch", "Jittor as it is"]
    assert len(below.lines) == 6
    assert below.get_yscale() == "log"


def test_names_of_files_stay_text(tmp_path: Path) -> None:
    comparison = read_comparison(make_study(tmp_path))
    comparison.study["options"]["dataset"] = ["<img src=x>"]
    assert "<img src=x>" not in html(markdown(comparison))


def test_a_folder_without_a_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run `fusionbench compare-backends` first"):
        read_comparison(tmp_path)


def test_percent_has_digits_where_it_matters() -> None:
    assert [percent(x) for x in (0.5, 0.9999999, 1.0, 0.01)] == ["50 %", "more than 99.999 %", "100 %", "1 %"]
