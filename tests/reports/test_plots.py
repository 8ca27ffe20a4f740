"""Plots of stored rows: what is drawn is what is stored."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusionbench.errors import InputError
from fusionbench.reports.plots import PLOTS, plot
from fusionbench.reports.radar import SPOKES, normalised, spokes
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import Board, Column, make_boards

from ..results.storing import store, store_profile

NAMES = {"alpha": "平均 $x$ <b>", "beta": "=cmd,\n😀"}


def legend(axes: Axes) -> list[str]:
    box = axes.get_legend()
    assert box is not None
    return [text.get_text() for text in box.get_texts()]


def on_the_page(drawn: Figure) -> bool:
    """Whether all that is drawn lies on the page."""
    drawn.canvas.draw()
    extent = drawn.get_tightbbox()
    width, height = drawn.get_size_inches()
    return extent.x0 > -0.02 and extent.y0 > -0.02 and extent.x1 < width + 0.02 and extent.y1 < height + 0.02


def test_curves_are_the_sorted_values_with_means_in_the_legend(three_methods: Path) -> None:
    boards = make_boards(Results(three_methods), datasets={"One"})
    drawn = plot("curves", boards, metrics=["EN"])
    (axes,) = drawn.axes
    for line, entry in zip(axes.lines, boards[0].entries, strict=True):
        assert list(line.get_ydata()) == sorted(entry.values("EN@film").values())
        assert np.asarray(line.get_xdata()).tolist() == pytest.approx(np.arange(1, 25) / 24)
    assert legend(axes) == [f"{e.method}: {e.means['EN@film']:.4f}" for e in boards[0].entries]
    assert axes.get_title() == "EN ↑"


def test_boxes_show_median_and_mean(three_methods: Path) -> None:
    boards = make_boards(Results(three_methods))
    drawn = plot("boxes", boards, methods=["gamma", "alpha"])
    assert [axes.get_title() for axes in drawn.axes][:2] == ["One · EN ↑", "One · MSE ↓"]
    axes = drawn.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["gamma", "alpha"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first method at the top
    assert not any(text.get_text() for text in drawn.axes[1].get_yticklabels())  # named once in a row
    values = list(boards[0].entries[2].values("EN@film").values())
    levels = [float(np.mean(line.get_xdata())) for line in axes.lines if len(line.get_xdata())]
    assert any(level == pytest.approx(np.median(values)) for level in levels)
    assert any(level == pytest.approx(np.mean(values)) for level in levels)


def test_radar_is_normalised_by_direction(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 4.0, 0.5)])
    store(tmp_path, "b", [(3.0, 8.0, -0.1)])
    store(tmp_path, "c", [(2.0, 4.0, math.nan)])
    (board,) = make_boards(Results(tmp_path))
    expected = [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.5, 1.0, math.nan]]
    assert np.allclose(normalised(board), expected, equal_nan=True)
    assert normalised(make_boards(Results(tmp_path), methods={"a"})[0]).tolist() == [[1.0, 1.0, 1.0]]
    drawn = plot("radar", [board])
    assert [text.get_text() for text in drawn.axes[0].get_xticklabels()] == ["EN ↑", "MSE ↓", "Q_SF →0"]
    with pytest.raises(InputError, match="a radar needs three metrics or more, and shows 8 at most; Set has 2"):
        plot("radar", [board], metrics=["EN", "MSE"])


def many_metrics(board: Board, count: int) -> Board:
    """The board with `count` metrics, m0 to the last one, method 0 being best in the even ones and worst in the odd."""
    columns = [Column(f"m{i}@x", f"m{i}", "higher", "x") for i in range(count)]
    entries = [
        replace(entry, means={c.key: float(n * (-1) ** (i + 1)) for i, c in enumerate(columns)})
        for n, entry in enumerate(board.entries)
    ]
    return replace(board, columns=columns, entries=entries)


def test_a_radar_of_many_metrics_shows_means_of_groups(three_methods: Path) -> None:
    board = many_metrics(make_boards(Results(three_methods))[0], 12)
    groups = {
        column.key: ("even", "odd", "all the same")[0 if i == 8 else i % 2] for i, column in enumerate(board.columns)
    }
    groups["m10@x"] = groups["m11@x"] = "both"
    labels, scores = spokes(board, groups)
    assert labels == ["even", "odd", "both"]
    assert scores.tolist() == [[1.0, 0.0, 0.5], [0.5, 0.5, 0.5], [0.0, 1.0, 0.5]]
    drawn = plot("radar", [board], groups=groups)
    assert len(drawn.axes[0].get_xticklabels()) == 3
    assert "both: m10, m11" in " ".join(drawn.legends[0].get_title().get_text().split())
    few = many_metrics(board, SPOKES)
    assert len(spokes(few, groups)[0]) == SPOKES
    for given, message in ((None, "has 12 metrics"), (dict.fromkeys(groups, "one"), "has 1 groups of metrics")):
        with pytest.raises(InputError, match=message):
            plot("radar", [board], groups=given)


def test_the_best_of_many_methods_are_coloured_in_a_radar(different: Path) -> None:
    drawn = plot("radar", make_boards(Results(different), datasets={"Two"}) * 2)
    coloured = {text.get_text() for text in drawn.legends[0].get_texts()}
    assert len(coloured) == 10
    twelve = [f"m{number:02}" for number in range(14)]
    boards = make_boards(Results(different))
    means = {
        m: np.nanmean(
            np.concatenate(
                [
                    normalised(b)[[e.method for e in b.entries].index(m)]
                    for b in boards
                    if m in {e.method for e in b.entries}
                ]
            )
        )
        for m in twelve
    }
    drawn = plot("radar", boards)
    coloured = {text.get_text() for text in drawn.legends[0].get_texts()}
    assert min(means[m] for m in coloured) >= max(means[m] for m in twelve if m not in coloured)
    assert "10 of 14 methods" in " ".join(drawn.legends[0].get_title().get_text().split())
    assert {line.get_color() for axes in drawn.axes for line in axes.lines if line.get_label().startswith("_")} == {
        "0.8"
    }


def test_latency_is_the_median_of_seconds(three_methods: Path) -> None:
    boards = make_boards(Results(three_methods))
    drawn = plot("latency", boards, metrics=["EN"])
    assert len(drawn.axes) == 2
    points = [container.lines[0].get_xydata()[0] for container in drawn.axes[0].containers]  # type: ignore[attr-defined]
    assert [x for x, _ in points] == pytest.approx([10, 100, 1000])
    assert drawn.axes[0].get_xlabel() == "ms for a pair"
    assert [y for _, y in points] == pytest.approx([entry.means["EN@film"] for entry in boards[0].entries])


def test_no_seconds_no_latency(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 4.0, 0.5)])
    with pytest.raises(InputError, match="no method has stored seconds"):
        plot("latency", make_boards(Results(tmp_path)))


def test_the_diagram_joins_what_does_not_differ(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for method, shift in (("a", 0.0), ("b", 0.0), ("far", 9.0)):
        store(tmp_path, method, [(float(v) + shift, 1.0, 1.0) for v in rng.normal(size=30)])
    drawn = plot("ranks", make_boards(Results(tmp_path)), metrics=["EN"])
    (axes,) = drawn.axes
    bars = [line for line in axes.lines if line.get_color() == "black" and line.get_linewidth() == 2]
    assert len(bars) == 1
    assert min(bars[0].get_xdata()) > 1.9
    assert any("(1.00)" in text.get_text() and "far" in text.get_text() for text in axes.texts)
    assert any(text.get_text() == "critical difference 0.61" for text in axes.texts)
    assert on_the_page(drawn)


@pytest.mark.parametrize("kind", PLOTS)
def test_odd_names_fit_on_the_page_without_a_warning(profiled: Path, tmp_path: Path, kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boards = make_boards(Results(profiled), metrics=None if kind == "radar" else ["EN"])
        drawn = plot(kind, boards, tmp_path / f"{kind}.png", names=NAMES, dpi=50)
    assert on_the_page(drawn)


@pytest.mark.parametrize("kind", ["curves", "boxes", "radar", "latency"])
def test_one_method_on_one_pair(tmp_path: Path, kind: str) -> None:
    store(tmp_path, "only", [(1.0, math.inf, 0.5)], seconds=0.5)
    plot(kind, make_boards(Results(tmp_path)), tmp_path / "a.png", dpi=40)
    assert (tmp_path / "a.png").stat().st_size > 500


@pytest.fixture(scope="module", params=[3, 30])
def long_names(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many methods and few with names of any length, on three data sets, one of which has a long name, too."""
    tmp_path = tmp_path_factory.mktemp("long")
    for dataset in ("One", "Two/half", "A data set with a name that no panel has room for"):
        for index in range(request.param):
            label = f"method{index:02}" + "[options=that,go=on,for=long]" * (index % 2)
            rows = [(float(index + p), p + 1.0, 0.5) for p in range(3)]
            store(tmp_path, label, rows, dataset, seconds=0.01 + 0.001 * index)
            store_profile(tmp_path, label, 0.01 + 0.001 * index, parameters=10**5 + index, flops=10**10 * (index + 1))
    return tmp_path


