"""File names and links for labels of any kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable


def slugs(labels: Iterable[str]) -> dict[str, str]:
    """Give each label a file name: plain ASCII, needing no escape in a link, different also where case is ignored.

    Examples
    --------
    >>> slugs(["TNO", "laplacian[levels=5]", "tno"])["TNO"]
    'TNO'
    >>> slugs(["laplacian[levels=5]"])["laplacian[levels=5]"].startswith("laplacian-levels-5-")
    True
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(set(labels)):
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.")[:60]
        name = plain if plain and plain == label else f"{plain or 'x'}-{_hash(label)}"
        if name.casefold() in taken:
            name = f"{plain}-{_hash(label)}"
        taken.add(name.casefold())
        found[label] = name
    return found


def _hash(label: str) -> str:
    return hashlib.sha256(label.encode("utf-8", "surrogateescape")).hexdigest()[:8]
