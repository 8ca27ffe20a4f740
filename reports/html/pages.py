"""The pages: Jinja templates, filled."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from ...results import Manifest
from ...results.leaderboard.grid import NONE
from .paths import shortened

ASSETS = ("boot.js", "common.js", "efficiency.js", "leaderboard.js", "method.js", "metric.js", "pairs.js", "report.css",
          "significance.js", "training.js", "viewer.js")  # fmt: skip
KNOWN = ("title_", "explained_", "better_")  # texts that come with an explanation, not with a template
NOTE = "note_"  # and with a manifest: what differs from case to case has a name in braces
TASK = "task_"  # likewise, with a table of a downstream task
_HIDDEN = ("pairs", "sources", "skipped")  # long, and shown elsewhere


def asset(name: str) -> str:
    """Read a file of the package that goes into the report as it is."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


@cache
def words() -> dict[str, dict[str, str]]:
    """Every text of the pages by key, in each language."""
    content: dict[str, dict[str, str]] = json.loads(asset("words.json"))
    return content


def word(key: str) -> Markup:
    """Write a text in English, so marked that the page can turn it into another language."""
    return Markup('<span data-t="{}">{}</span>').format(key, words()[key]["en"])


def phrase(text: str) -> Markup:
    """Write a text of a table, in parts between middle dots, so that the page can say what it knows in Chinese."""
    known = any(pattern.fullmatch(part) for part in text.split(" · ") for pattern in _phrases())
    return Markup('<span data-say="{}">{}</span>').format(text, text) if known else escape(text)


@cache
def _phrases() -> tuple[re.Pattern[str], ...]:
    texts = (texts["en"] for key, texts in words().items() if key.startswith(TASK))
    return tuple(re.compile(re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(text)), re.DOTALL) for text in texts)


@cache
def environment() -> Environment:
    """Set the templates up; all that they print is escaped."""
    jinja = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals["t"] = word
    jinja.globals["plain"] = lambda key: words()[key]["en"]
    jinja.filters["record"] = record_text
    jinja.filters["fixed"] = lambda mean: NONE if mean is None or math.isnan(mean) else f"{mean:z.4f}"
    return jinja


def render(template: str, **content: Any) -> str:
    """Fill a template; `root` leads from the page to the report's folder."""
    return environment().get_template(template).render(**content)


def from_markdown(text: str) -> Markup:
    """Turn Markdown into HTML; HTML within it stays text. What `words` knows of it can be turned into Chinese."""
    return marked(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


def marked(html: str) -> Markup:
    """Mark the headings, labels and standing sentences of an explanation, as `word` does."""
    for key, texts in words().items():
        if key.startswith(KNOWN):
            text = re.escape(str(escape(texts["en"])))
            sentence = texts["en"].endswith((".", ":"))
            where = rf"(?<=[>\s]){text}(?=[<\s])" if sentence else rf"(?:(?<=>)|(?<=: )|(?<=[↑↓0] )){text}(?=<)"
            html = re.sub(where, str(word(key)), html)
    return Markup(html)


def record_text(record: Manifest | Mapping[str, Any]) -> str:
    """Write a manifest, or options, for reading: long lists as their length, files without the folders they lie in."""
    content = record.content() if isinstance(record, Manifest) else record
    content = {key: len(value) if key in _HIDDEN else shortened(value) for key, value in content.items()}
    return json.dumps(content, indent=2, ensure_ascii=False)