@pytest.mark.parametrize("kind", PLOTS)
def test_few_and_many_methods_on_three_data_sets_fit(long_names: Path, kind: str) -> None:
    metrics = None if kind == "radar" else ["EN"]
    drawn = plot(kind, make_boards(Results(long_names)), metrics=metrics, serif=kind == "latency")
    assert on_the_page(drawn)
    renderer = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
    for axes in drawn.axes:
        for marks in (axes.get_xticklabels(), axes.get_yticklabels(), *([] if kind != "ranks" else [axes.texts])):
            boxes = [mark.get_window_extent(renderer) for mark in marks if mark.get_text() and mark.get_visible()]
            boxes = [box for box in boxes if drawn.bbox.contains(box.x0, box.y0)]
            assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1 :]), kind
    titles = [axes.title.get_window_extent(renderer) for axes in drawn.axes if axes.get_title()]
    assert not any(one.overlaps(other) for i, one in enumerate(titles) for other in titles[i + 1 :])
    above = min((axes.get_tightbbox(renderer).y0 for axes in drawn.axes), default=0)
    assert all(legend.get_window_extent(renderer).y1 <= above + 1 for legend in drawn.legends)


def test_incomplete_methods_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 4.0, 0.5), (2.0, 4.0, 0.5)])
    store(tmp_path, "part", [(3.0, 4.0, 0.5), "failed"])
    boards = make_boards(Results(tmp_path))
    assert legend(plot("curves", boards, metrics=["EN"]).axes[0]) == ["a: 1.5000"]
    asked = plot("curves", boards, metrics=["EN"], incomplete=True)
    assert legend(asked.axes[0]) == ["a: 1.5000", "part†: 3.0000"]
    with pytest.raises(InputError, match="no method was scored on all 2 pairs of Set"):
        plot("boxes", make_boards(Results(tmp_path)), methods=["part"])
    with pytest.raises(InputError, match="needs two methods and two pairs"):
        plot("ranks", boards)


