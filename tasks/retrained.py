"""Models that were trained on the images of each row: for each method one, and for each source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..datasets import FusionDataset
from ..errors import InputError
from ..results.paths import folder_name
from .models import Detector, Segmenter

PLACE = "{row}"
Model = TypeVar("Model", bound=Detector | Segmenter)


@dataclass(frozen=True)
class Recipe:
    """How all models of a table were trained; two tables compare where it is the same.

    Attributes
    ----------
    budget : what somebody has to know to do it again: network, epochs, sizes.
    seed : of the training.
    split : whose images were learnt from.
    """

    budget: str
    seed: int
    split: str

    def __post_init__(self) -> None:
        """Check that it says something."""
        if not self.budget.strip():
            raise InputError("say with --budget how the models were trained: network, epochs, size of images")

    def require_other(self, dataset: FusionDataset) -> None:
        """Refuse to score a model on what it learnt from; `InputError` says so."""
        if self.split == dataset.split:
            raise InputError(
                f"the models were trained on the split {self.split} of {dataset.name}, and would be scored on it: "
                "name another with --split"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"budget": self.budget.strip(), "seed": self.seed, "trained on": self.split}


@dataclass(frozen=True)
class Trained(Generic[Model]):
    """A model for each row of a table, trained by one recipe.

    Attributes
    ----------
    label : what results call them.
    models : by the labels of the rows.
    recipe : by which all of them were trained.
    """

    label: str
    models: Mapping[str, Model]
    recipe: Recipe
    digest = ""  # they are many: what each found is kept by its own

    @property
    def classes(self) -> Sequence[str]:
        """Their classes, which all have in the same order.

        Raises
        ------
        InputError
            They have not.
        """
        first, *others = self.models.items()
        for label, model in others:
            if tuple(model.classes) != tuple(first[1].classes):
                raise InputError(f"the models of {first[0]} and {label} have other classes: they do not compare")
        return first[1].classes


def make_trained(
    spec: str, rows: Sequence[str], make: Callable[[str], Model], label: str, recipe: Recipe
) -> Trained[Model]:
    """Make the model of each row.

    Parameters
    ----------
    spec : that of a model, in which `{row}` stands for the name of a row as `tasks export` and `tasks train` write it.
    rows : their labels.
    make : makes a model of its spec.

    Raises
    ------
    InputError
        The spec is the same for each row, or one of the models is not there.
    """
    if PLACE not in spec:
        raise InputError(f"retrained takes a model for each row: --model with {PLACE} in it, not {spec!r}")
    return Trained(label, {row: make(spec.replace(PLACE, folder_name(row))) for row in rows}, recipe)


def model_of(model: Model | Trained[Model], row: str) -> Model:
    """Give the model that looks at the images of a row."""
    return model.models[row] if isinstance(model, Trained) else model


def settings_of(model: object) -> dict[str, Any]:
    """Say what decides the values of a record beside its classes."""
    return model.recipe.settings if isinstance(model, Trained) else {}
