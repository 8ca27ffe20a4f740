"""Getting a data set from where it is published: downloaded, verified by git's own hash, and put into its place."""

from __future__ import annotations

from .fetch import FetchResult, fetch
from .git_tree import folder_id, tree_id

__all__ = ["FetchResult", "fetch", "folder_id", "tree_id"]
