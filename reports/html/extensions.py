"""Panels that other packages bring to the report's first page through the entry-point group `fusionbench.panels`."""

from __future__ import annotations

import warnings
from importlib.metadata import entry_points

from markupsafe import Markup

from ...errors import one_line
from ...results import Results

GROUP = "fusionbench.panels"


def panels(results: Results) -> dict[str, Markup]:
    """Make all panels, by title, which is the entry point's name.

    Each is a function of the results that returns HTML; one that fails is told in a warning, and left out.
    """
    content = {}
    for point in sorted(entry_points(group=GROUP)):
        try:
            content[point.name] = Markup(point.load()(results))
        except (Exception, SystemExit) as error:  # whatever a foreign module raises
            warnings.warn(f"panel {point.name!r} ({point.value}) failed: {one_line(error)}", stacklevel=2)
    return content
