"""Options of a training run that its method and data do not read: one that is given and not read is a mistake."""

from __future__ import annotations

from collections.abc import Collection

from ..datasets.finding.pairlist import PAIRS
from ..errors import InputError
from .declaration import Training
from .options import TrainOptions
from .registry import list_trainings
from .sources import PHOTOS


def require_read(training: Training, options: TrainOptions, names: Collection[str]) -> None:
    """Refuse options that are given and have no effect.

    Parameters
    ----------
    training : what the method declares.
    options : of the run.
    names : of the options and settings that the user gave.

    Raises
    ------
    InputError
        The method, its recipe or its data do not read one of them.
    """
    by_data = _said_by_data(training, options)
    for name in names:
        if name in options.settings:
            reason = _why_no_setting(training, options, name)
        else:
            reason = by_data.get(name, "") if getattr(options, name) else ""
        if reason:
            raise InputError(
                f"{_spelling(name)} has no effect on the training of {training.method}: {reason}; leave it out"
            )


def require_known(training: Training, settings: Collection[str], source: str) -> None:
    """Refuse names in stored options that no option and no method's settings have: one of them lost its name.

    Raises
    ------
    InputError
        There is such a name; `source` says where.
    """
    known = {name for each in (training, *list_trainings()) for name in each.settings.hints()}
    for name in settings:
        if name not in known:
            raise InputError(f"{source} cannot be read (its {name!r} is no option): mend it, or start a new run")


def _why_no_setting(training: Training, options: TrainOptions, name: str) -> str:
    """Say who reads a setting that is not read here; nothing where it is, or where nobody has it."""
    own = training.settings.hints()
    if name in own:
        recipe, readers = training.recipe(options.recipe), training.settings.recipes(name)
        return "" if not readers or recipe in readers else f"it is for the recipe {', '.join(readers)}, not {recipe}"
    owners = [other.method for other in list_trainings() if name in other.settings.hints()]
    if not owners:
        return ""
    return f"it is a setting of {', '.join(owners)}" + (f", and {training.method} has {', '.join(own)}" if own else "")


def _said_by_data(training: Training, options: TrainOptions) -> dict[str, str]:
    """Say which options have no effect on files that the recipe reads itself, and on photographs."""
    files = [name for name in options.dataset if name.endswith(training.files)]
    photographs = [name for name in options.dataset if name.startswith(PHOTOS)]
    listed = [name for name in options.dataset if name.startswith(PAIRS)]
    if len(files) == len(options.dataset):
        own = ("split", "exclude", "data_root", "a", "b", "task", "on_error")
        return dict.fromkeys(own, f"{files[0]} says itself what is in it")
    if len(files) + len(photographs) == len(options.dataset):
        return dict.fromkeys(
            ("split", "data_root", "a", "b", "task"), "photographs are taken as they lie in their folder"
        )
    if len(listed) == len(options.dataset):
        return {"data_root": "a list of pairs says itself where they lie"}
    return {}


def _spelling(name: str) -> str:
    """Write an option as it stands on the command line."""
    offers = {offer.name: offer for training in list_trainings() for offer in training.settings.offers(training.method)}
    if name in offers:
        return offers[name].spelling
    settings = {each for training in list_trainings() for each in training.settings.hints()}
    return f"--set {name}" if name in settings else f"--{name.replace('_', '-')}"
