"""The report as files: whole, self-contained, harmless, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from PIL import Image

from fusionbench.errors import InputError
from fusionbench.reports.html import pages, write_report
from fusionbench.reports.significance import compare
from fusionbench.results import Results, Row, run_folder
from fusionbench.results.leaderboard.boards import make_boards

from ...results.storing import store_profile
from .runs import content, store_runs

HOSTILE = [
    "<script>window.hacked=1</script>", '"quoted", it\'s', "line\nbreak", "=cmd|' /C calc'!A0", "红外 ➕ 可见光", "🚗",
    "<img src=x onerror=window.hacked=1>", "{{ 7*7 }}", "javascript:window.hacked=1", "%{x}<b>",
]  # fmt: skip
EXPLANATION = """# EN: entropy

| a | b |
| --- | --- |
| 1 | 2 |

<script>alert(1)</script> [x](javascript:alert(1))
"""


class Elements(HTMLParser):
    """Every element of a page, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs, one of which failed on a pair and lacks another, a training, and their report."""
    root = tmp_path_factory.mktemp("plain")
    runs = store_runs(root, failed=[("gff", "p1")], skip=[("gff", "p3")])
    training = runs / "train" / "film" / "one"
    training.mkdir(parents=True)
    (training / "losses.csv").write_text("step,epoch,stage,loss,learning_rate\n1,1,main,2.5,0.001\n")
    (training / "options.json").write_text('{"method": "film", "name": "<b>"}')
    write_report(Results(runs), root / "report", explanations={"EN@film": EXPLANATION})
    return root


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs and profiles with names that try to do harm, and their report."""
    root = tmp_path_factory.mktemp("hostile")
    pairs = [name for name in HOSTILE if "/" not in name]
    runs = store_runs(root, methods=HOSTILE, pairs=pairs, datasets=HOSTILE[:2])
    for place, method in enumerate(HOSTILE):
        store_profile(runs, method, 0.01 * (place + 1), machine=HOSTILE[0])
    write_report(Results(runs), root / "report", embed=True)
    return root


def test_every_link_of_every_page_leads_to_a_file_of_the_report(plain: Path) -> None:
    out = plain / "report"
    assert (out / "assets/plotly.min.js").stat().st_size > 1_000_000
    written = sorted(out.rglob("*.html"))
    assert len(written) == 7 + 3 + 3
    for page in written:
        for tag, attributes in Elements(page).found:
            for link in filter(None, (attributes.get("src"), attributes.get("href"))):
                parts = urlsplit(link)
                if parts.scheme == "data" or not parts.path:
                    continue
                assert not parts.scheme, f"{page.name}: <{tag}> {link}"
                assert (page.parent / parts.path).resolve().is_relative_to(out.resolve())
                assert (page.parent / parts.path).is_file(), f"{page.name}: <{tag}> {link}"


def test_the_data_are_the_stored_rows(plain: Path) -> None:
    data = content(plain / "report/data/pairs/Set.js")
    assert [pair["name"] for pair in data["pairs"]] == ["p0", "p1", "p2", "p3"]
    assert data["methods"]["gff"]["notes"] == {"1": ["failed", 'it <b>broke</b>, "badly"']}
    assert data["methods"]["gff"]["missing"] == [3]
    for kind in ("fused", "colour"):
        images = data["methods"]["gff"][kind]
        assert images == [f"../runs/Set/gff/{kind}/p0.png", "", f"../runs/Set/gff/{kind}/p2.png", ""]
    for method in ("average", "laplacian", "gff"):
        rows = run_folder(plain / "runs", "Set", method).rows()
        for i, pair in enumerate(data["pairs"]):
            for key, values in data["methods"][method]["values"].items():
                stored = rows[pair["name"]].metrics.get(key) if pair["name"] in rows else None
                assert values[i] == (None if stored is None else pytest.approx(stored, rel=1e-7))
    (board,) = content(plain / "report/data/report.js")["boards"]
    by_method = {row["method"]: row for row in board["rows"]}
    assert [by_method[name]["complete"] for name in ("average", "gff")] == [True, False]
    assert (by_method["gff"]["scored"], by_method["gff"]["failed"]) == (2, 1)
    low, high = by_method["average"]["intervals"]["EN@film"]
    assert low < by_method["average"]["means"]["EN@film"] < high


