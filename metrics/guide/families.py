"""Which names mean the same thing: one family holds every convention of a quantity, whatever it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..catalog import METRICS, Metric

Group = Literal["information", "intensity", "edges", "structure", "perception", "other"]

GROUPS: dict[Group, str] = {
    "information": "Information: what the grey levels hold and share",
    "intensity": "Intensity: levels, errors and correlations",
    "edges": "Edges and detail",
    "structure": "Structural similarity",
    "perception": "Models of human vision",
    "other": "From other packages",
}


@dataclass(frozen=True)
class Family:
    """One quantity under all its names."""

    name: str  # the most common of them
    title: str
    group: Group
    measures: str  # what it measures, in words for a reader who has to choose
    names: tuple[str, ...]  # of metrics, in any convention
    traps: tuple[str, ...] = ()  # what goes wrong when the numbers are read
    aliases: tuple[str, ...] = ()  # what else people call it

    @property
    def metrics(self) -> list[Metric]:
        """Its metrics, in the order of the catalogue."""
        return [metric for metric in METRICS.values() if metric.name in self.names]


ALONE = "It looks at the fused image alone: noise and artefacts raise it, and the sources do not matter."

FAMILIES: tuple[Family, ...] = (
    Family(
        "EN", "Entropy", "information",
        "How evenly the 256 grey levels of the fused image are used: the bits that a pixel would need on its own.",
        ("EN", "Entropy"), (ALONE, "Stretching the contrast leaves it as it is, quantising more coarsely lowers it."),
        ("entropy",),
    ),
    Family(
        "MI", "Mutual information", "information",
        "How much the grey level of the fused image tells about the level of each source at the same pixel, "
        "wherever the pixels lie.",
        ("MI", "Mutinf", "Q_MI"),
        (
            "In nats or in bits: a factor of 0.693 between two tables.",
            "A fused image that is a copy of one source scores high; a source with more entropy weighs more, unless "
            "entropies are divided out (Q_MI).",
        ),
        ("mutual information", "NMI"),
    ),
    Family(
        "Q_TE", "Tsallis information", "information",
        "Mutual information with Tsallis' entropy of order q in place of Shannon's.",
        ("Q_TE", "Q_TE_Cvejic"), ("The two definitions differ in order and normalisation: .4 and 1500 for one image.",),
        ("TE", "Tsallis"),
    ),
    Family(
        "Q_NCIE", "Nonlinear correlation information entropy", "information",
        "How strongly the three images depend on each other, from the eigenvalues of their mutual informations.",
        ("Q_NCIE",), ("All real values lie just above .80: compare the third and fourth decimal.",), ("NCIE",),
    ),
    Family(
        "CE", "Cross entropy", "information",
        "How far the histogram of the fused image is from those of the sources.",
        ("Cross_entropy",), ("It compares histograms, not pixels: a shuffled image scores the same.",),
        ("cross entropy",),
    ),
    Family(
        "FMI", "Feature mutual information", "information",
        "Mutual information of a feature (levels, gradients, edges, coefficients) in small windows, between the fused "
        "image and each source.",
        ("FMI_none", "FMI_gradient", "FMI_pixel", "FMI_dct", "FMI_w"),
        (
            "FMI_pixel of the published code scores binary edges, not pixels; FMI_none is what papers call FMI_pixel.",
            "FMI_pixel depends on the order in which nine numbers are added, wherever a window is constant.",
        ),
    ),
    Family(
        "SD", "Standard deviation", "intensity", "Contrast: how far the levels of the fused image spread.",
        ("SD", "Variance"), (ALONE, "Stretching an image before it is saved raises it."), ("std", "standard deviation"),
    ),
    Family(
        "MSE", "Mean squared error", "intensity",
        "Mean squared difference between the fused image and each source, or the ideal image.",
        ("MSE", "Rmse"),
        (
            "On levels of 0..255 or of 0..1: a factor of 65025.",
            "The mean of both sources is best: fusion that keeps the bright target of one source is punished.",
            "The Rmse of VIFB is the root of the sum over the number of pixels and falls with the size of the image.",
        ),
        ("mean squared error",),
    ),
    Family(
        "PSNR", "Peak signal-to-noise ratio", "intensity",
        "Mean squared error against the sources, in decibels below a peak. The plain mean has the least error. "
        "Against an ideal image it is what it is called.",
        ("PSNR", "Psnr"),
        (
            "Three definitions give about 16, 60 and 64 dB for one image: values above 50 dB are no sign of quality, "
            "but of another formula.",
            "Values of different conventions cannot be compared nor converted without the images.",
        ),
    ),
    Family(
        "CC", "Correlation coefficient", "intensity", "Linear correlation of the fused image with each source.",
        ("CC",), ("It does not see gain and offset: a pale image correlates as well.",), ("correlation",),
    ),
    Family(
        "SCD", "Sum of the correlations of differences", "intensity",
        "What the fused image has beyond one source should be what the other source had to give.",
        ("SCD",), ("The sum of both sources has the best value, 2, however it looks.",),
    ),
    Family(
        "SF", "Spatial frequency", "edges", "Size of the differences between neighbouring pixels of the fused image.",
        ("SF", "Spatial_frequency"), (ALONE, "On levels of 0..255 or of 0..1."), ("spatial frequency",),
    ),
    Family(
        "AG", "Average gradient", "edges", "Mean size of the gradient of the fused image: sharpness.",
        ("AG", "Avg_gradient"), (ALONE, "Divided by MN or by (M-1)(N-1): .2 to .8 % apart."), ("average gradient",),
    ),
    Family(
        "EI", "Edge intensity", "edges", "Mean Sobel magnitude of the fused image.", ("Edge_intensity",), (ALONE,),
        ("edge intensity",),
    ),
    Family(
        "Qabf", "Edge transfer of Xydeas and Petrović", "edges",
        "How well strength and angle of the sources' edges are kept in the fused image, strong edges counting more.",
        ("Qabf", "Q_G"),
        (
            "Qabf is a ratio of sums over the image; Q_G has other sigmoids and is the mean over pixels of a ratio: "
            "they rank images differently.",
            "Levels must be 0..255; some codes that are given 0..1 print .003.",
        ),
        ("QG", "Q_AB/F"),
    ),
    Family(
        "Nabf", "Fusion artefacts", "edges",
        "Edges of the fused image that neither source has, as a share of all edges.",
        ("Nabf", "Nabf_fused_first"),
        (
            "Less is better; tables are found that mark the largest.",
            "Today's published code passes its arguments in another order than the function takes them.",
        ),
    ),
    Family(
        "Q_M", "Wavelet edge preservation", "edges",
        "How well the Haar coefficients of the sources are met by those of the fused image, over two levels.", ("Q_M",),
    ),
    Family(
        "Q_SF", "Spatial frequency error", "edges",
        "Spatial frequency of the fused image against that of the stronger source at every pixel.", ("Q_SF",),
        ("0 is best, not the largest value: above 0 the fused image has detail that no source has.",),
    ),
    Family(
        "Q_P", "Phase congruency", "edges",
        "How well the features (edges, corners) of the sources, found by phase congruency and so independent of "
        "contrast, are found in the fused image.",
        ("Q_P",), ("A fused image without any feature scores about 1, the best value.",), ("phase congruency",),
    ),
    Family(
        "SSIM", "Structural similarity", "structure",
        "Agreement of luminance, contrast and structure with each source, or the ideal image, in small windows.",
        ("SSIM", "Ssim"),
        (
            "The sum over both sources (best 2) or their mean (best 1).",
            "Windows (7x7 flat, 11x11 Gaussian), border and data range differ between libraries.",
            "In Tang's code of May 2022 the name SSIM means MEF-SSIM.",
        ),
    ),
    Family(
        "MEF_SSIM", "Structural similarity for multi-exposure fusion", "structure",
        "Similarity of each window to the best one that can be made from the sources: the strongest contrast and a "
        "structure that joins theirs. Luminance does not count.",
        ("MEF_SSIM", "MS_SSIM"), ("MS_SSIM of Tang's code is this index at three scales, not Wang's MS-SSIM.",),
        ("MEF-SSIM", "MS-SSIM"),
    ),
    Family(
        "Q_S", "Piella's fusion quality", "structure",
        "Similarity with both sources in small windows, each weighted by its share of the local variance; also "
        "weighted by salience (Q_W), and times the same of the edge images (Q_E).",
        ("Q_S", "Q_S_weighted", "Q_S_edge", "Q", "Q_W", "Q_E"),
        ("Liu's Q_S has SSIM in Gaussian windows where Piella's Q has the universal index in 8x8 windows.",),
        ("Piella", "QS", "QW", "QE"),
    ),
    Family(
        "Q_C", "Similarity by covariance (Cvejic)", "structure",
        "Similarity with both sources in small windows, each weighted by its covariance with the fused one.",
        ("Q_C",), ("It has no value where a window of the fused image is exactly flat.",), ("QC",),
    ),
    Family(
        "Q_Y", "Similarity to the better source (Yang)", "structure",
        "Similarity in small windows: to both sources where these agree, to the better one where they do not.",
        ("Q_Y",), ("It has no value where both sources are flat in the same window.",), ("QY",),
    ),
    Family(
        "VIF", "Visual information fidelity", "perception",
        "How much of the information that an eye could take from the sources can still be taken from the fused image.",
        ("VIF", "VIFF"),
        (
            "VIFF in the code and tables of FILM and CDDFuse is a sum of two VIFp; the VIFF of Han et al. 2013 is "
            "another quantity with other values.",
            "Noise variances are meant for levels of 0..255.",
        ),
        ("VIFp", "visual information fidelity"),
    ),
    Family(
        "Q_CB", "Contrast preservation (Chen and Blum)", "perception",
        "How much of the sources' local contrast, as the eye sees it, the fused image keeps.", ("Q_CB", "Qcb"),
    ),
    Family(
        "Q_CV", "Perceived error by regions (Chen and Varshney)", "perception",
        "Error against the sources as the eye sees it, weighted by how salient each region of a source is.",
        ("Q_CV", "Qcv"), ("Less is better.", "One region with strong edges can decide it: weights are fifth powers."),
    ),
)  # fmt: skip


def families() -> list[Family]:
    """List all families; a metric of another package that belongs to none makes its own."""
    names = {name for family in FAMILIES for name in family.names}
    rest: dict[str, str] = {}
    for metric in METRICS.values():
        if metric.name not in names:
            rest.setdefault(metric.name, metric.summary)
    own = [Family(name, name, "other", summary, (name,)) for name, summary in rest.items()]
    return [family for family in FAMILIES if family.metrics] + own
