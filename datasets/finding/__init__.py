"""Finding the pairs of a data set: files in folders, names that belong together, lists and splits.

- `search` finds files by layouts, `tree` by the words in their names; `folders` lists what lies in folders.
- `sources` keeps the files by name, `pairing` says which names belong together, `names` how a name may be spelled.
- `entry` makes a pair, or a sentence on what is wrong, of each name; `messages` says why nothing is found.
- `splits` chooses the names, `lists` reads them from files, `lookup` finds the pair that somebody means.
- `templates` reads what users write for --a, --b and --fused.

What other modules of data sets need is imported from here; what tells names from each other, from its module.
"""

from __future__ import annotations

from .entry import Entry, check_partners, entries
from .folders import child, short, subfolders
from .lists import read_list
from .lookup import Lookup, lookup_of
from .messages import not_found, nothing_in
from .names import SOURCE_WORDS, fold
from .search import files, find
from .sources import DatasetFiles, SourceFiles
from .splits import choose, default_split, remedy, split_names
from .templates import is_template, layouts_of
from .tree import find_in_tree

__all__ = [
    "SOURCE_WORDS",
    "DatasetFiles",
    "Entry",
    "Lookup",
    "SourceFiles",
    "check_partners",
    "child",
    "choose",
    "default_split",
    "entries",
    "files",
    "find",
    "find_in_tree",
    "fold",
    "is_template",
    "layouts_of",
    "lookup_of",
    "not_found",
    "nothing_in",
    "read_list",
    "remedy",
    "short",
    "split_names",
    "subfolders",
]
