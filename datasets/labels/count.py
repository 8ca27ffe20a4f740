"""How much is annotated in a data set: every annotation is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError, printable
from ..annotations import LabelKind
from ..dataset import FusionDataset
from .find import NoLabelsError, labels_of
from .records import VOID


@dataclass(frozen=True)
class LabelCount:
    """The annotations of a data set.

    Attributes
    ----------
    kind : "boxes" or "masks".
    pairs : how many pairs have an annotation.
    classes : objects of each class, or pixels.
    problems : what is wrong, by name of the pair; of all of them under the name "".
    """

    kind: LabelKind
    pairs: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    problems: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        total = sum(self.classes.values()) or 1
        counts = (
            f"{100 * count / total:.3g} % {name}" if self.kind == "masks" else f"{count} {name}"
            for name, count in self.classes.most_common()
        )
        return f"of {self.pairs} pairs: {', '.join(counts) or 'nothing'}"


def count_labels(dataset: FusionDataset, kind: LabelKind) -> LabelCount | None:
    """Read all annotations of a kind; None where the data set has none."""
    try:
        labels = labels_of(dataset, kind)
    except NoLabelsError:
        return None
    except InputError as error:
        return LabelCount(kind, problems={"": printable(str(error))})
    pairs, problems = 0, {}
    numbers = np.zeros(VOID + 1, np.int64)
    for pair in dataset:
        try:
            boxes, mask = labels.boxes(pair.name), labels.mask(pair.name)
        except InputError as error:
            problems[printable(pair.name)] = printable(str(error))
            continue
        for values in (boxes.classes if boxes is not None else None, mask):
            if values is not None:
                pairs += 1
                numbers += np.bincount(values.ravel(), minlength=VOID + 1)
    classes = Counter({name: int(count) for name, count in zip(labels.classes, numbers, strict=False) if count})
    return LabelCount(kind, pairs, classes, problems)
