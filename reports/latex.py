r"""Tables as LaTeX: booktabs, the best bold and red, the second underlined and blue.

Text is ASCII when it leaves here: accented letters and Greek become commands, and what pdfLaTeX cannot print (Chinese,
emoji) goes through `\fbchar`, which prints it under XeLaTeX and LuaLaTeX and its number under pdfLaTeX.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ..results.leaderboard.grid import INCOMPLETE, Cell, Grid, Head
from .layout import for_paper, layout, stacked
from .typeset import typeset

PACKAGES = r"\usepackage{booktabs,graphicx,xcolor}"
MACROS = r"""\providecommand{\fbbest}[1]{\textcolor{red}{\textbf{#1}}}
\providecommand{\fbsecond}[1]{\textcolor{blue}{\underline{#1}}}
\providecommand{\fbchar}[2]{\ifdefined\Umathcode#1\else{\footnotesize[#2]}\fi}"""
# the page of a whole document is that of a CVPR paper
DOCUMENT = r"\documentclass[10pt,twocolumn,letterpaper]{article}"
GEOMETRY = r"\usepackage[letterpaper,textwidth=6.875in,textheight=8.875in,columnsep=0.3125in]{geometry}"
# widths are estimated: where a table is too wide all the same, it shrinks to the line
FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
FLOATS = 12  # tables that LaTeX holds back at once without trouble

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "'": "'", "`": "`{}",  # OT1, the encoding by default, has no straight quotes
    "-": "-{}", "[": "{[}", "]": "{]}",
    "–": "--", "—": "---", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "·": r"$\cdot$", "…": r"\dots{}",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "→": r"$\to$", "≤": r"$\le$", "≥": r"$\ge$", "²": "$^2$",
    INCOMPLETE: r"$^\dagger$", "µ": r"$\mu$", "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}",
    "Æ": r"\AE{}", "å": r"\aa{}", "Å": r"\AA{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
    "\u00a0": "~",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip


def escaped(text: str) -> str:
    r"""Write any text so that LaTeX prints it as it is, on one line.

    Examples
    --------
    >>> escaped("50% of a_b & c")
    '50\\% of a\\_b \\& c'
    >>> escaped("Müller, σ = 3")
    'M\\"{u}ller, $\\sigma$ = 3'
    """
    return "".join(map(_sign, " ".join(unicodedata.normalize("NFC", text).split())))


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if " " <= sign <= "~":
        return sign
    if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Mn", "Me", "Co", "Cn"):  # no glyph of their own
        return ""
    parts = unicodedata.normalize("NFD", sign)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return f"\\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return _greek(sign) or f"\\fbchar{{{sign}}}{{U+{ord(sign):04X}}}"


def _greek(sign: str) -> str:
    words = unicodedata.name(sign, "").split()
    if len(words) == 4 and words[0] == "GREEK" and words[2] == "LETTER":
        name = {"LAMDA": "lambda", "FINAL": "varsigma"}.get(words[3], words[3].lower())
        small = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
                 "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega")  # fmt: skip
        large = ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")
        if name in (small if words[1] == "SMALL" else large):
            return f"$\\{name if words[1] == 'SMALL' else name.capitalize()}$"
    return ""


def to_latex(grids: Iterable[Grid], *, caption: str | None = None, label: str | None = None, whole: bool = True) -> str:
    r"""Render tables as a LaTeX document that compiles, or as what stands between its \begin and \end.

    Parameters
    ----------
    grids : the tables.
    caption : of the first table; by default the title of each.
    label : to refer to the first table by.
    whole : give a document. Else the tables alone, for \input into a paper that has the packages, which a comment
        names.
    """
    tables: list[str] = []
    for index, grid in enumerate(grids):
        first = caption if caption and not index else grid.title
        tables += _tables(grid, first, label if not index else None)
        if whole and len(tables) // FLOATS > (len(tables) - 1) // FLOATS:
            tables.append("\\clearpage")
    body = "\n".join([MACROS, "", *tables])
    if not whole:
        return f"% needs {PACKAGES}\n{body}"
    head = [DOCUMENT, PACKAGES, GEOMETRY, "\\begin{document}", "% the tables: copy from here"]
    return "\n".join([*head, body + "% to here", "\\end{document}", ""])


def _tables(grid: Grid, caption: str, label: str | None) -> Iterator[str]:
    """Write a table, or several where it is too high for a page."""
    grid = for_paper(grid)
    placed = layout(grid)
    environment = "table*" if placed.wide else "table"
    labels = [f"\\label{{{''.join(c for c in label if c.isascii() and (c.isalnum() or c in ':-.'))}}}"] if label else []
    notes = [f"\\par\\smallskip\\raggedright{{\\footnotesize {note}}}" for note in grid.below(_raised, escaped)]
    pages = list(placed.pages(len(grid.lines)))
    for number, parts in enumerate(pages):
        title = escaped(caption) + " (continued)" * (number > 0)
        tabulars = "\n\\par\\medskip\n".join(_tabular(grid, part) for part in parts)
        yield "\n".join(
            [f"\\begin{{{environment}}}[{'tp' if placed.wide else 'htbp'}]", r"\centering", f"\\caption{{{title}}}",
             *(labels if not number else []), f"{placed.size}\\setlength{{\\tabcolsep}}{{{placed.gap:g}pt}}", tabulars,
             *(notes if number == len(pages) - 1 else []), f"\\end{{{environment}}}", ""]
        )  # fmt: skip


def _tabular(grid: Grid, columns: Sequence[int]) -> str:
    """Write some columns of a table behind the names of its rows."""
    rows = [" & ".join([escaped(grid.corner), *(_head(grid.heads[i]) for i in columns)]) + r" \\", r"\midrule"]
    for line in grid.lines:
        name = escaped(line.name + INCOMPLETE * line.marked) or "{}"
        rows.append(" & ".join([name + _raised(line.notes), *(_cell(line.cells[i]) for i in columns)]) + r" \\")
    start = f"\\begin{{tabular}}{{l{'r' * len(columns)}}}"
    return "\n".join([FIT, start, r"\toprule", *_groups(grid, columns), *rows, r"\bottomrule", r"\end{tabular}}"])


def _raised(numbers: Sequence[int]) -> str:
    return f"$^{{{','.join(map(str, numbers))}}}$" if numbers else ""


def _groups(grid: Grid, columns: Sequence[int]) -> list[str]:
    if not grid.groups:
        return []
    of = [name for name, span in grid.groups for _ in range(span)]
    heads, rules, place = [""], [], 2
    for name, members in groupby(of[i] for i in columns):
        span = len(list(members))
        heads.append(f"\\multicolumn{{{span}}}{{c}}{{{escaped(name)}}}" if name else "& " * (span - 1))
        rules += [f"\\cmidrule(lr){{{place}-{place + span - 1}}}"] if name else []
        place += span
    return [" & ".join(heads) + r" \\", " ".join(rules)]


def _head(head: Head) -> str:
    if len(lines := stacked(head)) > 1:
        return f"\\shortstack[r]{{{escaped(lines[0])}\\\\{escaped(lines[1])}}}"
    arrow = {"→0": r"$\to 0$"}.get(head.arrow, escaped(head.arrow))
    name = typeset(head.name) if head.metric else None
    return f"{escaped(head.name) if name is None else name} {arrow}".strip()


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    text = {1: f"\\fbbest{{{text}}}", 2: f"\\fbsecond{{{text}}}"}.get(cell.rank, text)
    return f"{text} {{\\scriptsize {escaped(cell.note)}}}" if cell.note else text
