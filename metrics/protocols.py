"""A protocol picks one convention of each metric, and says how colour and size are treated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import unknown

Colour = Literal["gray", "rgb2gray", "y", "channels"]


@dataclass(frozen=True)
class Protocol:
    """A named, versioned choice of metrics; the version changes whenever a value could.

    `dataclasses.replace(get_protocol("film"), colour="y")` is a protocol with another colour policy, which its `label`
    shows.

    Colour policies (they concern RGB input; one-channel images are scored as they are):
    "gray", OpenCV's weights .299 .587 .114, rounded half to even; "rgb2gray", MATLAB's function, rounded half up;
    "y", the luma of ITU-R BT.601 in 16..235 (MATLAB's rgb2ycbcr), rounded half up; "channels", every channel is
    scored and the mean reported (`Metric.channels`), a one-channel partner serving each of them.

    The images of a triple have one size: what to do about others is said where data sets are read.
    """

    name: str
    version: str
    metrics: tuple[str, ...]  # keys, in the order of the tables
    reference: str  # the code or paper whose numbers it reproduces
    colour: Colour = "gray"

    @property
    def label(self) -> str:
        """Name, version and a colour policy that is not the protocol's own, as results record it."""
        changed = self.colour != PROTOCOLS.get(self.name, self).colour
        return f"{self.name}/{self.version}" + f"+colour={self.colour}" * changed


def _keys(convention: str, names: str) -> tuple[str, ...]:
    """Spell `names` (separated by blanks) as keys of one convention."""
    return tuple(f"{name}@{convention}" for name in names.split())


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "film", "1", _keys("film", "EN SD SF AG MI MSE CC PSNR SCD VIFF Qabf SSIM"),
            "Zhao et al., Image Fusion via Vision-Language Model, ICML 2024, doi:10.48550/arXiv.2402.02235",
        ),
        Protocol(
            "liu", "1", _keys("liu", "Q_MI Q_TE Q_NCIE Q_G Q_M Q_SF Q_P Q_S Q_C Q_Y Q_CV Q_CB"),
            "Liu et al., Objective assessment of multiresolution image fusion algorithms for context enhancement in "
            "night vision, TPAMI 34, 2012, doi:10.1109/TPAMI.2011.109", "rgb2gray",
        ),
        Protocol(
            "extra", "1", ("VIFF@han2013", "MEF_SSIM@ma2015", *_keys("piella", "Q Q_W Q_E")),
            "the definitions of the papers: Han et al. 2013, Ma et al. 2015, Piella and Heijmans 2003", "rgb2gray",
        ),
        Protocol(
            "vifb", "1", _keys(
                "vifb",
                "Avg_gradient Cross_entropy Edge_intensity Entropy Mutinf Psnr Qabf Qcb Qcv Rmse Spatial_frequency "
                "Ssim Variance",
            ),
            "Zhang, Ye, Xiao, VIFB: A visible and infrared image fusion benchmark, CVPRW 2020, "
            "doi:10.1109/CVPRW50498.2020.00060", "channels",
        ),
        Protocol(
            "tang", "1", _keys(
                "tang",
                "EN MI PSNR SF SD MSE VIF AG CC SCD Qabf Nabf Nabf_fused_first SSIM MS_SSIM MEF_SSIM "
                "FMI_pixel FMI_none FMI_gradient FMI_dct FMI_w",
            ),
            "Tang, Evaluation-for-Image-Fusion, https://github.com/Linfeng-Tang/Evaluation-for-Image-Fusion, "
            "since March 2023", "rgb2gray",
        ),
        Protocol(
            "tang2022", "1", _keys("tang2022", "EN MI PSNR SF SD MSE VIF AG CC SCD Qabf Nabf SSIM"),
            "the same at commit 5d6c43a of May 2022, which made its published TNO table; see Tang et al. 2022, "
            "doi:10.1016/j.inffus.2021.12.004", "rgb2gray",
        ),
        Protocol(
            "reference", "1", _keys("reference", "PSNR SSIM MSE"),
            "scikit-image, van der Walt et al. 2014, doi:10.7717/peerj.453: against the ideal image of a data set",
            "channels",
        ),
    )
}  # fmt: skip

CARD = _keys("film", "EN SD SF AG VIFF Qabf")  # the six of the FILM tables


def get_protocol(name: str | Protocol) -> Protocol:
    """Find a protocol by name (a Protocol is handed back as it is); raises InputError with the nearest name."""
    if isinstance(name, Protocol):
        return name
    protocol = next((p for n, p in PROTOCOLS.items() if n.casefold() == name.casefold()), None)
    if protocol is None:
        raise unknown("protocol", name, PROTOCOLS)
    return protocol
