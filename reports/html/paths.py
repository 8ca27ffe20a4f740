"""Paths in what is published: the folders of somebody's computer are nobody's business."""

from __future__ import annotations

import re
from typing import Any

# an absolute path with two parts or more, of any system; what stands before must not make it a link or a fraction
_ABSOLUTE = re.compile(r"(?<![\w.:/\\~-])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\"<>|:*?]+[/\\])+(?=[^\s/\\'\"<>|:*?])")


def without_folders(text: str) -> str:
    """Leave of each absolute path in a text its last part.

    Examples
    --------
    >>> without_folders("python /home/me/fuse.py --ir {a}: see https://doi.org/10.1/x and a/b")
    'python …/fuse.py --ir {a}: see https://doi.org/10.1/x and a/b'
    """
    return _ABSOLUTE.sub("…/", text)


def shortened(value: Any) -> Any:
    """Do so with every text in lists and dicts; a text that is a path as a whole may have spaces."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shortened(item) for item in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"(?:~|[A-Za-z]:)?[/\\](?:[^/\\\n]+[/\\])+([^/\\\n]+)[/\\]?", value)
    return f"…/{whole[1]}" if whole and " -" not in value else without_folders(value)
