r"""Tables as LaTeX: booktabs, the best bold and red, the second underlined and blue.

Text is ASCII when it leaves here: accented letters and Greek become commands, and what pdfLaTeX cannot print (Chinese,
emoji) goes through `\fbchar`, which prints it under XeLaTeX and LuaLaTeX and its number under pdfLaTeX.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate

from ..results.leaderboard.grid import INCOMPLETE, Cell, Grid, Head

PACKAGES = r"\usepackage{booktabs,graphicx,xcolor}"
MACROS = r"""\providecommand{\fbbest}[1]{\textcolor{red}{\textbf{#1}}}
\providecommand{\fbsecond}[1]{\textcolor{blue}{\underline{#1}}}
\providecommand{\fbchar}[2]{\ifdefined\Umathcode#1\else{\footnotesize[#2]}\fi}"""
WIDE = 9  # columns from which the page of a whole document is turned

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
    grids = list(grids)
    wide = any(1 + len(grid.heads) > WIDE for grid in grids)
    tables = [
        _table(grid, caption if caption and not index else grid.title, label if not index else None)
        for index, grid in enumerate(grids)
    ]
    body = "\n".join([MACROS, "", *tables])
    if not whole:
        return f"% needs {PACKAGES}\n{body}"
    geometry = f"\\usepackage[{'landscape,' * wide}margin=15mm]{{geometry}}"
    head = ["\\documentclass{article}", PACKAGES, geometry, "\\begin{document}", "% the tables: copy from here"]
    return "\n".join([*head, body + "% to here", "\\end{document}", ""])


def _table(grid: Grid, caption: str, label: str | None) -> str:
    rows = [" & ".join([escaped(grid.corner), *map(_head, grid.heads)]) + r" \\", r"\midrule"]
    for line in grid.lines:
        name = escaped(line.name + INCOMPLETE * line.marked) or "{}"
        rows.append(" & ".join([name + _raised(line.notes), *map(_cell, line.cells)]) + r" \\")
    tabular = [f"\\begin{{tabular}}{{l{'r' * len(grid.heads)}}}", r"\toprule", *_groups(grid), *rows, r"\bottomrule"]
    notes = [f"\\par\\smallskip{{\\footnotesize {note}}}" for note in grid.below(_raised, escaped)]
    labels = [f"\\label{{{''.join(c for c in label if c.isascii() and (c.isalnum() or c in ':-.'))}}}"] if label else []
    # a table that is too wide shrinks to the line; others keep their size
    fit = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    return "\n".join(
        [r"\begin{table}[htbp]", r"\centering", f"\\caption{{{escaped(caption)}}}", *labels, fit, *tabular,
         r"\end{tabular}}", *notes, r"\end{table}", ""]
    )  # fmt: skip


def _raised(numbers: Sequence[int]) -> str:
    return f"$^{{{','.join(map(str, numbers))}}}$" if numbers else ""


def _groups(grid: Grid) -> list[str]:
    if not grid.groups:
        return []
    ends = list(accumulate((span for _, span in grid.groups), initial=1))
    heads = [
        f"\\multicolumn{{{span}}}{{c}}{{{escaped(name)}}}" if name else "& " * (span - 1) for name, span in grid.groups
    ]
    rules = [
        f"\\cmidrule(lr){{{start + 1}-{end}}}"
        for (name, _), start, end in zip(grid.groups, ends[:-1], ends[1:], strict=True)
        if name
    ]
    return [" & ".join(["", *heads]) + r" \\", " ".join(rules)]


def _head(head: Head) -> str:
    arrow = {"→0": r"$\to 0$"}.get(head.arrow, escaped(head.arrow))
    return f"{escaped(head.name)} {arrow}".strip()


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    text = {1: f"\\fbbest{{{text}}}", 2: f"\\fbsecond{{{text}}}"}.get(cell.rank, text)
    return f"{text} {{\\scriptsize {escaped(cell.note)}}}" if cell.note else text
