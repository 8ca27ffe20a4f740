"""What is known of a method beside its code: the year of its paper, and which published images it gives again."""

from __future__ import annotations

import re
from dataclasses import dataclass

# of a method whose weights ship; its authors' are fetched, or given
STAND_IN = "Its weights are this project's own, and stand in for those of the paper."


@dataclass(frozen=True)
class Verified:
    """Published images that were fused again from their sources, with the authors' weights, and compared.

    Attributes
    ----------
    equal : how many are given again, with no value more than one level away.
    tried : how many were compared.
    images : where they are from, "TNO" for instance.
    differing, values : of all values of these images, how many differ by that one level.
    note : which other images are known to come out differently.
    """

    equal: int
    tried: int
    images: str
    differing: int
    values: int
    note: str = ""

    def __str__(self) -> str:
        return f"{self.equal} of {self.tried} {self.images}"

    @property
    def sentence(self) -> str:
        """Say it with its figures."""
        said = (
            f"{self.equal} of {self.tried} published images ({self.images}) are given again: {self.differing:,} of "
            f"{self.values:,} values differ, by one level"
        )
        return f"{said}. {self.note}" if self.note else f"{said}."


def year_of(reference: str) -> int | None:
    """Read the year in brackets that follows the authors; None where there is none.

    Examples
    --------
    >>> year_of("Li, Wu (2019): DenseFuse, IEEE Transactions on Image Processing 28(5), 2614-2623")
    2019
    """
    found = re.search(r"\(((?:18|19|20)\d\d)\)", reference)
    return int(found[1]) if found else None
