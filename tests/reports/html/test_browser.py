"""The report as a reader uses it: in a browser, from disk, with the mouse and with the keyboard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.reports.html import write_report
from fusionbench.results import Results, Row, run_folder
from fusionbench.results.draws import Draws
from fusionbench.results.tasks import TaskRecord, TaskRow, store_record

from ...results.storing import store, store_profile
from .runs import store_runs

pytestmark = pytest.mark.slow
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
METHODS = ["average", "laplacian", "gff", "two,scale", "<script>window.hacked=1</script>", '"红外" 🚗=cmd']
HOSTILE_CARD = "<script>window.hacked=1</script>"
PAIRS = ["p0", "<img src=x onerror=window.hacked=1>", '夜景 "1"', "p3"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("chromium is not installed (or name it with CHROMIUM)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Reader:
    """A page of the report, and what went wrong on it."""

    def __init__(self, browser: Any, folder: Path, width: int = 1280, **options: Any) -> None:
        self.root = folder.resolve().as_uri()
        self.context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))
        self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((f"{self.root}/", "data:", "blob:")):
            self.wrong.append(f"left the folder: {request.url}")

    def open(self, place: str) -> Any:
        self.page.goto(f"{self.root}/{place}")
        self.page.wait_for_load_state("load")
        return self.page

    def column(self, host: str, number: int) -> list[str]:
        cells = self.page.locator(f"{host} tbody tr > :nth-child({number})")
        return [text.strip() for text in cells.all_inner_texts()]

    def close(self) -> None:
        assert self.page.evaluate("window.hacked") is None
        assert self.wrong == []
        self.context.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("browser")
    runs = store_runs(
        root, methods=METHODS, pairs=PAIRS, datasets=["Set", "集合<b>"], failed=[("gff", "p3")], size=(96, 128)
    )
    folder = runs / "train" / "film" / "<b>one"
    folder.mkdir(parents=True)
    for place, method in enumerate(METHODS):
        network = {"parameters": 659_217, "flops": 404_722_483_200} if place == 1 else {}
        store_profile(runs, method, 0.003 * (place + 1), machine="<b>A</b> card", **network)
    store_profile(runs, "average", 0.0001, device="cuda", machine=HOSTILE_CARD)
    store_record(runs, _task())
    lines = [f"{i},1,main,{9 / i},0.001" for i in range(1, 40)]
    (folder / "losses.csv").write_text("\n".join(["step,epoch,stage,loss,learning_rate", *lines, ""]))
    return write_report(Results(runs), root / "report", embed=True).parent


def _task() -> TaskRecord:
    """Score a source and two methods, one of them with a name that is markup."""
    draws = np.random.default_rng(0).uniform(0.1, 0.2, 99)
    values = {"infrared (source)": 0.1, "average": 0.8, HOSTILE_CARD: 0.3}
    rows = {
        label: TaskRow(
            source="a" * ("source" in label),
            images=9,
            values={"F1": value},
            draws=Draws.of("abcdefghi", {"F1": value + draws}),
        )
        for label, value in values.items()
    }
    return TaskRecord(
        task="detection", protocol="frozen", version="1", model="m", digest="", dataset="Set", settings={}, rows=rows
    )


@pytest.fixture
def reader(browser: Any, report: Path) -> Iterator[Reader]:
    reader = Reader(browser, report)
    yield reader
    reader.close()


def test_tables_of_tasks_are_in_both_languages(reader: Reader) -> None:
    page = reader.open("index.html")
    tasks = page.locator("#tasks")
    english = tasks.inner_text()
    assert all(
        text in english for text in ("Differences to the best method", "infrared (source)", HOSTILE_CARD, "− 0.")
    )
    page.locator("#language").click()
    chinese = tasks.inner_text()
    assert all(
        text in chinese for text in ("与各列最佳方法之差", "红外（源图像）", "目标检测", "Holm 方法校正", HOSTILE_CARD)
    )
    page.locator("#language").click()
    assert tasks.inner_text() == english


def test_leaderboard_sorts_filters_and_chooses(reader: Reader) -> None:
    page = reader.open("index.html")
    assert page.locator("#facts").inner_text().startswith("2 data sets")
    assert "gff · Set (3/4)" in page.locator("#notices").inner_text()
    ranks = reader.column("#board", 2)
    assert ranks[-1] == "–"
    assert [float(rank) for rank in ranks[:-1]] == sorted(float(rank) for rank in ranks[:-1])
    assert reader.column("#board", 1)[-1] == "gff"

    page.locator("#board thead button", has_text="MSE").click()
    values = [float(text) for text in reader.column("#board", 6)]
    assert values == sorted(values)
    page.keyboard.press("Enter")  # the focus stayed on the button
    assert [float(text) for text in reader.column("#board", 6)] == sorted(values, reverse=True)
    assert page.locator("#board th[aria-sort=descending]").inner_text().startswith("MSE")

    page.locator("#incomplete").check()
    assert "–" not in reader.column("#board", 2)
    page.locator("#filter").fill("script")
    assert reader.column("#board", 1) == ["<script>window.hacked=1</script>"]
    page.locator("#filter").fill("nothing at all")
    assert "No method matches" in page.locator("#board-note").inner_text()
    page.locator("#filter").fill("")

    page.locator("#picker summary").click()
    page.locator("#choices input[value='EN@film']").uncheck()
    assert "EN" not in page.locator("#board thead").inner_text()
    page.locator("#dataset").select_option("all")
    assert "mean of the method's ranks" in page.locator("#board-note").inner_text()
    assert len(reader.column("#board", 1)) == len(METHODS)


def test_the_leaderboard_filters_by_year_and_venue(browser: Any, tmp_path: Path) -> None:
    """What has no paper stays: one's own method among those of the last years."""
    papers = [("old", 1995, "ICIP"), ("new", 2022, "Information Fusion"), ("newer", 2024, "ICML"), ("mine", None, "")]
    for i, (label, year, venue) in enumerate(papers):
        record = {"label": label, "year": year, "venue": venue}
        store(tmp_path / "runs", label, [[i, i, i]], method_record=record)
    reader = Reader(browser, write_report(Results(tmp_path / "runs"), tmp_path / "report").parent)
    page = reader.open("index.html")
    page.locator("#board thead button", has_text="Year").click()
    assert reader.column("#board", 1) == ["newer", "new", "old", "mine"]
    assert reader.column("#board", 2) == ["2024", "2022", "1995", "–"]
    page.locator("#since").select_option("2022")
    assert set(reader.column("#board", 1)) == {"newer", "new", "mine"}
    page.locator("#until").select_option("2022")
    assert set(reader.column("#board", 1)) == {"new", "mine"}
    page.locator("#until").select_option("any")
    page.locator("#venue").select_option("ICML")
    assert set(reader.column("#board", 1)) == {"newer", "mine"}
    reader.close()


