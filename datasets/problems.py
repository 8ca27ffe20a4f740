"""What is wrong with the files of a pair, as far as their headers tell, and how people are told of many pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import letter, printable
from .dataset import SizePolicy, sizes
from .headers import Headers
from .images import UnreadableImageError, probe
from .pair import Pair
from .ranges import FULL, Ranges, refusal, without_range
from .rgbt import NO_FURTHER_CHANNEL

_SHOWN = 10  # problems named in one error


def problem_of(
    pair: Pair,
    size_policy: SizePolicy = "error",
    *,
    ranges: Ranges = FULL,
    rgbt: bool = False,
    headers: Headers | None = None,
) -> str | None:
    """Say what is wrong with the files of a pair; None if nothing is. `headers` receives those that were read."""
    if (written := printable(pair.name)) != pair.name:
        return (
            f"the name of its files is not UTF-8, or has a line break or a control character: rename them ({written})"
        )
    shapes: list[tuple[int, int]] = []
    sources = pair.sources
    named = [(letter(place), "b" if place else "a", source) for place, source in enumerate(sources)]
    for label, side, source in (*named, ("truth", "truth", pair.truth)):
        if isinstance(source, Path):
            try:
                header = probe(source)
                problem = refusal(header, ranges[side]) or (NO_FURTHER_CHANNEL if rgbt and not header.alpha else None)
            except UnreadableImageError as error:
                problem = error.reason
            if problem is not None:
                return f"{label} ({source.parent.name}/{source.name}): {problem}"
            shapes.append((header.height, header.width))
            if headers is not None:
                headers[source] = header
        elif source is not None:
            shapes.append((source.shape[0], source.shape[1]))
            if source.dtype not in (np.uint8, np.uint16) and ranges[side].kind == "full":
                return without_range(str(source.dtype))
    own = shapes[: len(sources)]
    if size_policy == "error" and len(set(own)) > 1:
        return f"the sources differ in size: {sizes(own)}"
    if size_policy == "error" and shapes[-1] != shapes[0]:
        return "the ideal fused image has another size than the sources"
    return None


def summary(name: str, root: Path, problems: dict[str, str], total: int) -> str:
    """Say how many of the pairs of a data set cannot be used, and why."""
    count = f"{len(problems)} of {total} pairs" if total > 1 else "the one pair"
    return (
        f"{count} of {name} at {root} cannot be used: {listing(problems)} "
        "(mend these files, or leave these pairs out with --on-error skip)"
    )


def listing(problems: dict[str, str]) -> str:
    """List the first problems, each with the name of its pair."""
    shown = [f"{name}: {reason}" for name, reason in list(problems.items())[:_SHOWN]]
    more = len(problems) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")
