"""The page of a study of two frameworks: Markdown, and the same as one HTML file in the style of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ...files import write_text
from .answers import agreement, percent, rows_of_times, why_fluctuating, why_slow
from .figure import plot_comparison
from .tables import BASE, NATIVE, PORT, Comparison, factors, label, read_comparison

PICTURE = "loss_comparison.png"
_WORST = 8
_STYLE = """main { max-width: 64rem } h2 { margin-top: 2.2rem } li { margin: .3rem 0 }
td:first-child { text-align: left } thead th { white-space: normal }
img { max-width: 100%; background: #fff; border-radius: 6px }"""


def write_comparison(folder: Path) -> Path:
    """Write `loss_comparison.png`, `comparison.md` and `index.html` beside the tables of a study.

    Returns
    -------
    index.html, to be opened.
    """
    comparison = read_comparison(folder)
    plot_comparison(comparison, folder / PICTURE)
    text = markdown(comparison)
    write_text(folder / "comparison.md", text)
    write_text(folder / "index.html", html(text))
    return folder / "index.html"


def markdown(comparison: Comparison) -> str:
    """Write the page; every number is from the study's tables."""
    study, options = comparison.study, comparison.study["options"]
    data = ", ".join(Path(name).name for name in options["dataset"])
    sizes = ", ".join("x".join(map(str, size)) for size in study["sizes"])
    parts = [
        "# FILM in PyTorch and in Jittor",
        f"{study['pairs']} pairs of {data} ({sizes}), working grid {options['grid']}, {options['steps']} steps with "
        f"batches of {options['batch_size']}, learning rate {options['lr']:g}. All runs start from the same weights "
        f"({_weights(options)}) and see the same data in the same order, unless said. PyTorch in float64 is the judge.",
        "## Why do Jittor's losses fluctuate more?",
        _bullets(why_fluctuating(comparison)),
        _table(
            ("what differs", "moves the loss by (rms)", "share of the squares", "changes the swing by"),
            ((f.name, percent(f.moved), percent(f.share), percent(f.swing, signed=True)) for f in factors(comparison)),
        ),
        f"![Both loss curves, and their differences]({PICTURE})",
        "The *swing* is the root mean square of a loss's deviation from its moving mean over an epoch. For another "
        "order the widest change is given.",
        "## Why is Jittor slow?",
        _bullets(why_slow(comparison)),
        _table(
            ("CPU seconds (by the clock)", "first step", "later steps", "first image", "later images", "compilers"),
            rows_of_times(comparison),
        ),
        "Later: the median of those in which nothing was compiled. Compilers: CPU seconds of theirs in the whole run.",
        "## Who is nearer to float64, and where do they part?",
        _bullets(agreement(comparison)),
        *_stages(comparison),
        *_gradients(comparison),
        *_ties(comparison),
        "## What was computed with what",
        _table(
            ("run", "framework", "precision", "device", "threads", "oneDNN"),
            (
                (label(run), str(f["framework"]), str(f["precision"]), str(f["device"]), str(f["threads"]),
                 "yes" if f["onednn"] else "no")
                for run, f in study["runs"].items()
            ),
        ),
        f"Machine: {study['machine']}. Started {study['started']}. All numbers: `comparison.csv`, `losses.csv`.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def html(text: str) -> str:
    """Turn the page into one HTML file; its picture lies beside it."""
    from ...reports.html.pages import asset, from_markdown

    body = str(from_markdown(text))  # of its own type, which would escape what is put in
    body = body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    title = text.splitlines()[0].lstrip("# ")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{asset('report.css')}\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f'<main id="main">\n{body}</main>\n</body>\n</html>\n'
    )


def _weights(options: dict[str, object]) -> str:
    if options["weights"] is None:
        return f"at random, seed {options['seed']}"
    return Path(str(options["weights"])).name


def _stages(comparison: Comparison) -> list[str]:
    runs = (BASE, PORT, NATIVE)
    far = {
        (point, run): comparison.items("forward", run, "largest_difference", point)
        for point in ("start", "end")
        for run in runs
    }
    rows = (
        (f"`{name}`", *(f"{far[point, run][name]:.1e}" for point in ("start", "end") for run in runs))
        for name in far["start", BASE]
    )
    short = ("PyTorch", "Jittor as PyTorch", "Jittor as it is")
    return [
        "### Forward: the largest difference from float64, stage by stage",
        _table(("stage", *(f"{s}, at the start" for s in short), *(f"{s}, after the last step" for s in short)), rows),
    ]


def _gradients(comparison: Comparison) -> list[str]:
    runs, point = (BASE, PORT, NATIVE), "end"
    far = {run: comparison.items("gradient", run, "relative_difference", point) for run in runs}
    names = sorted((n for n in far[BASE] if n != "all"), key=lambda n: -max(far[run][n] for run in runs))[:_WORST]
    rows = (
        (f"`{n}`" if n != "all" else "all layers", *(f"{far[run][n]:.1e}" for run in runs)) for n in ["all", *names]
    )
    return [
        f"### Gradients after the last step: relative difference from float64, and the {len(names)} farthest layers",
        _table(("layer", *(label(run) for run in runs)), rows),
    ]


def _ties(comparison: Comparison) -> list[str]:
    shares = {p: comparison.items("ties", BASE, "share_of_values", p) for p in ("start", "end")}
    if not shares["start"]:
        return []
    rows = ((name, *(percent(shares[p].get(name, np.nan)) for p in ("start", "end"))) for name in shares["start"])
    return [
        "### Ties: values at which the frameworks' gradients differ",
        _table(("operator", "of its values, at the start", "after the last step"), rows),
        "A tie matters only where a gradient comes through it: what is exactly zero because its inputs are passes "
        "nothing on to their weights.",
    ]


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(heads), line(["---"] * len(heads)), *map(line, rows)])
