"""Fused images a few pixels smaller than their sources: refused, cropped to or resized, and said so."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import fusionbench
from fusionbench.bench.plan import Trial
from fusionbench.bench.sizes import size_notes
from fusionbench.datasets import load_dataset, read, write
from fusionbench.errors import RunError
from fusionbench.methods import get_method
from fusionbench.methods.fit import fit_fused
from fusionbench.results import Results, RunFolder

METRICS = ["EN", "SSIM", "Qabf", "MI"]
SIZE = (61, 83)
CUT = {"0": (61, 83), "1": (60, 80), "2": (58, 83)}  # of the fused images: as a network that wants multiples of 4


@pytest.fixture
def places(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for name, (height, width) in CUT.items():
        a, b = random.integers(0, 256, SIZE, np.uint8), random.integers(0, 256, (*SIZE, 3), np.uint8)
        write(tmp_path / "scenes" / "ir" / f"{name}.png", a)
        write(tmp_path / "scenes" / "vi" / f"{name}.png", b)
        write(tmp_path / "Net" / f"{name}.png", (a // 2 + b[..., 0] // 2)[:height, :width])
    return tmp_path


def run(places: Path, methods: list[str], policy: str, metrics: list[str] | None = None, out: str = "out"):  # type: ignore[no-untyped-def]
    rows = fusionbench.run(methods, places / "scenes", out=places / out, metrics=metrics or METRICS, size_policy=policy)
    return rows.set_index(["method", "pair"])


def expected(places: Path, name: str, policy: str) -> dict[str, float]:
    """Score plainly: sources cropped from the top left corner, or the fused image resized."""
    a, b, fused = (read(places / folder / f"{name}.png") for folder in ("scenes/ir", "scenes/vi", "Net"))
    height, width = fused.shape
    if policy == "crop":
        a, b = a[:height, :width], b[:height, :width]
    elif fused.shape != SIZE:
        fused = cv2.resize(fused, SIZE[::-1], interpolation=cv2.INTER_LINEAR)
    return fusionbench.evaluate(fused, a, b, metrics=METRICS)


@pytest.mark.parametrize("policy", ["crop", "resize"])
def test_values_are_those_of_a_plain_crop_or_resize(places: Path, policy: str) -> None:
    rows = run(places, ["Net=folder:" + str(places / "Net"), "average"], policy)
    for name in CUT:
        row = rows.loc["Net", name]
        assert row["status"] == "ok"
        for metric, value in expected(places, name, policy).items():
            assert row[f"{metric}@film"] == value
        assert bool(row["reason"]) == (CUT[name] != SIZE)
    alone = run(places, ["average"], "error", out="alone")  # the neighbour has the whole sources
    for name in CUT:
        assert all(rows.loc["average", name][f"{m}@film"] == alone.loc["average", name][f"{m}@film"] for m in METRICS)


def test_the_default_is_an_error_that_names_the_option(places: Path) -> None:
    rows = run(places, ["Net=folder:" + str(places / "Net")], "error")
    assert list(rows["status"]) == ["ok", "failed", "failed"]
    assert rows.loc["Net", "1"]["reason"].endswith(
        "the fused image is 60x80, its sources are 61x83: say what to do with --size-policy crop or resize"
    )


@pytest.mark.parametrize("policy", ["crop", "resize"])
def test_scoring_the_stored_image_later_gives_the_same(places: Path, policy: str) -> None:
    spec = ["Net=folder:" + str(places / "Net")]
    once = run(places, spec, policy)
    run(places, spec, policy, ["EN"], out="later")
    later = run(places, spec, policy, out="later")
    for name in CUT:
        for column in [*(f"{metric}@film" for metric in METRICS), "status", "reason"]:
            assert once.loc["Net", name][column] == later.loc["Net", name][column]


def test_rule_and_number_stand_in_the_manifest_and_in_the_notes(places: Path) -> None:
    spec = "Net=folder:" + str(places / "Net")
    run(places, [spec], "crop")
    folder = RunFolder(places / "out" / "scenes" / "Net")
    manifest = json.loads((folder.path / "run.json").read_text())
    assert manifest["sizes"] == {"policy": "crop", "fused": ["1", "2"]}
    data = load_dataset(places / "scenes", size_policy="crop")
    trial = Trial(get_method(spec), spec, "cpu", data, {}, folder, folder.rows())
    assert list(size_notes(trial)) == [
        "2 of 3 fused images had another size and were scored on the common part with their sources, from the top "
        "left corner (--size-policy crop)."
    ]
    run(places, ["average"], "crop")
    assert "sizes" not in json.loads((places / "out" / "scenes" / "average" / "run.json").read_text())


def test_figure_and_report_show_such_images(places: Path) -> None:
    from fusionbench.reports.figure import figure
    from fusionbench.reports.html import write_report

    run(places, ["Net=folder:" + str(places / "Net"), "average"], "crop")
    figure(Results(places / "out"), places / "figure.png", pair=["0", "1"], boxes=[(5, 5, 20, 20)])
    assert write_report(Results(places / "out"), places / "report").is_file()


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((480, 640), True), ((477, 637), True), ((480, 636), True), ((483, 640), True), ((449, 609), True),
        ((448, 640), False), ((240, 320), False), ((450, 620), True), ((576, 768), False), ((480, 500), False),
    ],
)  # fmt: skip
def test_an_absurd_crop_is_refused(size: tuple[int, int], fits: bool) -> None:
    image = np.zeros(size, np.uint8)
    if fits:
        cropped, _ = fit_fused(image, (480, 640), "crop")
        assert cropped.shape == tuple(np.minimum(size, (480, 640)))
    else:
        with pytest.raises(RunError, match="more than a crop to multiples of 32"):
            fit_fused(image, (480, 640), "crop")
    assert fit_fused(image, (480, 640), "resize")[0].shape == (480, 640)


def test_small_images_may_lose_three_pixels() -> None:
    assert fit_fused(np.zeros((13, 17, 3), np.uint8), (16, 20), "crop")[0].shape == (13, 17, 3)
    with pytest.raises(RunError, match="another pair's"):
        fit_fused(np.zeros((12, 20), np.uint8), (16, 20), "crop")


def test_published_images_cut_by_three_pixels(shared: Path, tmp_path: Path) -> None:
    """The numbers are those of the authors' own image on the part that is left of it."""
    folder = shared / "fused" / "TNO" / "SeAFusion"
    whole = read(folder / "01.png")
    write(tmp_path / "SeAFusion" / "01.png", whole[:-3, :-2])
    (tmp_path / "one.txt").write_text("01\n")
    rows = fusionbench.run(
        [f"folder:{tmp_path / 'SeAFusion'}"], "TNO", data_root=shared / "data", split=str(tmp_path / "one.txt"),
        out=tmp_path / "out", metrics=["EN", "SD", "Qabf"], size_policy="crop", protocol="tang2022",
    )  # fmt: skip
    a, b = (read(shared / "data" / "TNO" / side / "01.png")[:-3, :-2] for side in ("ir", "vi"))
    wanted = fusionbench.evaluate(whole[:-3, :-2], a, b, metrics=["EN", "SD", "Qabf"], protocol="tang2022")
    assert {name: rows.filter(like=f"{name}@").iloc[0, 0] for name in wanted} == wanted


def test_sources_of_other_sizes_are_counted_in_manifest_and_notes(places: Path) -> None:
    write(places / "scenes" / "vi" / "1.png", np.zeros((60, 83), np.uint8))
    run(places, ["average"], "crop")
    found = json.loads((places / "out" / "scenes" / "average" / "run.json").read_text())
    assert found["sizes"] == {"policy": "crop", "sources": ["1"]}
    assert [note for note in found["notes"] if "size" in note] == [
        "The sources of 1 of 3 pairs differ in size and were cropped to what both show, from the top left corner "
        "(--size-policy crop)."
    ]


def test_a_fused_image_of_zeros_and_ones_is_scored_without_a_doubt(places: Path) -> None:
    random = np.random.default_rng(1)
    for name in CUT:
        write(places / "Net" / f"{name}.png", random.integers(0, 2, SIZE, np.uint8))
    assert set(run(places, ["Net=folder:" + str(places / "Net")], "error")["status"]) == {"ok"}
