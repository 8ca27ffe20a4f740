"""The comparison grid: what is shown where, and what is refused."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from fusionbench.drawing.style import fonts, plain, save
from fusionbench.errors import InputError
from fusionbench.reports.figure import figure, parse_box, parse_boxes
from fusionbench.reports.panels import BELOW, HIGHEST, ZOOM, _insets, _overlap, arrangement
from fusionbench.results import Results

from ..results.storing import store

SOURCES = [("Infrared", np.full((40, 60), 128, np.uint8)), ("Visible", np.full((40, 60, 3), 65535, np.uint16))]


def sources(dataset: str, pair: str) -> list[tuple[str, np.ndarray]]:
    assert (dataset, pair[:1]) == ("One", "p")
    return SOURCES


def labels(drawn: Figure) -> list[str]:
    return [text.get_text() for text in drawn.texts]


def shown(drawn: Figure) -> list[np.ndarray]:
    return [np.asarray(axes.images[0].get_array()) for axes in drawn.axes]


def test_sources_methods_labels_and_details(three_methods: Path) -> None:
    drawn = figure(
        Results(three_methods), dataset="One", pair="p0", methods=["gamma", "alpha"], sources=sources,
        boxes=[(5, 4, 10, 6), (20, 20, 8, 8)], names={"gamma": "Ours"},
    )  # fmt: skip
    assert labels(drawn) == ["Infrared", "Visible", "Ours", "alpha"]
    images = shown(drawn)
    assert np.array_equal(images[0], SOURCES[0][1])
    assert np.array_equal(images[1], np.full((40, 60, 3), 255))
    with Image.open(three_methods / "One/gamma/fused/p0.png") as opened:
        fused = np.asarray(opened)
    assert np.array_equal(images[2], fused)
    details = [np.asarray(child.images[0].get_array()) for child in drawn.axes[2].child_axes]
    assert np.array_equal(details[0], fused[4:10, 5:15])
    assert np.array_equal(details[1], fused[20:28, 20:28])
    assert [patch.get_bbox().bounds for patch in drawn.axes[2].patches] == [(4.5, 3.5, 10, 6), (19.5, 19.5, 8, 8)]


def test_the_picture_shows_the_pixels(three_methods: Path, tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    figure(Results(three_methods), path, dataset="One", pair="p0", methods=["alpha"], boxes=[(40, 5, 10, 10)], dpi=200)
    with Image.open(path) as opened:
        picture = np.asarray(opened.convert("RGB")).astype(int)
    with Image.open(three_methods / "One/alpha/fused/p0.png") as opened:
        fused = np.asarray(opened)
    scale = picture.shape[1] / 60
    assert abs(picture[int(20.5 * scale), int(45.5 * scale), 0] - fused[20, 45]) <= 1
    # the detail stands where it hides none of the boxes: below, at the left
    ((left, top, wide, high),) = _insets([(40, 5, 10, 10)], 60, 40, ("lower left", ZOOM))
    centre = picture[int((top + high * 0.55) * scale), int((left + wide * 0.55) * scale)]
    assert tuple(centre - fused[10, 45]) == (0, 0, 0)


def test_colour_is_shown_unless_gray_is_wanted(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 1.0, 1.0)])
    for kind, image in (("fused", np.zeros((8, 9), np.uint8)), ("colour", np.full((8, 9, 3), 9, np.uint8))):
        path = tmp_path / "Set/a" / kind / "p0.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    assert shown(figure(Results(tmp_path), pair="p0"))[0].shape == (8, 9, 3)
    assert shown(figure(Results(tmp_path), pair="p0", gray=True))[0].shape == (8, 9)


def test_pairs_as_rows_are_labelled_once(three_methods: Path) -> None:
    drawn = figure(Results(three_methods), dataset="One", pair=["p0", "p1"], sources=sources)
    assert len(drawn.axes) == 10
    assert labels(drawn) == ["Infrared", "Visible", "alpha", "beta", "gamma"]
    drawn = figure(Results(three_methods), dataset="One", pair="p0", columns=2)
    assert [len(labels(drawn)), len(drawn.axes)] == [3, 3]
    tops = [round(axes.get_position().y1, 6) for axes in drawn.axes]
    assert tops[0] == tops[1] > tops[2]


def test_nothing_overlaps_or_leaves_the_page(three_methods: Path) -> None:
    names = {"alpha": "a very long name of a method " * 3, "beta": "名字 $x$ <b> 😀"}
    drawn = figure(Results(three_methods), dataset="One", pair="p0", sources=sources, names=names, width=3.5)
    renderer = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
    places = [text.get_window_extent(renderer) for text in drawn.texts]
    page = drawn.bbox
    assert all(page.x0 <= place.x0 and place.x1 <= page.x1 and place.y0 >= page.y0 for place in places)
    assert all(one.x1 <= other.x0 for one, other in pairwise(places))
    assert labels(drawn)[2].endswith("…")


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_the_same_bytes_every_time(three_methods: Path, tmp_path: Path, kind: str) -> None:
    written = []
    for name in ("one", "two"):
        out = tmp_path / name / f"figure.{kind}"
        figure(
            Results(three_methods), out, dataset="One", pair="p0", boxes=[(0, 0, 5, 5)], names={"alpha": "é"}, dpi=60
        )
        written.append(out.read_bytes())
    assert written[0] == written[1]
    assert b"CreationDate" not in written[0]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"pair": "p99"}, "unknown pair of One 'p99'"),
        ({"pair": "p0", "methods": ["alpa"]}, "unknown method on One 'alpa': did you mean 'alpha'"),
        ({"pair": "p0", "boxes": [(50, 0, 11, 5)]}, "the box 50,0,11,5 is not inside p0 of alpha, which is 60 wide"),
        ({"pair": "p0", "boxes": [(0, 0, 0, 5)]}, "is not inside"),
        ({"pair": "p5", "methods": ["beta"]}, "beta has no image of p5 on One"),
        ({"pair": "p5"}, "no method has an image of p5"),
        ({"pair": "p0", "dataset": None}, "say with --dataset which of One, Two"),
        ({"pair": "p0", "dataset": "Onne"}, "unknown data set 'Onne'"),
        ({"pair": "p0", "out": Path("figure.svg")}, r"give a file that ends in \.pdf or \.png"),
    ],
)
def test_wrong_wishes(three_methods: Path, wishes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        figure(Results(three_methods), **({"dataset": "One"} | wishes))  # type: ignore[arg-type]


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    store(tmp_path, "a", [(1.0, 1.0, 1.0)])
    folder = tmp_path / "Set/a/fused"
    folder.mkdir(exist_ok=True)
    (folder / "p0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"p0\.png cannot be read"):
        figure(Results(tmp_path), pair="p0")


def test_boxes_are_read() -> None:
    assert parse_box(" 1, 2,30,40") == (1, 2, 30, 40)
    assert parse_boxes(["1,2,3,4", "a:b:auto", "p:0,0,5,5", "a:b:5,6,7,8"], ["p", "a:b"]) == (
        [(1, 2, 3, 4)], {"a:b": ["auto", (5, 6, 7, 8)], "p": [(0, 0, 5, 5)]},
    )  # fmt: skip
    with pytest.raises(InputError, match="unknown pair of this figure 'q': there are p"):
        parse_boxes(["q:1,2,3,4"], ["p"])
    for text in ("1,2,3", "a,b,c,d", "1,2,0,4", "-1,0,5,5", "1.5,2,3,4"):
        with pytest.raises(InputError, match="left,top,width,height"):
            parse_box(text)


@pytest.mark.parametrize("corner", ["lower left", "lower right", "upper left", "upper right"])
@pytest.mark.parametrize("boxes", [[(0, 0, 10, 10)], [(0, 0, 5, 30), (0, 0, 30, 5), (3, 3, 9, 9)]])
def test_details_stay_inside_and_apart(corner: str, boxes: list[tuple[int, int, int, int]]) -> None:
    places = _insets(boxes, 64, 48, (corner, ZOOM))  # type: ignore[arg-type]
    for (left, top, wide, high), (_, _, box_wide, box_high) in zip(places, boxes, strict=True):
        assert left >= 0
        assert top >= 0
        assert left + wide <= 64 + 1e-9
        assert top + high <= 48 + 1e-9
        assert high <= HIGHEST * 48 + 1e-9
        assert wide / high == pytest.approx(box_wide / box_high)
    assert all(_overlap(one, other) < 1e-9 for i, one in enumerate(places) for other in places[i + 1 :])


@pytest.mark.parametrize("seed", range(20))
def test_details_hide_no_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, height = (int(n) for n in rng.integers(40, 800, 2))
    corners = rng.integers(0, [width - 9, height - 9], (int(rng.integers(1, 6)), 2)).tolist()
    boxes = [
        (x, y, int(rng.integers(1, min(width - x, width // 2))), int(rng.integers(1, min(height - y, height // 2))))
        for x, y in corners
    ]
    how = arrangement(boxes, width, height)
    places = _insets(boxes, width, height, how)
    assert not any(_overlap(place, box) for place in places for box in boxes)
    assert all(x >= 0 and x + wide <= width + 1e-9 and y >= 0 for x, y, wide, _ in places)
    assert (how == BELOW) == all(y > height for _, y, _, _ in places)


def test_details_that_have_no_corner_stand_below(three_methods: Path) -> None:
    boxes = [(0, 0, 20, 15), (40, 0, 20, 15), (0, 25, 20, 15), (40, 25, 20, 15)]
    drawn = figure(Results(three_methods), dataset="One", pair="p0", boxes=boxes, width=6)
    renderer = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
    for axes in drawn.axes:
        image = axes.get_window_extent()
        strip = [child.get_window_extent() for child in axes.child_axes]
        assert all(each.y1 < image.y0 and each.x0 >= image.x0 - 1 and each.x1 <= image.x1 + 1 for each in strip)
        assert all(one.x1 <= other.x0 for one, other in pairwise(strip))
        assert all(text.get_window_extent(renderer).y1 < min(each.y0 for each in strip) for text in drawn.texts)


def test_the_searched_box_is_where_methods_differ(tmp_path: Path) -> None:
    """Not where one of them is brighter as a whole, which says nothing about details."""
    rng = np.random.default_rng(0)
    scene = rng.integers(60, 120, (50, 100)).astype(np.uint8)
    for number, method in enumerate("abc"):
        store(tmp_path, method, [(1.0, 1.0, 1.0)] * 2)
        image = scene.copy()
        image[30:40, 70:90] = rng.integers(60, 120, (10, 20))
        image += np.uint8(40 * number)
        path = tmp_path / "Set" / method / "fused"
        path.mkdir()
        Image.fromarray(image).save(path / "p0.png")
        Image.fromarray(scene if number else image).save(path / "p1.png")
    seen: list[tuple[str, tuple[int, ...]]] = []
    drawn = figure(
        Results(tmp_path), pair=["p0", "p1"], own={"p0": ["auto", (1, 2, 3, 4), "auto"]}, boxes=[(5, 6, 7, 8)],
        found=lambda pair, box: seen.append((pair, box)),
    )  # fmt: skip
    (_, first), (_, second) = seen
    assert first == (70, 30, 20, 10)
    assert _overlap(first, second) == 0
    assert [len(axes.patches) for axes in drawn.axes] == [3, 3, 3, 1, 1, 1]
    with pytest.raises(InputError, match="show two images of one size"):
        figure(Results(tmp_path), pair="p0", methods=["a"], boxes=["auto"])
    with pytest.raises(InputError, match="no room for another box"):
        figure(Results(tmp_path), pair="p0", boxes=["auto"] * 99)


def test_a_box_of_images_of_other_sizes(tmp_path: Path) -> None:
    """A method that has twice the pixels is magnified at the same place; one that cropped some has the same pixels."""
    for method, size in (("a", (40, 60)), ("b", (80, 120)), ("c", (38, 57))):
        store(tmp_path, method, [(1.0, 1.0, 1.0)])
        (tmp_path / "Set" / method / "fused").mkdir()
        Image.fromarray(np.zeros(size, np.uint8)).save(tmp_path / "Set" / method / "fused" / "p0.png")
    drawn = figure(Results(tmp_path), pair="p0", boxes=[(10, 20, 8, 4)])
    bounds = [axes.patches[0].get_bbox().bounds for axes in drawn.axes]  # type: ignore[attr-defined]
    assert bounds == [(9.5, 19.5, 8, 4), (19.5, 39.5, 16, 8), (9.5, 19.5, 8, 4)]
    shapes = [axes.get_window_extent().height / axes.get_window_extent().width for axes in drawn.axes]
    assert shapes == pytest.approx([2 / 3] * 3, rel=1e-3)  # none is stretched


def test_letters_of_papers(three_methods: Path, tmp_path: Path) -> None:
    drawn = figure(Results(three_methods), tmp_path / "a.pdf", dataset="One", pair="p0", serif=True)
    assert {text.get_fontname() for text in drawn.texts} <= set(fonts(serif=True)[:1])
    assert fonts(serif=True)[0] != fonts()[0]


def test_any_text_is_printed_as_it_is() -> None:
    assert plain("a\n b$c$") == r"a b\$c\$"
    assert plain("x\U0010fffdy") == "x□y"
    assert plain("a\u200d\x07b") == "ab"


def test_a_figure_goes_nowhere_half(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot draw"):
        save(Figure(), tmp_path / "x.jpg")
    assert list(tmp_path.iterdir()) == []
    buffer = io.BytesIO(save(Figure(figsize=(1, 1)), tmp_path / "x.png", dpi=50).read_bytes())
    with Image.open(buffer) as opened:
        assert opened.size == (50, 50)
