"""The HTML report: one static folder that opens from disk."""

from ...extras import explained

with explained():
    from .build import write_report

__all__ = ["write_report"]
