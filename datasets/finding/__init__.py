"""Finding the pairs of a data set: files in folders, names that belong together, lists and splits.

- `search` finds files by layouts, `tree` by the words in their names; `folders` lists what lies in folders.
- `sources` keeps the files by name, `pairing` says which names belong together, `names` how a name may be spelled.
- `entry` makes a pair, or a sentence on what is wrong, of each name; `messages` says why nothing is found.
- `splits` chooses the names, `lists` reads them from files, `lookup` finds the pair that somebody means.
- `templates` reads what users write for --a, --b and --fused.
"""

from __future__ import annotations

from .entry import Entry, check_partners, entries
from .folders import below, child, contents, images_in, short, subfolders
from .lists import read_list
from .lookup import Lookup, lookup_of
from .messages import not_found, nothing_in
from .names import ALL_WORDS, FUSED_WORDS, SOURCE_WORDS, alike, fold, natural, stem
from .pairing import match, spellings
from .search import files, find
from .sources import DatasetFiles, SourceFiles
from .splits import choose, default_split, remedy, split_names, split_notes
from .templates import file_of, is_template, layouts_of, suggest, to_pattern
from .tree import find_in_tree

__all__ = [
    "ALL_WORDS",
    "FUSED_WORDS",
    "SOURCE_WORDS",
    "DatasetFiles",
    "Entry",
    "Lookup",
    "SourceFiles",
    "alike",
    "below",
    "check_partners",
    "child",
    "choose",
    "contents",
    "default_split",
    "entries",
    "file_of",
    "files",
    "find",
    "find_in_tree",
    "fold",
    "images_in",
    "is_template",
    "layouts_of",
    "lookup_of",
    "match",
    "natural",
    "not_found",
    "nothing_in",
    "read_list",
    "remedy",
    "short",
    "spellings",
    "split_names",
    "split_notes",
    "stem",
    "subfolders",
    "suggest",
    "to_pattern",
]