def test_pictures_are_there_with_thumbnails_and_progress_is_told(tmp_path: Path) -> None:
    runs = store_runs(tmp_path, methods=["average"], pairs=["p0"])
    out, seen = tmp_path / "report", []
    index = write_report(
        Results(runs), out, embed=True, advance=lambda done, total: seen.append((done, total)), workers=1
    )
    assert index == out / "index.html"
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    pictures = {str(path.relative_to(out / "images").with_suffix("")) for path in (out / "images").rglob("*.png")}
    thumbs = {str(path.relative_to(out / "thumbs").with_suffix("")) for path in (out / "thumbs").rglob("*.jpg")}
    sources = {"Set/sources/a/p0", "Set/sources/b/p0"}
    assert pictures == {"Set/fused/average/p0", "Set/colour/average/p0"} | sources
    assert thumbs == pictures - {"Set/fused/average/p0"}  # that of the colour picture serves for both
    stored = run_folder(runs, "Set", "average").image("p0", "colour")
    assert (out / "images/Set/colour/average/p0.png").read_bytes() == stored.read_bytes()


def test_without_sources_the_report_is_made_of_results(tmp_path: Path) -> None:
    runs = store_runs(tmp_path, methods=["gff"])
    shutil.rmtree(tmp_path / "sources")
    write_report(Results(runs), tmp_path / "report")
    data = content(tmp_path / "report/data/pairs/Set.js")
    assert all(pair["sources"] == ["", ""] for pair in data["pairs"])
    assert data["methods"]["gff"]["fused"] == [f"../runs/Set/gff/fused/p{i}.png" for i in range(4)]


def test_a_report_that_links_holds_only_small_pictures(tmp_path: Path) -> None:
    """What browsers cannot show where it lies is taken in, and addresses hold for any name."""
    (tmp_path / "my #1 folder").mkdir()
    runs = store_runs(tmp_path / "my #1 folder", methods=["a b"], pairs=["p0", "夜 %41?"])
    deep = tmp_path / "my #1 folder" / "sources" / "0a.png"
    Image.fromarray(np.full((48, 64), 65535, np.uint16)).save(deep)
    out = write_report(Results(runs), tmp_path / "report").parent
    data = content(next((out / "data/pairs").iterdir()))
    assert [path.relative_to(out).as_posix() for path in (out / "images").rglob("*.png")] == [
        data["pairs"][0]["sources"][0]
    ]
    addresses = [*data["pairs"][0]["sources"], *data["pairs"][1]["sources"], *data["methods"]["a b"]["fused"]]
    for address in addresses:
        assert address.isascii()
        assert (out / unquote(address)).is_file()
    assert len(list((out / "thumbs").rglob("*.jpg"))) == 2 * 2 + 2
    assert all(not Path(unquote(address)).is_absolute() for address in addresses)


def test_made_again_it_has_the_same_bytes(hostile: Path, tmp_path: Path) -> None:
    before = checksums(hostile / "report")
    write_report(Results(hostile / "runs"), tmp_path / "report", embed=True, workers=1)
    assert checksums(tmp_path / "report") == before
    write_report(Results(hostile / "runs"), tmp_path / "report", embed=True, workers=4)  # in its place
    assert checksums(tmp_path / "report") == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_it_writes_over_nothing_else(plain: Path, tmp_path: Path) -> None:
    runs = plain / "runs"
    with pytest.raises(InputError, match="is there and is not a report"):
        write_report(Results(runs), runs)
    with pytest.raises(InputError, match="no results"):
        write_report(Results(tmp_path / "nothing"), tmp_path / "report")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is there and is not a report"):
        write_report(Results(runs), tmp_path / "file")
    assert not (tmp_path / "report").exists()


def test_names_of_any_kind_stay_text(hostile: Path) -> None:
    out = hostile / "report"
    own = {"assets", "data"}
    for page in sorted(out.rglob("*.html")):
        elements = Elements(page)
        for tag, attributes in elements.found:
            assert tag != "img"
            assert tag != "script" or urlsplit(attributes["src"] or "").path.removeprefix("../").split("/")[0] in own
            assert not any(name.startswith("on") for name in attributes)
    assert all(name in Elements(out / "runs.html").text for name in HOSTILE)
    index = content(out / "data/report.js")
    assert [method["label"] for method in index["methods"]] == sorted(HOSTILE)
    for script in (out / "data").rglob("*.js"):
        assert script.read_text(encoding="utf-8").isascii()
    table = (out / "leaderboard.csv").read_text(encoding="utf-8")
    assert "'=cmd" in table
    assert all(
        re.fullmatch(r"[A-Za-z0-9_.-]+", part) for path in out.rglob("*") for part in path.relative_to(out).parts
    )


def test_metric_pages_carry_their_explanation(plain: Path) -> None:
    folder = plain / "report" / "metrics"
    pages_by_key = {Elements(page).text.split("·")[0].strip(): page for page in folder.iterdir()}
    page = Elements(pages_by_key["EN@film"])
    assert ("td", {}) in page.found
    assert "<script>alert(1)</script>" in page.text
    assert not any((attributes.get("href") or "").startswith("javascript") for _, attributes in page.found)
    assert "entropy" not in Elements(pages_by_key["MSE@film"]).text


