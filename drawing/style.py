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
from ..files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png")
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
_FILES = ("NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-", "msyh", "simhei", "NotoSerifCJK")


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in the house's style, whatever the user's own settings of matplotlib are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "backend": "agg",
                "font.family": _fonts(),
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


def save(figure: Figure, out: Path, dpi: int = 300) -> Path:
    """Write a figure, whole or not at all; the same figure gives the same bytes.

    Parameters
    ----------
    figure : to write.
    out : the file; its extension, pdf or png, is the format.
    dpi : of a PNG, and of what is an image in a PDF.

    Raises
    ------
    InputError
        The extension is another one, or the file cannot be written.
    """
    kind = check_format(out)
    buffer = io.BytesIO()
    with style():
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
    known = _characters(tuple(_fonts()))
    visible = (sign for sign in " ".join(text.split()) if unicodedata.category(sign) not in ("Cf", "Cc", "Mn", "Me"))
    return "".join(sign if ord(sign) in known else "□" for sign in visible).replace("$", r"\$")


def short(text: str, most: int = 32) -> str:
    """Write any text as `plain` does, and cut the middle of one that would not fit into a legend."""
    text = " ".join(text.split())
    return plain(text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[-(most // 3) :]}")


@cache
def _fonts() -> list[str]:
    """Names of the main font and, where the system has one, of a font with Chinese."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    if not installed & set(_CHINESE):  # matplotlib's list may be older than the font
        for path in sorted(font_manager.findSystemFonts(), key=lambda path: (Path(path).name, path)):
            if Path(path).name.startswith(_FILES) and "egular" in Path(path).name + "egular" * ("wqy" in path):
                font_manager.fontManager.addfont(path)
        installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *[name for name in _CHINESE if name in installed][:1]]


@cache
def _characters(fonts: tuple[str, ...]) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(code for name in fonts for code in get_font(findfont(FontProperties(family=name))).get_charmap())