def test_marks_and_mean_rank_agree_with_the_stored_means(reader: Reader) -> None:
    page = reader.open("index.html")
    board = page.evaluate("FB.index.boards[0]")
    whole = [row for row in board["rows"] if row["complete"]]
    signs = {"EN@film": -1, "MSE@film": 1, "Q_SF@liu": 1}
    ranks: dict[str, list[int]] = {row["method"]: [] for row in whole}
    for number, (key, sign) in enumerate(signs.items(), start=5):
        cost = {row["method"]: sign * (abs(row["means"][key]) if "Q_SF" in key else row["means"][key]) for row in whole}
        order = sorted(cost, key=lambda method: cost[method])
        for place, method in enumerate(order, start=1):
            ranks[method].append(place)
        for place, name in enumerate(("first", "second")):
            cell = page.locator(f"#board tbody tr > td.{name}:nth-child({number})")
            assert cell.locator("xpath=..").locator("th").inner_text() == order[place]
    shown = dict(zip(reader.column("#board", 1), reader.column("#board", 2), strict=True))
    assert {method: shown[method] for method in ranks} == {
        method: f"{sum(places) / len(places):.2f}" for method, places in ranks.items()
    }


def test_costs_sort_and_are_plotted(reader: Reader) -> None:
    page = reader.open("index.html")
    assert page.locator("#circumstances option").all_inner_texts() == [
        "480x640 · cpu: <b>A</b> card, 2 threads, torch 2.13.0",
        f"480x640 · cuda: {HOSTILE_CARD}, torch 2.13.0",
    ]
    latency = [float(text.split()[0]) for text in reader.column("#costs", 4)]
    assert latency == [3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
    assert reader.column("#costs", 1)[:2] == ["average", "laplacian"]
    assert reader.column("#costs", 2)[:2] == ["–", "659.2 k"]
    assert reader.column("#costs", 3)[:2] == ["–", "404.7 G"]
    assert page.locator("#costs tbody tr").first.locator("td.first").count() == 3
    page.locator("#costs thead button", has_text="Pairs / s").click()
    page.locator("#costs thead button", has_text="Latency").click()
    page.locator("#costs thead button", has_text="Latency").click()
    assert reader.column("#costs", 4)[0].startswith("18.0")
    page.locator("#trade-x").select_option("cost:latency")
    page.wait_for_function("document.querySelectorAll('#trade .point').length === 6")
    assert "Latency (ms) · 480x640" in page.locator("#trade .xtitle").text_content()
    page.locator("#circumstances").select_option(index=1)
    assert reader.column("#costs", 1) == ["average"]
    page.wait_for_function("document.querySelectorAll('#trade .point').length === 1")
    page.locator("#costs a", has_text="average").click()
    page.wait_for_selector("#costs tbody tr")
    assert len(reader.column("#costs", 1)) == 2


def test_the_buttons_of_a_plot_cover_no_label(reader: Reader) -> None:
    page = reader.open("index.html")
    page.wait_for_selector("#trade .point")
    page.locator("#trade").hover()
    buttons = page.locator("#trade .modebar").bounding_box()
    labels = page.locator("#trade .textpoint text").all()
    assert len(labels) == len(METHODS)
    for label in labels:
        box = label.bounding_box()
        apart = box["y"] >= buttons["y"] + buttons["height"] or box["x"] + box["width"] <= buttons["x"]
        assert apart, f"{label.text_content()}: {box} under {buttons}"


def test_significance_shows_ranks_groups_and_tests(reader: Reader) -> None:
    page = reader.open("index.html")
    page.locator("main a", has_text="Which differences").click()
    page.wait_for_selector("#ranks svg")
    stored = page.evaluate("FB.tests.Set['EN@film']")
    order = sorted(range(len(stored["methods"])), key=lambda i: stored["ranks"][i])
    assert "gff" not in stored["methods"]  # it failed on a pair
    titles = page.locator("#ranks a title").all_text_contents()
    assert titles == [stored["methods"][i] for i in order]
    assert page.locator("#ranks .dot").count() == len(METHODS) - 1
    assert page.locator("#ranks .joined").count() >= 1
    assert f"n = 4; critical difference {stored['critical']}" in page.locator("#friedman").inner_text()
    rows = page.locator("#tests tbody tr").count()
    assert (rows, page.locator("#tests thead th").count()) == (len(METHODS) - 1, len(METHODS))
    page.locator("#metric").select_option("all")
    assert "Choose one data set" in page.locator("#tests-note").inner_text()
    assert page.locator("#tests").is_hidden()
    page.locator("#dataset").select_option("all")
    assert "n = 8" in page.locator("#friedman").inner_text()
    page.locator("#language").click()
    assert "临界差" in page.locator("#friedman").inner_text()
    page = reader.open("significance.html#d=all&m=MSE%40film")
    page.wait_for_selector("#ranks svg")
    assert (page.locator("#dataset").input_value(), page.locator("#metric").input_value()) == ("all", "MSE@film")


def test_viewer_compares_zooms_and_steps(reader: Reader) -> None:
    page = reader.open("index.html")
    page.locator(".top nav a", has_text="Pairs").click()
    page.locator("#gallery a", has_text="夜景").click()
    page.wait_for_selector("#stage img")
    assert page.locator("#title").inner_text() == PAIRS[2]
    assert page.locator("#position").inner_text() == "3 / 4"
    assert page.locator("#thumbs button").count() == 2 + len(METHODS)

    stage = page.locator("#stage .pane").bounding_box()
    handle = page.locator("#divider").bounding_box()
    middle = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.25, middle[1], steps=5)
    page.mouse.up()
    assert abs(int(page.locator("#divider").get_attribute("aria-valuenow")) - 25) <= 1
    page.locator("#divider").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert abs(int(page.locator("#divider").get_attribute("aria-valuenow")) - 36) <= 1
    page.keyboard.press("Home")
    assert page.locator("#divider").get_attribute("aria-valuenow") == "0"

    whole = page.locator("#zoom-value").inner_text()
    assert abs(int(whole.split()[0]) - 100 * stage["width"] / 128) <= 1  # of the picture's pixels on the screen's
    page.mouse.move(*middle)
    page.mouse.wheel(0, -600)
    page.wait_for_function("whole => document.getElementById('zoom-value').textContent !== whole", arg=whole)
    page.locator("#left").select_option("s:a")
    page.keyboard.press("Escape")
    page.locator("input[value=side]").check(force=True)
    page.locator("#thumbs button", has_text="gff").click()
    assert page.locator("#stage .pane").count() == 3
    views = page.evaluate("[...document.querySelectorAll('.layer')].map(e => getComputedStyle(e).transform)")
    numbers = [[float(number) for number in view.removeprefix("matrix(").rstrip(")").split(",")] for view in views]
    assert numbers[0][0] > 2
    assert all(view == pytest.approx(numbers[0], abs=0.1) for view in numbers)  # panes differ by parts of a pixel
    page.locator("#zoom-reset").click()
    page.locator("input[value=slider]").check(force=True)
    assert page.locator("#zoom-value").inner_text() == whole

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("3")
    assert page.evaluate("getComputedStyle(document.querySelector('.layer.difference')).mixBlendMode") == "difference"
    page.keyboard.press("ArrowRight")
    assert page.locator("#position").inner_text() == "4 / 4"
    assert "failed" in page.locator("#numbers").inner_text()
    assert page.locator("#thumbs button", has_text="gff").count() == 0
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#title").inner_text() == PAIRS[1]


