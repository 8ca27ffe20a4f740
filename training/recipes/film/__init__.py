"""How FILM is trained: on whole pairs with their text.

============ ===========================================================================
`recipe`     network, optimiser and schedule of the two recipes: begin here
`loss`       what they minimise
`samples`    what they learn from: pairs and texts out of data sets, or of the H5 files of `pairs`
`prepare`    `fusionbench prepare film`: from a data set to such an H5 file
============ ===========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ....errors import InputError
from ....methods.flag import Flag
from ...declaration import Training
from ...settings import Settings, setting

H5 = (".h5", ".hdf5")


@dataclass(frozen=True)
class FilmSettings(Settings):
    """The settings of a training run that only FILM has.

    Attributes
    ----------
    text : a source as `make_text` takes it; "auto" is the text in an H5 file, and "describe" for a data set.
    grid : working grid, "HEIGHTxWIDTH".
    image_size : "HEIGHTxWIDTH" of the images learnt from; "auto" keeps the size of those in an H5 file, and takes the
        working grid for a data set.
    loss_grad_weight : what the gradients count in the loss.
    loss_ssim : what the SSIM term counts; 0 computes and logs it only.
    checkpointing : compute activations twice in place of keeping them: less memory, a third more time.
    mathematics : of Jittor, where it differs from PyTorch's: "torch", or "native" for its own.
    """

    text: str = "auto"
    grid: str = "288x384"
    image_size: str = "auto"
    loss_grad_weight: float = 20.0
    loss_ssim: float = 0.0
    checkpointing: bool = False
    mathematics: Literal["torch", "native"] = setting(
        "torch",
        Flag("with --backend jittor, its own mathematics, not PyTorch's.", spelling="--jittor-native", value="native"),
    )

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("loss_grad_weight", "loss_ssim"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"the setting {name} is a number of at least 0, not {getattr(self, name)}")


TRAINING = Training(
    "film", {"official": f"{__name__}.recipe:Paper", "short": f"{__name__}.recipe:Short"}, FilmSettings, H5
)
