"""How a method can be trained, said before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import unknown
from .settings import Settings

if TYPE_CHECKING:
    from .options import TrainOptions
    from .recipe import Recipe


@dataclass(frozen=True)
class Training:
    """What `fusionbench train` offers for a method.

    Attributes
    ----------
    method : its name.
    recipes : classes of `Recipe` by name, or "module:Class" where they are; the first one is the default.
    settings : what they let the user choose.
    files : endings of data files that the recipes read themselves, ".h5".
    """

    method: str
    recipes: Mapping[str, type[Recipe] | str]
    settings: type[Settings] = Settings
    files: tuple[str, ...] = ()

    def recipe(self, name: str | None) -> str:
        """Return the name of a recipe, which is the first one's where there is none.

        Raises
        ------
        InputError
            There is no such recipe.
        """
        if name is not None and name not in self.recipes:
            raise unknown(f"recipe of {self.method}", name, self.recipes)
        return name or next(iter(self.recipes))

    def make(self, options: TrainOptions) -> Recipe:
        """Build the recipe that the options ask for, with its data.

        Raises
        ------
        InputError
            There is no such recipe or setting, or the data are not as they must be.
        """
        place = self.recipes[self.recipe(options.recipe)]
        settings = self.settings.read(options.settings)
        if isinstance(place, str):
            module, _, name = place.partition(":")
            place = getattr(import_module(module), name)
        return place(options, settings)