def test_wrong_wishes(three_methods: Path) -> None:
    boards = make_boards(Results(three_methods))
    with pytest.raises(InputError, match="unknown plot 'box': did you mean 'boxes'"):
        plot("box", boards)
    with pytest.raises(InputError, match="unknown metric 'Qabf'"):
        plot("curves", boards, metrics=["Qabf"])
    with pytest.raises(InputError, match="unknown method on One, Two 'alfa'"):
        plot("curves", boards, methods=["alfa"])
    with pytest.raises(InputError, match="no data set to draw"):
        plot("curves", [])
    with pytest.raises(InputError, match="cannot draw"):
        plot("curves", boards, Path("x.eps"))


@pytest.fixture(scope="module")
def different(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets that share four of fourteen methods."""
    tmp_path = tmp_path_factory.mktemp("different")
    for dataset, numbers in (("One", range(8)), ("Two", range(4, 14))):
        for number in numbers:
            rows = [(number + 0.1 * p, number + 1.0, 0.5 - 0.01 * number) for p in range(4)]
            store(tmp_path, f"m{number:02}", rows, dataset, seconds=0.01 * (number + 1))
    for number in range(14):
        store_profile(tmp_path, f"m{number:02}", 0.01 * (number + 1), parameters=1000 + number, flops=10**9 + number)
    return tmp_path


def drawn_by(axes: Axes) -> dict[str, tuple[str, str]]:
    """Colour and marker by method of a panel's lines and points."""
    handles, labels = axes.get_legend_handles_labels()
    artists = [getattr(handle, "lines", [handle])[0] for handle in handles]
    return {
        label.partition(":")[0]: (artist.get_color(), artist.get_marker())
        for label, artist in zip(labels, artists, strict=True)
    }


@pytest.mark.parametrize("kind", ["radar", "curves", "latency", "parameters", "flops", "memory"])
def test_colour_and_marker_belong_to_a_method_over_all_panels(different: Path, kind: str) -> None:
    every = [f"m{number:02}" for number in range(14)]
    drawn = plot(kind, make_boards(Results(different)), methods=every)
    panels = [drawn_by(axes) for axes in drawn.axes]
    looks: dict[str, set[tuple[str, str]]] = {}
    for panel in panels:
        for method, look in panel.items():
            looks.setdefault(method, set()).add(look)
    assert sorted(looks) == [f"m{number:02}" for number in range(14)]
    assert all(len(of_method) == 1 for of_method in looks.values()), looks
    assert len(set.union(*looks.values())) == 14
    if drawn.legends:
        texts = [text.get_text() for text in drawn.legends[0].get_texts()]
        shown = [(h.get_color(), h.get_marker()) for h in drawn.legends[0].legend_handles]  # type: ignore[union-attr]
        assert {text: {look} for text, look in zip(texts, shown, strict=True)} == looks
    assert on_the_page(drawn)


def test_boxes_have_the_colour_of_their_method(different: Path) -> None:
    boards = make_boards(Results(different))
    lines = drawn_by(plot("curves", boards).axes[0]) | drawn_by(plot("curves", boards).axes[-1])
    drawn = plot("boxes", boards)
    for axes in drawn.axes:
        names = [text.get_text() for text in axes.get_yticklabels()]
        for name, box in zip(names, axes.patches, strict=True):
            from matplotlib.colors import to_hex

            assert not name or to_hex(box.get_facecolor()) == lines[name][0]


def test_a_method_keeps_its_colour_in_a_figure_of_some(different: Path) -> None:
    everything = drawn_by(plot("radar", make_boards(Results(different)), methods=["m05", "m09"]).axes[1])
    everything |= drawn_by(plot("curves", make_boards(Results(different))).axes[-1])
    some = drawn_by(plot("radar", make_boards(Results(different), {"m05", "m09"})).axes[-1])
    assert some == {name: everything[name] for name in ("m05", "m09")}


def test_methods_need_not_be_on_every_data_set(different: Path) -> None:
    drawn = plot("radar", make_boards(Results(different)), methods=["m13", "m00", "m05"])
    assert [sorted(drawn_by(axes)) for axes in drawn.axes] == [["m00", "m05"], ["m05", "m13"]]
    only = plot("radar", make_boards(Results(different)), methods=["m13"])
    assert [axes.get_title() for axes in only.axes] == ["Two"]


def test_a_legend_marks_what_lacks_pairs_anywhere(tmp_path: Path) -> None:
    for dataset, last in (("One", (3.0, 1.0, 0.5)), ("Two", "failed")):
        store(tmp_path, "a", [(1.0, 4.0, 0.5), (2.0, 4.0, 0.5)], dataset)
        store(tmp_path, "part", [(3.0, 4.0, 0.5), last], dataset)
    drawn = plot("radar", make_boards(Results(tmp_path)), incomplete=True)
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["a", "part†"]


def test_folders_of_fused_images_have_no_time(tmp_path: Path) -> None:
    for method in ("mine", "theirs"):
        store(tmp_path, method, [(1.0, 4.0, 0.5)], seconds=0.5)
    path = tmp_path / "Set" / "theirs" / "run.json"
    path.write_text(path.read_text().replace('"label": "theirs"', '"label": "theirs", "name": "folder"'))
    drawn = plot("latency", make_boards(Results(tmp_path)), metrics=["EN"])
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["mine"]
    with pytest.raises(InputError, match="no method has stored seconds"):
        plot("latency", make_boards(Results(tmp_path), {"theirs"}))


def test_no_minus_stands_before_a_zero(tmp_path: Path) -> None:
    from fusionbench.reports.tables import table

    store(tmp_path, "a", [(-0.0, -1e-9, 0.5)])
    boards = make_boards(Results(tmp_path))
    assert legend(plot("curves", boards, metrics=["EN"]).axes[0]) == ["a: 0.0000"]
    for format in ("latex", "markdown", "html", "csv"):
        assert "0.0000" in table(boards, format)  # type: ignore[arg-type]
        assert "-0.0" not in table(boards, format).replace("-{}", "-")  # type: ignore[arg-type]
