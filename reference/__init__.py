"""Reference results: scores of published fused images, pair by pair, that stand beside a run's own rows.

========================================== =========================================================================
`reference/data/<dataset>/sources.json`     `Sources`: which pairs, and the hash of both sources of each
`reference/data/<dataset>/<method>.json`    `Entry`: paper, where the images lie, program and protocol versions
`reference/data/<dataset>/<method>.csv.gz`  a line for each pair: the hash of the image's file, and its metrics
========================================== =========================================================================

`References()` reads them; `beside` puts them into `Results`, so that ranks, intervals, tests, tables and plots see rows
like any others; `make` turns a run into an entry.
"""

from .entries import Entry, References, Sources

__all__ = ["Entry", "References", "Sources"]
