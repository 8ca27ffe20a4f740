"""The pages: Jinja templates, filled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

ASSETS = ("boot.js", "common.js", "leaderboard.js", "method.js", "metric.js", "pairs.js", "report.css", "training.js",
          "viewer.js")  # fmt: skip
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
    jinja.filters["manifest"] = manifest_text
    return jinja


def render(template: str, **content: Any) -> str:
    """Fill a template; `root` leads from the page to the report's folder."""
    return environment().get_template(template).render(**content)


def from_markdown(text: str) -> Markup:
    """Turn Markdown into HTML; HTML within it stays text."""
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Write a manifest for reading, long lists as their length."""
    shown = {key: len(value) if key in _HIDDEN else value for key, value in manifest.items()}
    return json.dumps(shown, indent=2, ensure_ascii=False)
