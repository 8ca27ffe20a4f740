"""The HTML report: one static folder that opens from disk."""

from .build import write_report

__all__ = ["write_report"]