def test_training_runs_get_a_page(plain: Path, hostile: Path) -> None:
    assert not (hostile / "report/training.html").exists()
    assert '"name": "<b>"' in Elements(plain / "report/training.html").text
    assert content(plain / "report/data/training.js")[0]["losses"] == {"loss": [2.5]}


def test_every_text_is_there_in_both_languages_and_is_used() -> None:
    words = pages.words()
    assert all(set(texts) == {"en", "zh"} and all(texts.values()) for texts in words.values())
    folder = Path(pages.__file__).parent
    sources = [*folder.glob("templates/*.html"), *folder.glob("assets/*.js")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r"\b(?:t|w|plain)\(['\"](\w+)['\"]\)", text))
    asked |= set(re.findall(r"data-t(?:-\w+)?=\"(\w+)\"", text)) | set(re.findall(r"word: \"(\w+)\"", text))
    assert asked <= set(words), asked - set(words)
    told = (*pages.KNOWN, pages.NOTE, pages.TASK)
    assert [key for key in words if not re.search(rf"['\"]{key}['\"]", text) and not key.startswith(told)] == []


def test_every_asset_is_written() -> None:
    folder = Path(pages.__file__).parent / "assets"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*pages.ASSETS, "words.json"])


def test_folders_of_the_computer_are_not_told(tmp_path: Path) -> None:
    runs = store_runs(tmp_path, methods=["average"])
    folder = run_folder(runs, "Set", "average")
    manifest = folder.manifest()
    assert manifest is not None
    manifest.root = str(tmp_path / "Set")
    manifest.method.options = {"command": f"python {tmp_path}/fuse.py --ir {{a}}"}
    folder.write_manifest(manifest)
    folder.open([])
    folder.append(Row("p0", "failed", f"cannot read {tmp_path / 'Set' / 'p0.png'}"))
    folder.close()
    (runs / "train/one").mkdir(parents=True)
    (runs / "train/one/losses.csv").write_text("step,loss\n1,2.0\n")
    (runs / "train/one/options.json").write_text(json.dumps({"vgg": str(tmp_path / "vgg.pth")}))
    out = tmp_path / "report"
    write_report(Results(runs), out)
    for path in [*out.rglob("*.html"), *(out / "data").rglob("*.js"), out / "leaderboard.csv"]:
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path
    assert "python …/fuse.py --ir {a}" in Elements(out / "runs.html").text
    assert "cannot read \\u2026/p0.png" in (out / "data/pairs/Set.js").read_text(encoding="utf-8")


def test_headings_of_explanations_are_marked_for_translation() -> None:
    html = pages.from_markdown(
        "# PSNR: Peak signal-to-noise ratio\n\n| metric | best |\n| --- | --- |\n| a metric | ↑ larger is better |\n\n"
        "Entropy is not it. It looks at the fused image alone.\n\n## Traps\n\nReference: Entropy 2015"
    )
    keys = re.findall(r'data-t="(\w+)"', html)
    assert keys == [
        "title_peak_signal_to_noise_ratio", "explained_metric", "explained_best", "better_higher", "explained_alone",
        "explained_traps", "explained_reference",
    ]  # fmt: skip


def test_every_title_and_label_of_explanations_is_known() -> None:
    from fusionbench.metrics import METRICS
    from fusionbench.metrics.guide.explain import explain

    known = {texts["en"] for texts in pages.words().values()}
    for key in METRICS:
        text = explain(key).markdown()
        title = text.splitlines()[0].partition(": ")[2]
        heads = [cell.strip() for cell in text.split("\n\n")[2].splitlines()[0].strip("| ").split("|")]
        assert {title, *heads} <= known, key


def test_costs_and_tests_are_in_the_data(hostile: Path) -> None:
    index = content(hostile / "report/data/report.js")
    assert sorted(profile["method"] for profile in index["profiles"]) == sorted(HOSTILE)
    for board in index["boards"]:
        for row in board["rows"]:
            assert [index["profiles"][place]["method"] for place in row["profiles"]] == [row["method"]]
    tests = content(hostile / "report/data/significance.js")
    files = [dataset["file"] for dataset in index["datasets"]]
    assert set(tests) == {*files, "all"}
    test = tests[files[0]]["EN@film"]
    assert (test["n"], len(test["ranks"]), len(test["tests"])) == (8, 10, 45)
    board = make_boards(Results(hostile / "runs"))[0]
    comparisons = {(c.a, c.b): c for c in compare(board, board.columns[0])}
    for a, b, p, won, lost, _ in test["tests"]:
        one = comparisons[test["compared"][a], test["compared"][b]]
        assert (p, won, lost) == (pytest.approx(one.corrected, rel=1e-3), one.wins, one.losses)
    assert tests["all"]["all"]["n"] == 16