def test_equal_pictures_have_a_black_difference(reader: Reader) -> None:
    """The difference is made by the browser: its pixels are checked."""
    page = reader.open("viewer.html#d=Set&p=p0")
    page.wait_for_selector("#stage img")
    page.locator("input[value=difference]").check(force=True)
    page.locator("#heated").uncheck()
    page.evaluate("document.querySelectorAll('.tag').forEach(e => e.remove())")
    different = _levels(page)
    page.evaluate("const [l, r] = document.querySelectorAll('#stage img'); r.src = l.src")
    page.wait_for_function("[...document.querySelectorAll('#stage img')].every(e => e.complete && e.naturalWidth)")
    page.wait_for_timeout(200)
    assert different > 40
    assert _levels(page) == 0


def _levels(page: Any) -> int:
    """The largest level within the stage, away from its round corners."""
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(page.locator("#stage .pane").screenshot())).convert("L")
    width, height = image.size
    low, high = image.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10)).getextrema()
    assert low <= high
    return int(high)


def test_language_and_theme_are_switched_and_kept(reader: Reader) -> None:
    page = reader.open("index.html")
    assert page.locator("h2").first.inner_text() == "Leaderboard"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#language").click()
    assert page.locator("h2").first.inner_text() == "排行榜"
    assert page.title() == "图像融合评测报告"
    assert page.locator("#filter").get_attribute("placeholder") == "按名称筛选"
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.locator("#theme").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page = reader.open("viewer.html")
    page.wait_for_selector("#stage img")
    assert page.locator("#modes label").first.inner_text().strip() == "滑块"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_every_page_opens_at_every_width(browser: Any, report: Path) -> None:
    for width, scheme, language in (
        (360, "dark", "en"),
        (390, "light", "zh"),
        (768, "light", "en"),
        (1280, "dark", "zh"),
        (1920, "light", "en"),
    ):
        reader = Reader(browser, report, width, color_scheme=scheme)
        reader.open("index.html")
        reader.page.evaluate("language => localStorage.setItem('fusionbench.language', language)", language)
        method = next(path for path in (report / "methods").iterdir() if "script" in path.name)
        metric = min((report / "metrics").iterdir())
        for path in [*sorted(report.glob("*.html")), method, metric]:
            page = reader.open(str(path.relative_to(report)))
            if path.stem in ("index", "training") or path in (method, metric):
                page.wait_for_selector(".plot svg .trace, .plot svg .scatterlayer .trace")
                assert page.locator(".plot .xtick").count() > 1
            page.wait_for_timeout(100)
            assert page.evaluate("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path.name} at {width}"
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        reader.close()


def test_a_table_of_twelve_metrics_is_whole_on_a_laptop(browser: Any, tmp_path: Path) -> None:
    from fusionbench.metrics.protocols import PROTOCOLS

    keys = PROTOCOLS["film"].metrics
    metrics = {key: {"name": key.partition("@")[0], "better": "higher", "protocol": "film"} for key in keys}
    for method in ("average", "seafusion"):
        record = {"label": method, "year": 2022}
        store(tmp_path / "runs", method, [None], metrics=metrics, method_record=record)
        folder = run_folder(tmp_path / "runs", "Set", method)
        folder.open(list(keys))
        folder.append(Row("p0", seconds=0.1, metrics=dict.fromkeys(keys, 12.3456)))
        folder.close()
    reader = Reader(browser, write_report(Results(tmp_path / "runs"), tmp_path / "report").parent)
    page = reader.open("index.html")
    assert page.locator("#board thead th").count() == 5 + len(keys) >= 17
    assert page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.getElementById('board'))")
    reader.close()


