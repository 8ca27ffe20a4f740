"""Finding the pairs of a data set: files in folders, names that belong together, lists and splits.

- `search` finds files by layouts, or by the words in their names; `folders` lists what lies in folders.
- `sources` keeps the files by name, `pairing` says which names belong together, `names` how a name may be spelled.
- `entry` makes a pair, or a sentence on what is wrong, of each name; `messages` says why nothing is found.
- `splits` chooses the names, `lists` reads them from files, `lookup` finds the pair that somebody means.
- `pairlist` reads a table of pairs, which takes the place of the search.
- `templates` reads what users write for --a, --b and --fused.
"""

from __future__ import annotations

from .lists import read_list
from .lookup import Lookup, lookup_of

__all__ = ["Lookup", "lookup_of", "read_list"]
