"""--against: the reference results that a command puts beside those of runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..results import Results


class Against:
    """What `--against TEXT` asks for.

    Raises
    ------
    InputError
        There are no such reference results.
    """

    def __init__(self, text: str) -> None:
        from ..reference import References
        from ..reference.beside import parse_choice

        self._references = References()
        self._choice = parse_choice(text, self._references)

    def require(self, datasets: Collection[str], protocols: Mapping[str, str]) -> None:
        """Make sure that some data set has reference results in one of the protocols, as far as names tell."""
        from ..datasets.catalog import find_spec
        from ..reference.beside import require

        specs = [find_spec(name) for name in datasets]
        if all(specs):  # what a folder is called is known once it is read
            require(self._choice, self._references, [spec.name for spec in specs if spec], protocols)

    def beside(
        self, results: Results, methods: Collection[str] | None = None, datasets: Collection[str] | None = None
    ) -> Results:
        """Put reference rows beside the results of runs, of some methods and data sets where these are named."""
        from ..reference.beside import beside

        return beside(results, self._choice, self._references, methods, datasets)

    def labels(self, results: Results) -> set[str]:
        """Name the reference rows among results."""
        from ..reference.beside import WORD

        return {run.method for run in results.runs if run.manifest.method.name == WORD}