def test_what_has_no_values_is_said(browser: Any, tmp_path: Path) -> None:
    nan = float("nan")
    for method, values in (("a", [(nan, nan, nan)]), ("b", ["failed"])):
        store(tmp_path / "runs", method, values)
    reader = Reader(browser, write_report(Results(tmp_path / "runs"), tmp_path / "report").parent)
    page = reader.open("index.html")
    assert page.locator("#trade-x option").all_inner_texts() == ["EN@film", "MSE@film", "Q_SF@liu"]  # none was timed
    assert page.locator("#trade-note").inner_text() == "No method has both values."
    assert page.locator("#facts").inner_text().startswith("1 data set")
    for place in ("significance.html", "viewer.html", "pairs.html", "methods/b.html"):
        reader.open(place)
    assert page.locator("#best, #worst").locator("li").count() == 0
    assert page.locator("h3:visible").count() == 0
    reader.close()


def test_no_pair_is_among_the_best_and_the_worst(reader: Reader) -> None:
    page = reader.open("methods/average.html")
    page.wait_for_selector("#best li")
    best, worst = (page.locator(f"#{name} .label").all_inner_texts() for name in ("best", "worst"))
    assert sorted(best + worst) == sorted(PAIRS)


def test_pictures_are_shown_where_they_lie(browser: Any, tmp_path: Path) -> None:
    """And where they have been moved away, their thumbnails are."""
    (tmp_path / "my #1 folder").mkdir()
    runs = store_runs(tmp_path / "my #1 folder", methods=["average", "gff"], pairs=["p0", "夜 %41"])
    out = write_report(Results(runs), tmp_path / "report").parent
    assert not (out / "images").exists()
    reader = Reader(browser, out)
    reader.root = tmp_path.resolve().as_uri()
    page = reader.open("report/viewer.html")
    loaded = "[...document.querySelectorAll('#stage img')].every(e => e.complete && e.naturalWidth)"
    for pair in (0, 1):
        page.locator("#pair").select_option(index=pair)
        for side in ("s:a", "m:gff"):
            page.locator("#left").select_option(side)
            page.wait_for_function(loaded)
            assert page.locator("#stage-note").inner_text() == ""
    assert page.locator("#thumbs button").first.inner_text().endswith("Infrared")
    shutil.rmtree(runs / "Set" / "gff" / "colour")
    page.reload()
    page.locator("#left").select_option("m:gff")
    page.wait_for_function(loaded)
    assert "its small copy is shown" in page.locator("#stage-note").inner_text()
    assert all("/gff/colour/" in text or "ERR_FILE_NOT_FOUND" in text for text in reader.wrong), reader.wrong
    reader.wrong.clear()
    reader.close()


