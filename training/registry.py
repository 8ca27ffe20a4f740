"""Which methods can be trained: those of `recipes/`, those of other packages, and those in a file of the user's.

Another package names them in the entry-point group `fusionbench.recipes`, by the method's name: a `Training`, or a
class of `Recipe` that says whose it is. A file is named as for `fusionbench run`: `file.py`, or `file.py:CLASS`.
"""

from __future__ import annotations

import inspect
import pkgutil
import warnings
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from ..errors import InputError, unknown
from ..methods.userfile import checked_class, load_point, named_in, split_file
from . import recipes
from .declaration import Training

GROUP = "fusionbench.recipes"


@cache
def built_in() -> dict[str, Training]:
    """Return what each module and room of `recipes/` declares as TRAINING, by the method's name."""
    modules = (import_module(f".{found.name}", recipes.__name__) for found in pkgutil.iter_modules(recipes.__path__))
    return {module.TRAINING.method: module.TRAINING for module in modules}


def provided() -> dict[str, EntryPoint]:
    """Return the entry points of other packages, by the method's name."""
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


@cache
def list_trainings() -> tuple[Training, ...]:
    """List all methods that can be trained, ours first; a package that fails is told in a warning, and left out."""
    trainings = list(built_in().values())
    for point in provided().values():
        try:
            trainings.append(_load(point))
        except InputError as error:
            warnings.warn(str(error), stacklevel=2)
    return tuple(trainings)


def find_training(method: str) -> Training:
    """Find how a method is trained, by its name or a file.

    Raises
    ------
    InputError
        There is none of this name, with the nearest that there is; or what declares it cannot be imported.
    """
    if file := split_file(method):
        return _of_file(*file)
    if method in built_in():
        return built_in()[method]
    points = provided()
    if method not in points:
        raise unknown("method that can be trained", method, [*built_in(), *points])
    return _load(points[method])


def _load(point: EntryPoint) -> Training:
    return _training(load_point(point, "recipe"), point.value)


def _of_file(path: Path, attribute: str | None) -> Training:
    """Find the recipe that is named in a file, or the only one that it holds."""

    def own(module: ModuleType) -> dict[str, object]:
        return {name: value for name, value in vars(module).items() if _is_recipe(value, module.__name__)}

    return _training(*named_in(path, attribute, own, "recipe"))


def _is_recipe(value: object, module: str) -> bool:
    from .recipe import Recipe

    if inspect.isclass(value):
        return issubclass(value, Recipe) and value.__module__ == module and not inspect.isabstract(value)
    return isinstance(value, Training)


def _training(value: object, where: str) -> Training:
    """Make what a class of `Recipe` declares into a `Training`, or take one as it is."""
    if isinstance(value, Training):
        return value
    from .recipe import Recipe  # imports torch

    recipe = checked_class(value, where, Recipe, ("method", "name"))
    return Training(recipe.method, {recipe.name: recipe}, recipe.declares)
