"""Tables for papers: one decision, four formats, and names that try to do harm."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from fusionbench.errors import InputError
from fusionbench.reports.latex import FIT, escaped
from fusionbench.reports.layout import _head, _text, layout
from fusionbench.reports.significance import significance_grid
from fusionbench.reports.tables import table
from fusionbench.reports.terminal import to_tables
from fusionbench.results import Results
from fusionbench.results.leaderboard.boards import Board, Column, make_boards
from fusionbench.results.leaderboard.grid import Head, means_grid
from fusionbench.results.leaderboard.places import standings_grid

from ..results.storing import store

ODD = [
    "<script>alert(1)</script>", "</td><img src=x onerror=alert(1)>", 'say "x" & \'y\'', "a,b;c", "two\nlines",
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\\input{/etc/passwd}", "50% of $a_b^c$ #1 ~ {", "}{",
    "\\\\[5cm]", "名字方法", "😀👨‍👩‍👧", "Müller–Łódź σ≈3 ñ", "[x](javascript:alert(1))", "| a | b |", "\u202eabc\x07",
]  # fmt: skip


@pytest.fixture
def boards(tmp_path: Path) -> list[Board]:
    for dataset, shift in (("One", 0.0), ("Two", 0.25)):
        store(tmp_path, "a", [(7.0 + shift, 30.0, 0.5), (8.0, 10.0, -0.3)], dataset)
        store(tmp_path, "b", [(5.0, 20.0, 0.1), (6.0, 10.0, 0.3)], dataset)
        store(tmp_path, "c", [(4.0, 40.0, 0.1), (4.0, 50.0, 0.2)], dataset)
    store(tmp_path, "part", [(9.0, 1.0, 0.0), "failed"], "One")
    return make_boards(Results(tmp_path))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> list[Board]:
    tmp_path = tmp_path_factory.mktemp("odd")
    for index, name in enumerate(ODD):
        store(tmp_path, name, [(float(index), 2.0, 3.0), (float(index), 3.0, 1.0)], "Set & <b>_")
        store(tmp_path, name, [(float(index), 2.0, 3.0), "failed"], "集\n😀")
    return make_boards(Results(tmp_path))


def latex_compiles(text: str, folder: Path) -> None:
    (folder / "table.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "table.pdf").stat().st_size > 1000


def check_structure(text: str) -> None:
    """Braces and environments close, and all rows of a tabular have as many cells as it has columns."""
    bare = re.sub(r"\\[\\{}%&$#_]", "", re.sub(r"(?<!\\)%.*", "", text))
    assert bare.count("{") == bare.count("}")
    assert re.findall(r"\\begin\{(\w+)\}", bare) != []
    assert sorted(re.findall(r"\\begin\{(\w+)\}", bare)) == sorted(re.findall(r"\\end\{(\w+)\}", bare))
    for columns, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        for row in re.findall(r"^(.*) \\\\$", body, re.MULTILINE):
            spans = sum(int(span) - 1 for span in re.findall(r"\\multicolumn\{(\d+)\}", row))
            assert len(re.findall(r"(?<!\\)&", row)) + 1 + spans == len(columns)


def test_one_decision_for_all(boards: list[Board]) -> None:
    grid = means_grid(boards[:1])
    assert [head.plain for head in grid.heads] == ["n", "EN ↑", "MSE ↓", "Q_SF →0", "mean rank ↓"]
    rows = {line.name: [(cell.text, cell.rank) for cell in line.cells] for line in grid.lines}
    assert rows["a"] == [("2", 0), ("7.5000", 1), ("20.000", 2), ("0.1000", 1), ("1.33", 1)]
    assert rows["part"] == [("1/2", 0), ("9.0000", 0), ("1.000", 0), ("0.0000", 0), ("–", 0)]
    assert [line.marked for line in grid.lines] == [False, False, False, True]
    asked = {line.name: line.cells[1].rank for line in means_grid(boards[:1], incomplete=True).lines}
    assert asked == {"part": 0, "a": 1, "b": 2, "c": 3}


def test_marks_in_each_format(boards: list[Board]) -> None:
    latex, markdown = table(boards[:1]), table(boards[:1], "markdown")
    html, plain = table(boards[:1], "html"), table(boards[:1], "csv")
    assert r"a & 2 & \fbbest{7.5000} & \fbsecond{20.000} & \fbbest{0.1000} & \fbbest{1.33} \\" in latex
    assert r"part$^\dagger$ & 1/2 & 9.0000 & 1.000 & 0.0000 & -- \\" in latex
    assert r"EN $\uparrow$ & MSE $\downarrow$ & $Q_{\mathrm{SF}}$ $\to 0$" in latex
    assert "| a | 2 | **7.5000** | <u>20.000</u> | **0.1000** | **1.33** |" in markdown
    assert '<strong style="color:#c00">7.5000</strong>' in html
    assert '<u style="color:#06c">20.000</u>' in html
    assert list(csv.reader(io.StringIO(plain)))[1] == ["a", "2", "7.5000", "20.000", "0.1000", "1.33"]


def test_data_sets_side_by_side(boards: list[Board]) -> None:
    text = table(boards, combined=True, caption="All of it", label="tab:all")
    check_structure(text)
    assert r" &  & \multicolumn{3}{c}{One (2 pairs)} & \multicolumn{3}{c}{Two (2 pairs)} &  \\" in text
    assert r"\cmidrule(lr){3-5} \cmidrule(lr){6-8}" in text
    assert r"\caption{All of it}" in text
    assert r"\label{tab:all}" in text
    assert r"part$^\dagger$ & 1/4 & 9.0000 & 1.000 & 0.0000 & -- & -- & -- & -- \\" in text
    heads = next(csv.reader(io.StringIO(table(boards, "csv", combined=True))))
    assert heads[2] == "One (2 pairs): EN ↑"
    assert 'colspan="3"' in table(boards, "html", combined=True)


def test_intervals_decimals_and_names(boards: list[Board]) -> None:
    text = table(boards[:1], "csv", intervals=True, decimals=1, names={"a": "Ours"})
    row = list(csv.reader(io.StringIO(text)))[1]
    assert row[0] == "Ours"
    assert re.fullmatch(r"7\.5 \[7\.0, 8\.0\]", row[2])


def test_standings_and_significance(boards: list[Board]) -> None:
    grid = standings_grid(boards)
    assert [line.name for line in grid.lines] == ["a", "b", "c", "part"]
    assert [cell.text for cell in grid.lines[-1].cells] == ["–", "–", "–", "–", "0/6"]
    grid = significance_grid(boards[0], boards[0].columns[0])
    assert [[cell.text for cell in line.cells] for line in grid.lines] == [
        ["", "1.000", "1.000"], ["1.000", "", "1.000"], ["1.000", "1.000", ""],
    ]  # fmt: skip
    assert any("Friedman: χ²(2) = 4.00, n = 2, p = 0.135." in note for note in grid.notes)
    assert len(re.findall("^###", table(boards, "markdown", content="significance"), re.MULTILINE)) == 6


def test_significant_differences_are_signed(three_methods: Path) -> None:
    board = make_boards(Results(three_methods))[0]
    lines = significance_grid(board, board.column("EN")).lines
    assert [cell.text[:1] for cell in lines[1].cells] == ["+", "", "−"]


def test_a_single_method_has_no_rank_column(tmp_path: Path) -> None:
    store(tmp_path, "only", [(1.0, 2.0, 3.0)])
    boards = make_boards(Results(tmp_path))
    assert r"mean\\rank" not in table(boards)
    with pytest.raises(InputError, match="Set: there are no two complete methods to compare"):
        table(boards, content="significance")


def test_wrong_wishes(boards: list[Board], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'docx': give latex"):
        table(boards, "docx")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no data set to make a table of"):
        table([])
    boards[1].columns = []
    with pytest.raises(InputError, match="share no metric"):
        table(boards, combined=True)


@pytest.mark.parametrize("combined", [False, True])
def test_latex_with_odd_names_is_well_formed_ascii(odd: list[Board], combined: bool, tmp_path: Path) -> None:
    text = table(odd, combined=combined, caption=ODD[11], label="x}\\input{y}")
    check_structure(text)
    assert "\\input" not in text.replace("\\textbackslash{}input", "")
    assert r"{\textbackslash{}input" not in text.partition(r"\label{")[2].partition("}")[0]
    assert all(sign in text for sign in ("名", "😀"))
    if shutil.which("pdflatex"):
        latex_compiles(text, tmp_path)


def test_a_part_of_a_paper_compiles_there(boards: list[Board], tmp_path: Path) -> None:
    part = table(boards, whole=False)
    assert part.startswith(r"% needs \usepackage{booktabs,graphicx,xcolor}")
    assert "documentclass" not in part
    check_structure(part)
    paper = (
        f"\\documentclass[twocolumn]{{article}}\n\\usepackage{{booktabs,graphicx,xcolor}}\n\\begin{{document}}\n{part}"
    )
    if shutil.which("pdflatex"):
        latex_compiles(paper + "\\end{document}\n", tmp_path)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a_b", r"a\_b"),
        ("\\x{", r"\textbackslash{}x\{"),
        ("--", "-{}-{}"),
        ("é Å ñ ł", r"\'{e} \AA{} \~{n} \l{}"),
        ("Σ λ", r"$\Sigma$ $\lambda$"),
        ("中", r"\fbchar{中}{U+4E2D}"),
        ("a\x00\u200db\n c", "ab c"),
    ],
)
def test_latex_escapes(name: str, written: str) -> None:
    assert escaped(name) == written


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert all(name in ("scope", "style", "colspan") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_html_with_odd_names_is_text(odd: list[Board]) -> None:
    parser = _Tags()
    parser.feed(table(odd, "html") + table(odd, "html", combined=True) + table(odd[:1], "html", content="significance"))
    allowed = {"table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "u", "small", "p"}
    assert parser.tags <= allowed
    assert set(ODD) <= {word.removesuffix("†") for word in parser.words}


def test_csv_with_odd_names_runs_nothing(odd: list[Board]) -> None:
    lines = list(csv.reader(io.StringIO(table(odd, "csv", combined=True))))
    assert len(lines) == 1 + len(ODD)
    assert {len(line) for line in lines} == {len(lines[0])}
    assert {line[0].removesuffix("†").lstrip("'") for line in lines[1:]} == set(ODD)
    assert not any(
        cell[:1] in tuple("=+-@\t\r\n") and not re.fullmatch(r"[-+]?[\d.]+", cell) for line in lines for cell in line
    )


def test_markdown_with_odd_names_keeps_its_columns(odd: list[Board]) -> None:
    lines = [line for line in table(odd[:1], "markdown").splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(ODD)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {7}
    assert not any(re.search(r"<(?!/?u>)", line) for line in lines)


def many(folder: Path, methods: int, metrics: int, datasets: tuple[str, ...] = ("Set",)) -> list[Board]:
    keys = [f"M{number}@own" for number in range(metrics)]
    for dataset in datasets:
        for method in range(methods):
            store(folder, f"method{method}", [(1.0, 2.0, 3.0)], dataset)
    boards = make_boards(Results(folder))
    for board in boards:
        board.columns = [Column(key, key.partition("@")[0] + "IFF", "higher", "film") for key in keys]
        for place, entry in enumerate(board.entries):
            entry.means = dict.fromkeys(keys, 10.1234 + place)
    return boards


def overfull(text: str, folder: Path) -> list[str]:
    latex_compiles(text, folder)
    return [line for line in (folder / "table.log").read_text(errors="replace").splitlines() if "Overfull" in line]


def test_a_table_takes_the_room_that_it_needs(tmp_path: Path) -> None:
    boards = many(tmp_path, 8, 24, ("One", "Three", "Two"))
    few = [replace(board, columns=board.columns[:3]) for board in boards]
    twelve = [replace(board, columns=board.columns[:12]) for board in boards]
    narrow, wide, parts = (
        table(few[:1], extras=()),
        table(twelve[:1], extras=()),
        table(twelve, combined=True, extras=()),
    )
    assert r"\begin{table}[htbp]" in narrow
    assert wide.count(r"\begin{table*}") == wide.count(r"\begin{tabular}") == 1
    assert (parts.count(r"\begin{table*}"), parts.count(r"\begin{tabular}")) == (1, 3)  # a part for each data set
    halves = layout(means_grid(boards[:1], extras=())).parts
    assert len(halves) > 1
    assert [column for part in halves for column in part] == list(range(24))
    for text in (narrow, wide, parts):
        check_structure(text)
        if shutil.which("pdflatex"):
            assert overfull(text, tmp_path) == []


def test_rows_columns_and_decimals(boards: list[Board]) -> None:
    boards[0].entries[0].year, boards[0].entries[0].venue, boards[0].entries[0].title = (
        2023,
        "Information Fusion",
        "Ours",
    )
    decimals = {"EN": 1, "mse@film": 0}
    text = table(boards[:1], "csv", order="year", last=["b"], extras=("venue",), decimals=decimals)
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == ["Method", "venue", "EN ↑", "MSE ↓", "Q_SF →0"]
    assert [line[0] for line in lines[1:]] == ["c", "part†", "Ours", "b"]
    assert lines[3] == ["Ours", "Inf. Fus. 2023", "7.5", "20", "0.1000"]
    assert r"mean\\rank" in table(boards[:1])
    split = table(boards[:1], "csv", split={"EN@film": "first", "MSE@film": "then", "Q_SF@liu": "then"})
    assert [line for line in split.splitlines() if line.startswith("Method")] == [
        "Method,n,EN ↑,mean rank ↓", "Method,n,MSE ↓,Q_SF →0,mean rank ↓",
    ]  # fmt: skip
    with pytest.raises(InputError, match="unknown method 'd'"):
        table(boards, last=["d"])


def test_a_venue_and_the_mean_rank_take_little_room(tmp_path: Path) -> None:
    (board,) = many(tmp_path, 8, 11)
    for entry in board.entries:
        entry.venue, entry.year = "IEEE Transactions on Pattern Analysis and Machine Intelligence", 2022
    text = table([board], "latex", extras=("venue", "rank"))
    assert text.count(r"\begin{tabular}") == 1
    assert r"\shortstack[r]{mean\\rank $\downarrow$}" in text
    assert r"method0 & TPAMI'22 & " in text
    assert "TPAMI 2022" in table([board], "csv", extras=("venue",))
    if shutil.which("pdflatex"):
        assert overfull(text, tmp_path) == []


# points that pdfLaTeX gives these, set by \footnotesize: a row's name, a mean, an interval, heads
SET = {
    "Laplacian pyramid": 69.54, "NSCT_SR (reference)": 79.68, "2335.2": 23.61, "IEEE TPAMI'22": 62.52, "−0.003": 25.97,
}  # fmt: skip
SET_HEADS = {"Qabf": 35.12, "Q_SF": 23.04, "FMI_pixel": 39.39, "SSIM": 27.37, "MS_SSIM": 42.71, "Q_MI@liu": 39.52}


def test_widths_are_those_of_computer_modern() -> None:
    for text, points in SET.items():
        assert 4.25 * _text(text) == pytest.approx(points, abs=0.7), text
    for name, points in SET_HEADS.items():
        assert 4.25 * _head(Head(name, "↑", metric=True)) == pytest.approx(points, abs=2), name


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_no_table_has_to_shrink(count: int, tmp_path: Path) -> None:
    """With n, venue and rank, too: as LaTeX sets it, before `resizebox` would make it fit."""
    (board,) = many(tmp_path, 4, count)
    board.columns = [
        replace(column, name=f"{name}{place // 4 or ''}")
        for place, column, name in zip(range(count), board.columns, ["Qabf", "VIFF", "EN", "MSE"] * 3, strict=False)
    ]
    for place, entry in enumerate(board.entries):
        entry.venue, entry.year = "IEEE Transactions on Pattern Analysis and Machine Intelligence", 2020 + place
        entry.title = ("MMIF-DDFM", "DenseFuse", "WWM", "iii")[place]
    for extras in (("n", "venue", "rank"), ("n", "venue"), ("venue", "rank"), ("n", "rank"), ()):
        text = table([board], "latex", extras=extras)  # type: ignore[arg-type]
        start, end = re.escape(FIT), re.escape(r"\end{tabular}}")
        box = r"\\setbox0=\\hbox{\1\\end{tabular}}\\typeout{SET \\the\\wd0 \\space ON \\the\\linewidth}\\box0"
        latex_compiles(re.sub(f"{start}\n(.*?){end}", box, text, flags=re.DOTALL), tmp_path)
        log = (tmp_path / "table.log").read_text(errors="replace")
        found = re.findall(r"^SET ([\d.]+)pt ON ([\d.]+)pt", log, re.MULTILINE)
        assert found
        assert all(float(taken) <= float(room) + 0.1 for taken, room in found), (extras, found)


def test_what_lacks_pairs_is_never_marked_as_best(boards: list[Board]) -> None:
    for wish in ({}, {"incomplete": True}, {"combined": True}, {"combined": True, "incomplete": True}):
        (row,) = [line for line in table(boards if wish.get("combined") else boards[:1], **wish).splitlines()  # type: ignore[arg-type]
                  if line.startswith("part")]  # fmt: skip
        assert "fbbest" not in row
        assert "fbsecond" not in row
    assert "7.5000" in next(line for line in table(boards[:1], incomplete=True).splitlines() if r"\fbbest{7" in line)


def test_the_terminal_crops_no_number(tmp_path: Path) -> None:
    (board,) = many(tmp_path, 3, 24)
    board.entries[0].method = "a name that is longer than " * 3
    for width in (40, 80, 137, 200):
        console = Console(width=width, file=io.StringIO(), record=True)
        for each in to_tables(board, width):
            console.print(each)
        text = console.export_text()
        assert "…" not in text
        assert len(re.findall(r"\b1[012]\.12\d+", text)) == 3 * 24
