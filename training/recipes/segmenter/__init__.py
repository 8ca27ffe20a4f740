"""How the small segmenter of the downstream tasks is trained, on one image of each pair and its mask.

=========== ==============================================================
`recipe`    network, loss, optimiser and schedule: begin here
`samples`   what it learns from: parts of images with those of their masks
=========== ==============================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from ....errors import InputError
from ....methods.flag import Flag
from ...declaration import Training
from ...settings import Settings, setting


@dataclass(frozen=True)
class SegmenterSettings(Settings):
    """The settings of a training run that only the segmenter has.

    Attributes
    ----------
    images : which image of a pair is learnt from: "a" or "b", a source; or a folder of fused images, named as pairs.
    labels_like : the data set of the catalogue whose masks these are like, for a folder that it does not know.
    side : of the random parts of images, in pixels.
    parts : parts of an image in an epoch.
    """

    images: str = setting("b", Flag("which image of a pair to segment: a, b, or a folder of fused images."))
    labels_like: str | None = setting(None, Flag("the data set whose masks those of a folder are like.", "its own"))
    side: int = 192
    parts: int = 8

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, least in (("side", 16), ("parts", 1)):
            if getattr(self, name) < least:
                raise InputError(f"the setting {name} must be at least {least}, not {getattr(self, name)}")


TRAINING = Training("segmenter", {"small": f"{__name__}.recipe:Small"}, SegmenterSettings)