def test_numbers_of_a_logarithmic_axis_are_whole(reader: Reader) -> None:
    page = reader.open("index.html")
    page.wait_for_selector("#trade .xtick")
    marks = [float(text) for text in page.locator("#trade .xtick").all_text_contents()]
    assert len(marks) > 1
    assert page.evaluate("[1, 2, 5, 10].map(n => FB.roundNumbers(0.9 * n, 1300 * n, 4).length <= 4)") == [True] * 4
    assert page.evaluate("FB.roundNumbers(8, 25, 9)") == [10, 15, 20]
    page.evaluate("Plotly.relayout('trade', {'xaxis.range': [-1, 3]})")
    page.wait_for_function("document.querySelector('#trade .xtick').textContent === '0.1'")
    assert {float(text) for text in page.locator("#trade .xtick").all_text_contents()} >= {0.1, 1, 10, 100, 1000}


def test_the_keyboard_reaches_everything_and_shows_where_it_is(reader: Reader) -> None:
    page = reader.open("viewer.html#d=Set&p=p0")
    page.wait_for_selector("#stage img")
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
            const e = document.activeElement, s = getComputedStyle(e);
            const inner = e.closest('.group label') || e.querySelector('span') || e;
            const drawn = [s, getComputedStyle(inner)].some(each => each.outlineStyle !== 'none');
            return [e.id || e.name || e.className || e.tagName, drawn];
        }""")
        if found[0] == "BODY":
            break
        assert found[1], f"{found[0]} does not show its focus"
        seen.add(found[0])
    assert {"language", "theme", "dataset", "pair", "next", "mode", "left", "right", "divider", "zoom-in"} <= seen


def test_a_large_gallery_loads_what_is_looked_at(browser: Any, tmp_path: Path) -> None:
    runs = store_runs(tmp_path, methods=["average"], pairs=[f"p{number}" for number in range(300)], colour=False)
    write_report(Results(runs), tmp_path / "report")
    reader = Reader(browser, tmp_path / "report")
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    page = reader.open("pairs.html")
    page.wait_for_function("document.querySelectorAll('#gallery img').length === 600")
    page.wait_for_timeout(500)
    seen = sum("/thumbs/" in url for url in asked)
    assert 0 < seen < 300
    page.locator("#gallery li").last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('#gallery li:last-child img')].every(e => e.naturalWidth)")
    reader.close()


def test_real_data(browser: Any, shared_data: Path, tmp_path: Path) -> None:
    from fusionbench import run

    methods = ["average", "max", "laplacian", "ratio", "msvd", "two-scale"]
    sets = ["RoadScene", "TNO", "MSRS"]
    run(methods, sets, out=tmp_path / "runs", data_root=shared_data, limit=2, metrics=["EN", "SD", "SF"])
    write_report(Results(tmp_path / "runs"), tmp_path / "report", embed=True)
    reader = Reader(browser, tmp_path / "report")
    page = reader.open("index.html")
    for dataset in sets:
        page.locator("#dataset").select_option(label=dataset)
        assert sorted(reader.column("#board", 1)) == sorted(methods)
        assert "–" not in reader.column("#board", 3)  # the mean rank, after the year
    for dataset in sets:
        page = reader.open("index.html")
        page.locator(".card", has_text=dataset).locator("h3 a").click()
        page.locator("#gallery a").first.click()
        page.wait_for_selector("#stage img")
        assert page.locator("#dataset").input_value() == dataset
        assert page.locator("#thumbs button").count() == 2 + len(methods)
        page.wait_for_function("[...document.images].every(e => !e.complete || e.naturalWidth)")
        page.wait_for_function("[...document.querySelectorAll('#stage img')].every(e => e.complete && e.naturalWidth)")
        assert _levels(page) > 60
    reader.close()
