"""Which options of a training run its method and recipe read: one that is given and not read is a mistake."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import InputError
from .options import TrainOptions

_FLAGS = {"settings": "--set", "mathematics": "--jittor-native"}
# What each method's training does not read.
_UNREAD = {
    "film": {"colour": "it learns from luminance", "patch": "--set grid and image_size say the size",
             "patches": "it learns from whole images, or one part of each", "vgg": "it has no part of VGG-16",
             "ewc_lambda": "it is trained in one stage"},
    "u2fusion": {"settings": "its options are those of the command"},
}  # fmt: skip
_CONSOLIDATED = ("official",)  # recipes of u2fusion in which one task follows another


def require_read(options: TrainOptions, given: Collection[str]) -> None:
    """Refuse options that are given and have no effect.

    Parameters
    ----------
    options : of the run.
    given : the names of those that the user gave.

    Raises
    ------
    InputError
        The method, its recipe or its data do not read one of them.
    """
    unread = dict(_UNREAD.get(options.method, {}))
    if options.method == "u2fusion" and options.recipe not in _CONSOLIDATED:
        unread["ewc_lambda"] = f"the recipe {options.recipe} learns all tasks at once"
    own = [name for name in options.dataset if name.endswith(".h5")]
    photos = [name for name in options.dataset if name.startswith("photos:")]
    if len(own) == len(options.dataset):
        unread |= dict.fromkeys(("split", "exclude", "data_root"), "an H5 file says itself what is in it")
    elif len(own) + len(photos) == len(options.dataset):
        unread |= dict.fromkeys(("split", "data_root"), "photographs are taken as they lie in their folder")
    for name in given:
        if name in unread and getattr(options, name):
            flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
            raise InputError(f"{flag} has no effect on the training of {options.method}: {unread[name]}; leave it out")
