"""Who is drawn how: a colour, a line style and a marker for each method, the same in every panel of every figure."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .style import COLOURS, DASHES, MARKERS, plain, width_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

_STEP = 3  # from a marker to that of the next ten colours: any number that shares no factor with their count


@dataclass(frozen=True)
class Pen:
    """How one method is drawn."""

    colour: str
    dash: str
    marker: str

    def handle(self, label: str, line: bool = True) -> Artist:
        """Make its sample for a legend: a line with the marker, or the marker alone."""
        from matplotlib.lines import Line2D

        style: dict[str, Any] = {"linestyle": self.dash if line else "none", "markersize": 2.5 if line else 5}
        return Line2D([], [], color=self.colour, marker=self.marker, label=label, **style)


def pen(place: int) -> Pen:
    """Make the pen of a place: forty lines differ in colour or dashes, a hundred markers in colour or shape.

    Examples
    --------
    >>> pen(0), pen(10)
    (Pen(colour='#3f90da', dash='-', marker='o'), Pen(colour='#3f90da', dash='--', marker='^'))
    """
    turn, colour = divmod(place, len(COLOURS))
    return Pen(COLOURS[colour], DASHES[turn % len(DASHES)], MARKERS[(colour + _STEP * turn) % len(MARKERS)])


def pens(drawn: Iterable[str], known: Sequence[str] = ()) -> dict[str, Pen]:
    """Give each method its pen.

    Parameters
    ----------
    drawn : the methods of one figure, over all its panels.
    known : all methods of the folder of results, so that every figure of it draws a method alike. Where methods of a
        figure would share a colour though there are enough, they are counted by themselves.
    """
    methods = list(dict.fromkeys(drawn))
    places = {name: place for place, name in enumerate(dict.fromkeys([*known, *sorted(methods)]))}
    used = {places[name] % len(COLOURS) for name in methods}
    if len(used) < min(len(methods), len(COLOURS)):
        places = {name: place for place, name in enumerate(sorted(methods))}
    return {name: pen(places[name]) for name in methods}


def legend_below(figure: Figure, handles: Mapping[str, Artist], notes: Sequence[str] = ()) -> None:
    """Put one legend for the whole figure below it, and make the figure as much higher as the legend needs.

    Parameters
    ----------
    handles : the sample of each entry, by anything that tells entries apart; its label is printed.
    notes : sentences to print above it in small type.
    """
    labels = [str(handle.get_label()) for handle in handles.values()]
    if not labels:
        return
    width, height = (float(side) for side in figure.get_size_inches())
    each = max(width_of(label, 7) for label in labels) + 0.45  # inches of the sample line and the gaps
    columns = max(1, min(len(labels), int(width / each)))
    lines = [line for note in notes for line in textwrap.wrap(plain(note), int(width / 0.047))]  # inches of a letter
    figure.set_size_inches(width, height + 0.13 * (math.ceil(len(labels) / columns) - 1) + 0.1 * len(lines))
    figure.legend(
        list(handles.values()), labels, loc="outside lower center", ncols=columns, title="\n".join(lines) or None,
        title_fontsize=6, alignment="left", labelspacing=0.35,
    )  # fmt: skip
