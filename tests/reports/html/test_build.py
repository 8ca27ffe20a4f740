"""The report as files: whole, self-contained, harmless, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fusionbench.errors import InputError
from fusionbench.reports.html import pages, write_report
from fusionbench.reports.significance import compare
from fusionbench.results import Results, Row, run_folder
from fusionbench.results.leaderboard.boards import make_boards

HOSTILE = [
    "<script>window.hacked=1</script>", '"quoted", it\'s', "line\nbreak", "=cmd|' /C calc'!A0", "红外 ➕ 可见光", "🚗",
    "<img src=x onerror=window.hacked=1>", "{{ 7*7 }}", "javascript:window.hacked=1", "%{x}<b>",
]  # fmt: skip
MakeRuns = Callable[..., Path]
ReadData = Callable[[Path], Any]


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


def test_every_link_of_every_page_leads_to_a_file_of_the_report(make_runs: MakeRuns, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert write_report(Results(make_runs()), out) == out / "index.html"
    assert (out / "assets/plotly.min.js").stat().st_size > 1_000_000
    written = sorted(out.rglob("*.html"))
    assert len(written) == 6 + 3 + 3
    for page in written:
        for tag, attributes in Elements(page).found:
            for link in filter(None, (attributes.get("src"), attributes.get("href"))):
                parts = urlsplit(link)
                if parts.scheme == "data" or not parts.path:
                    continue
                assert not parts.scheme, f"{page.name}: <{tag}> {link}"
                assert (page.parent / parts.path).resolve().is_relative_to(out.resolve())
                assert (page.parent / parts.path).is_file(), f"{page.name}: <{tag}> {link}"


def test_the_data_are_the_stored_rows(make_runs: MakeRuns, read_data: ReadData, tmp_path: Path) -> None:
    runs = make_runs(failed=[("gff", "p1")], skip=[("gff", "p3")])
    write_report(Results(runs), tmp_path / "report")
    data = read_data(tmp_path / "report/data/pairs/Set.js")
    assert [pair["name"] for pair in data["pairs"]] == ["p0", "p1", "p2", "p3"]
    assert data["methods"]["gff"]["notes"] == {"1": ["failed", 'it <b>broke</b>, "badly"']}
    assert data["methods"]["gff"]["missing"] == [3]
    assert data["methods"]["gff"]["fused"] == data["methods"]["gff"]["colour"] == "1010"
    for method in ("average", "laplacian", "gff"):
        rows = run_folder(runs, "Set", method).rows()
        for i, pair in enumerate(data["pairs"]):
            for key, values in data["methods"][method]["values"].items():
                stored = rows[pair["name"]].metrics.get(key) if pair["name"] in rows else None
                assert values[i] == (None if stored is None else pytest.approx(stored, rel=1e-7))
    (board,) = read_data(tmp_path / "report/data/report.js")["boards"]
    by_method = {row["method"]: row for row in board["rows"]}
    assert [by_method[name]["complete"] for name in ("average", "gff")] == [True, False]
    assert (by_method["gff"]["scored"], by_method["gff"]["failed"]) == (2, 1)
    low, high = by_method["average"]["intervals"]["EN@film"]
    assert low < by_method["average"]["means"]["EN@film"] < high


def test_pictures_are_there_with_thumbnails(make_runs: MakeRuns, tmp_path: Path) -> None:
    runs = make_runs(methods=["average"], pairs=["p0"])
    out = tmp_path / "report"
    write_report(Results(runs), out)
    pictures = {str(path.relative_to(out / "images").with_suffix("")) for path in (out / "images").rglob("*.png")}
    thumbs = {str(path.relative_to(out / "thumbs").with_suffix("")) for path in (out / "thumbs").rglob("*.jpg")}
    sources = {"Set/sources/a/p0", "Set/sources/b/p0"}
    assert pictures == {"Set/fused/average/p0", "Set/colour/average/p0"} | sources
    assert thumbs == pictures - {"Set/fused/average/p0"}  # that of the colour picture serves for both
    stored = run_folder(runs, "Set", "average").image("p0", "colour")
    assert (out / "images/Set/colour/average/p0.png").read_bytes() == stored.read_bytes()


def test_without_sources_the_report_is_made_of_results(
    make_runs: MakeRuns, read_data: ReadData, tmp_path: Path
) -> None:
    runs = make_runs()
    shutil.rmtree(tmp_path / "sources")
    write_report(Results(runs), tmp_path / "report")
    data = read_data(tmp_path / "report/data/pairs/Set.js")
    assert all(pair["sources"] == ["", ""] for pair in data["pairs"])
    assert data["methods"]["gff"]["fused"] == "1111"


def test_made_again_it_has_the_same_bytes(make_runs: MakeRuns, tmp_path: Path) -> None:
    runs = make_runs(methods=["average", *HOSTILE], pairs=HOSTILE[1:4], datasets=["Set", "集合"])
    out = tmp_path / "report"
    write_report(Results(runs), out, workers=1)
    before = checksums(out)
    write_report(Results(runs), out, workers=4)  # in its place
    assert checksums(out) == before
    shutil.rmtree(out)
    write_report(Results(runs), out)
    assert checksums(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "runs", "sources"]


def test_it_writes_over_nothing_else(make_runs: MakeRuns, tmp_path: Path) -> None:
    runs = make_runs()
    with pytest.raises(InputError, match="is there and is not a report"):
        write_report(Results(runs), runs)
    with pytest.raises(InputError, match="no results"):
        write_report(Results(tmp_path / "nothing"), tmp_path / "report")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is there and is not a report"):
        write_report(Results(runs), tmp_path / "file")
    assert not (tmp_path / "report").exists()


def test_names_of_any_kind_stay_text(make_runs: MakeRuns, read_data: ReadData, tmp_path: Path) -> None:
    pairs = [name for name in HOSTILE if "/" not in name]
    out = tmp_path / "report"
    write_report(Results(make_runs(methods=HOSTILE, pairs=pairs, datasets=HOSTILE[:2])), out)
    own = {"assets", "data"}
    for page in sorted(out.rglob("*.html")):
        elements = Elements(page)
        for tag, attributes in elements.found:
            assert tag != "img"
            assert tag != "script" or urlsplit(attributes["src"] or "").path.removeprefix("../").split("/")[0] in own
            assert not any(name.startswith("on") for name in attributes)
    assert all(name in Elements(out / "runs.html").text for name in HOSTILE)
    index = read_data(out / "data/report.js")
    assert [method["label"] for method in index["methods"]] == sorted(HOSTILE)
    for script in (out / "data").rglob("*.js"):
        assert script.read_text(encoding="utf-8").isascii()
    table = (out / "leaderboard.csv").read_text(encoding="utf-8")
    assert "'=cmd" in table
    assert all(
        re.fullmatch(r"[A-Za-z0-9_.-]+", part) for path in out.rglob("*") for part in path.relative_to(out).parts
    )


def test_metric_pages_carry_their_explanation(make_runs: MakeRuns, tmp_path: Path) -> None:
    text = (
        "# EN: entropy\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n<script>alert(1)</script> [x](javascript:alert(1))\n"
    )
    write_report(Results(make_runs()), tmp_path / "report", explanations={"EN@film": text})
    folder = tmp_path / "report" / "metrics"
    pages_by_key = {Elements(page).text.split("·")[0].strip(): page for page in folder.iterdir()}
    page = Elements(pages_by_key["EN@film"])
    assert ("td", {}) in page.found
    assert "<script>alert(1)</script>" in page.text
    assert not any((attributes.get("href") or "").startswith("javascript") for _, attributes in page.found)
    assert "entropy" not in Elements(pages_by_key["MSE@film"]).text


def test_training_runs_get_a_page(make_runs: MakeRuns, read_data: ReadData, tmp_path: Path) -> None:
    runs = make_runs()
    write_report(Results(runs), tmp_path / "report")
    assert not (tmp_path / "report/training.html").exists()
    folder = runs / "train" / "film" / "one"
    folder.mkdir(parents=True)
    (folder / "losses.csv").write_text("step,epoch,stage,loss,learning_rate\n1,1,main,2.5,0.001\n")
    (folder / "options.json").write_text('{"method": "film", "name": "<b>"}')
    write_report(Results(runs), tmp_path / "report")
    assert '"name": "<b>"' in Elements(tmp_path / "report/training.html").text
    assert read_data(tmp_path / "report/data/training.js")[0]["losses"] == {"loss": [2.5]}


def test_progress_is_told(make_runs: MakeRuns, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_report(
        Results(make_runs()), tmp_path / "report", advance=lambda done, total: seen.append((done, total)), workers=1
    )
    total = 3 * 4 * 2 + 4 * 2
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_every_text_is_there_in_both_languages_and_is_used() -> None:
    words = pages.words()
    assert all(set(texts) == {"en", "zh"} and all(texts.values()) for texts in words.values())
    folder = Path(pages.__file__).parent
    sources = [*folder.glob("templates/*.html"), *folder.glob("assets/*.js")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r"\b(?:t|w|plain)\(['\"](\w+)['\"]\)", text))
    asked |= set(re.findall(r"data-t(?:-\w+)?=\"(\w+)\"", text)) | set(re.findall(r"word: \"(\w+)\"", text))
    assert asked <= set(words), asked - set(words)
    told = (*pages.KNOWN, pages.NOTE)
    assert [key for key in words if not re.search(rf"['\"]{key}['\"]", text) and not key.startswith(told)] == []


def test_every_asset_is_written() -> None:
    folder = Path(pages.__file__).parent / "assets"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*pages.ASSETS, "words.json"])


def test_folders_of_the_computer_are_not_told(make_runs: MakeRuns, store_profile: Any, tmp_path: Path) -> None:
    runs = make_runs(methods=["average"])
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


def test_costs_and_tests_are_in_the_data(
    make_runs: MakeRuns, read_data: ReadData, store_profile: Any, tmp_path: Path
) -> None:
    runs = make_runs(methods=HOSTILE[:4], datasets=["Set", "集合"])
    for place, method in enumerate(HOSTILE[:4]):
        store_profile(runs, method, 0.01 * (place + 1), machine=HOSTILE[0])
    out = tmp_path / "report"
    write_report(Results(runs), out)
    index = read_data(out / "data/report.js")
    assert sorted(profile["method"] for profile in index["profiles"]) == sorted(HOSTILE[:4])
    for board in index["boards"]:
        for row in board["rows"]:
            assert [index["profiles"][place]["method"] for place in row["profiles"]] == [row["method"]]
    content_of = read_data(out / "data/significance.js")
    assert set(content_of) == {"Set", *(d["file"] for d in index["datasets"]), "all"}
    test = content_of["Set"]["EN@film"]
    assert (test["n"], len(test["ranks"]), len(test["tests"])) == (4, 4, 6)
    board = make_boards(Results(runs))[0]
    found = {(c.a, c.b): c for c in compare(board, board.columns[0])}
    for a, b, p, won, lost, _ in test["tests"]:
        one = found[test["compared"][a], test["compared"][b]]
        assert (p, won, lost) == (pytest.approx(one.corrected, rel=1e-3), one.wins, one.losses)
    assert content_of["all"]["all"]["n"] == 8
