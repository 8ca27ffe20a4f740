"""What griffe reads of a docstring: here a parameter is "name : what it is", as its type stands in the signature."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import griffe

_ITEM = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) : (.+)$", re.MULTILINE)
_SECTION = re.compile(
    r"^(Parameters|Attributes|Returns|Yields)\n-+\n(.*?)(?=^\w+\n-{3,}$|\Z)", re.MULTILINE | re.DOTALL
)


class Names(griffe.Extension):
    """Let the text after the colon be the description, and what is returned have the type of the signature."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of an object."""
        if obj.docstring:
            returned = str(getattr(obj, "returns", None) or "value")
            obj.docstring.value = _SECTION.sub(partial(_rewritten, returned), obj.docstring.value)


def _rewritten(returned: str, match: re.Match[str]) -> str:
    title, body = match[1], match[2]
    if title in ("Returns", "Yields") and not re.search(r"^ ", body, re.MULTILINE):
        body = f"{returned}\n" + "".join(f"    {line}\n" for line in body.strip().splitlines()) + "\n"
    elif title in ("Parameters", "Attributes"):
        body = _ITEM.sub(r"\1\n    \2", body)
    return f"{title}\n{'-' * len(title)}\n{body}"
