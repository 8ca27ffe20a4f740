"""How U2Fusion is trained: on patches, weighed by how much information each source holds.

=============== ===========================================================================
`recipe`        network, loss, optimiser and stages of the three recipes: begin here
`loss`          the similarities that they are made of
`information`   how much each source counts, by the features of `vgg`
`consolidation` learning a task without forgetting the ones before
`rmsprop`       the optimiser of the authors
=============== ===========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from ....methods.flag import Flag
from ...declaration import Training
from ...settings import PatchSettings, setting


@dataclass(frozen=True)
class U2FusionSettings(PatchSettings):
    """The settings of a training run that only U2Fusion has.

    Attributes
    ----------
    ewc_lambda : strength of elastic weight consolidation, for recipes of several tasks.
    vgg : file of VGG-16's weights; by default torchvision's, fetched at first use.
    """

    ewc_lambda: float = setting(8e4, Flag("strength of elastic weight consolidation."), recipes=("official",))
    vgg: str | None = setting(None, Flag("VGG-16's weights.", "torchvision's, fetched"), changeable=True)


TRAINING = Training(
    "u2fusion",
    {name: f"{__name__}.recipe:{name.title()}" for name in ("official", "port", "joint")},
    U2FusionSettings,
)
