"""How pictures for papers look and are written: fonts, colours, PDF and PNG with the same bytes every time."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..extras import explained
from ..files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png")
ONE, TWO = 3.5, 7.16  # inches: the width of a paper's column, and of two
# M. Petroff, "Accessible color sequences for data visualization", arXiv:2107.02270: ten colours that stay apart for
# colour-blind readers; line styles and markers tell further ones apart.
COLOURS = (
    "#3f90da", "#e42536", "#94a4a2", "#832db6", "#ffa90e", "#a96b59", "#717581", "#b9ac70", "#e76300", "#92dadd",
)  # fmt: skip
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vPX*<>"
# of each system one that has Chinese; the first that is installed serves what the main font lacks
_CHINESE = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei",
    "PingFang SC", "Heiti TC", "Hiragino Sans GB", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Noto Serif CJK SC",
    "Noto Serif CJK JP", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip
_TIMES = ("Times New Roman", "Liberation Serif", "STIXGeneral")  # the last one comes with matplotlib
_FILES = ("NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-", "msyh", "simhei", "NotoSerifCJK")


def width_for(panels: int) -> float:
    """Choose the width of a figure by its panels in a row, in inches: one column for one, else two."""
    return ONE if panels == 1 else TWO


@contextmanager
def style(serif: bool = False) -> Iterator[None]:
    """Draw and save in the house's style, whatever the user's own settings of matplotlib are.

    `serif` takes Times, or what looks like it, for papers that are set in it.
    """
    with explained():
        import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "backend": "agg",
                "font.family": fonts(serif),
                "mathtext.fontset": "stix" if serif else "dejavusans",
                "font.size": 8,
                "axes.titlesize": 9,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.grid": True,
                "axes.axisbelow": True,
                "grid.alpha": 0.3,
                "grid.linewidth": 0.5,
                "lines.linewidth": 1.2,
                "legend.frameon": False,
                "legend.fontsize": 7,
                "pdf.fonttype": 42,  # publishers refuse Type 3
                "svg.hashsalt": "fusionbench",
            }
        )
        yield


def new_figure(width: float, height: float, **options: Any) -> Figure:
    """Make an empty figure of a size in inches, which no window will ever show; call it within `style`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), **({"layout": "constrained"} | options))
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, out: Path, dpi: int = 300, serif: bool = False) -> Path:
    """Write a figure, whole or not at all; the same figure gives the same bytes.

    Parameters
    ----------
    figure : to write.
    out : the file; its extension, pdf or png, is the format.
    dpi : of a PNG, and of what is an image in a PDF.
    serif : it was drawn in the style with serifs.

    Raises
    ------
    InputError
        The extension is another one, or the file cannot be written.
    """
    kind = check_format(out)
    buffer = io.BytesIO()
    with style(serif):
        metadata = {"CreationDate": None} if kind == "pdf" else {}
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
        figure.set_layout_engine("none")  # laid out once: doing it again would move things by a hair
    write_bytes(out, buffer.getvalue())
    return out


def check_format(out: Path) -> str:
    """Return the format that a file name asks for: pdf or png."""
    kind = out.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise InputError(f"cannot draw {out}: give a file that ends in .pdf or .png with --out")
    return kind


def plain(text: str) -> str:
    """Write any text so that matplotlib prints it as it is: no formula, one line, no sign that no font has."""
    known = _characters(tuple(fonts()))
    visible = (sign for sign in " ".join(text.split()) if unicodedata.category(sign) not in ("Cf", "Cc", "Mn", "Me"))
    return "".join(sign if ord(sign) in known else "□" for sign in visible).replace("$", r"\$")


def short(text: str, most: int = 32) -> str:
    """Write any text as `plain` does, and cut the middle of one that would not fit into a legend."""
    text = " ".join(text.split())
    return plain(text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[-(most // 3) :]}")


def width_of(text: str, size: float) -> float:
    """Measure a line of text that `plain` wrote: the inches that it needs at a size in points, within `style`."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    text = text.replace(r"\$", "$")
    return (
        float(text_to_path.get_text_width_height_descent(text, FontProperties(size=size), False)[0]) / 72 * 1.04
    )  # hinting widens


def fitted(text: str, inches: float, size: float) -> str:
    """Write any text as `short` does, so short that it has room at a size in points; call it within `style`."""
    most = len(" ".join(text.split()))
    while most > 6 and width_of(short(text, most), size) > inches:
        most -= 1
    return short(text, most)


@cache
def fonts(serif: bool = False) -> list[str]:
    """Name the main font, a font with Chinese where the system has one, and what has the signs that these lack."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    if not installed & set(_CHINESE):  # matplotlib's list may be older than the font
        for path in sorted(font_manager.findSystemFonts(), key=lambda path: (Path(path).name, path)):
            if Path(path).name.startswith(_FILES) and "egular" in Path(path).name + "egular" * ("wqy" in path):
                font_manager.fontManager.addfont(path)
        installed = {font.name for font in font_manager.fontManager.ttflist}
    chinese = [name for name in _CHINESE if name in installed][:1]
    times = next(name for name in _TIMES if name in installed)
    return [times, *chinese, "DejaVu Sans"] if serif else ["DejaVu Sans", *chinese]


@cache
def _characters(fonts: tuple[str, ...]) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(code for name in fonts for code in get_font(findfont(FontProperties(family=name))).get_charmap())
