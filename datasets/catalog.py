"""The data sets that are known by name. To add one, add an entry."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from ..errors import InputError, one_line, unknown
from .finding.folders import is_there
from .finding.names import fold
from .labelled import LABELLED, SAMPLE_LABELS
from .pair import Pair
from .spec import SPLITS, DatasetSpec, Layout, NamedSplit, Pin, Tree, two_folders

GROUP = "fusionbench.datasets"
_LISTS = Path(__file__).parent / "data"
_ATLAS = (
    "K. A. Johnson, J. A. Becker: The Whole Brain Atlas, Harvard Medical School, https://www.med.harvard.edu/aanlib/"
)
_HARVARD_PAIRS = "https://github.com/xianming-gu/Havard-Medical-Image-Fusion-Datasets"


def _sample() -> Iterable[Pair]:
    from .sample import pairs

    return pairs()


def _harvard(other: str, colour: bool, title: str) -> DatasetSpec:
    return DatasetSpec(
        f"Harvard-MRI-{other}", "MIF", title, ("MRI", other), "b" if colour else "none",
        layouts=two_folders("(mri|mr)", f"({other})"),
        folders=(f"Harvard/MRI-{other}", f"Harvard/{other}-MRI", f"MRI-{other}", f"{other}-MRI",
                 f"Havard-Medical-Image-Fusion-Datasets-main/{other}-MRI",
                 f"Havard-Medical-Image-Fusion-Datasets/{other}-MRI"),
        licence="not stated; the images belong to the Whole Brain Atlas", citation=_ATLAS,
        home="https://www.med.harvard.edu/aanlib/",
        obtain=f"registered pairs are collected at {_HARVARD_PAIRS}: put its folder {other}-MRI into the data folder",
        pin=Pin("xianming-gu/Havard-Medical-Image-Fusion-Datasets", "efa50b7a617bacf2ff29dd7651171c286cec5727",
                (Tree("MRI"), Tree(other)), base=f"{other}-MRI"),
    )  # fmt: skip


# fmt: off
_BUILT_IN = (
    DatasetSpec(
        "sample", "mixed", "synthetic pairs for all four tasks, made on this machine: for demos and tests only",
        ("a", "b"), "both", pairs="12", licence="CC0 photographs and computed scenes", make=_sample,
        citation="fusionbench; photographs: see fusionbench.datasets.sample",
        obtain="nothing to get: it is computed at first use and kept in the cache folder",
        labels=SAMPLE_LABELS, groups=(("night", "night-.*"), ("day", "day-.*")),
    ),
    DatasetSpec(
        "RoadScene", "IVF", "roads, cars and pedestrians, cut from the FLIR video", ("infrared", "visible"), "b",
        layouts=(Layout("cropinfrared/{name}", "crop_LR_visible/{name}"),
                 Layout("cropinfrared/{name}", "crop_HR_visible/{name}")),
        folders=("RoadScene-master", "road-scene-infrared-visible-images", "road-scene-infrared-visible-images-master"),
        pairs="221", home="https://github.com/hanna-xu/RoadScene", doi="10.1109/TPAMI.2020.3012548",
        citation="H. Xu, J. Ma, J. Jiang, X. Guo, H. Ling: U2Fusion: A Unified Unsupervised Image Fusion Network, "
                 "IEEE TPAMI 44(1), 2022",
        obtain="git clone https://github.com/hanna-xu/RoadScene into the data folder; names in a test.txt beside its "
               "folders, one a line, are the default split in place of film50",
        pin=Pin("hanna-xu/RoadScene", "ab71420f8fc96396eeb97eecf3694909b3feb656",
                (Tree("cropinfrared", "6f21b48b31c3fc05e74b5537d462ea8ad1344c72"),
                 Tree("crop_LR_visible", "c5949b48929068109679f968aba946ab2ae4837d")), size="9.3 MB of 67 MB"),
        splits=(NamedSplit("film50", _LISTS / "RoadScene-film50.txt", "FILM and CDDFuse",
                           "https://github.com/Zhaozixiang1228/MMIF-CDDFuse",
                           "f5627044488b24334e9ad9556659472a4885525a509e26bf0abbb61a556c2794", default=True),),
    ),
    DatasetSpec(
        "TNO", "IVF", "military and surveillance scenes, by day and night", ("infrared", "visible"), "none",
        layouts=(Layout("ir{name}", "vis{name}"), Layout("{name}_ir", "{name}_vi(s)?")),
        folders=("TNO_Image_Fusion_Dataset",),
        pairs="usually 20 to 42 of the collection", home="https://doi.org/10.6084/m9.figshare.1008029",
        licence="see the figshare page", doi="10.1016/j.dib.2017.09.038",
        citation="A. Toet: The TNO Multiband Image Data Collection, Data in Brief 15, 2017",
        obtain="download it from https://doi.org/10.6084/m9.figshare.1008029 and sort the registered pairs that you "
               "test on into folders ir and vi",
        pin=Pin("Linfeng-Tang/Evaluation-for-Image-Fusion", "0e87153be77320e31ef2cabb5820518d2ac56bac",
                (Tree("ir", "41a84afb24f260b7fbe9393fe9d2038c77845b3d"),
                 Tree("vi", "168ae36d23c19069a87cf4ac7d5b903ec807a384")), base="Image/Source-Image/TNO", size="20 MB"),
        splits=(NamedSplit("tang42", _LISTS / "TNO-tang42.txt", "Tang's evaluation",
                           "https://github.com/Linfeng-Tang/Evaluation-for-Image-Fusion",
                           "3e9b250236cfbde4e79a6da461e3d45c8ebb1a68961924245acc7549f26e2ee5"),),
    ),
    *LABELLED,
    DatasetSpec(
        "VIFB", "IVF", "the 21 pairs of the VIFB benchmark, many sources and sizes", ("infrared", "visible"), "b",
        layouts=(Layout("input/ir/{name}", "input/vi/{name}"),), folders=("VIFB-master", "VIFB-main"),
        pairs="21", home="https://github.com/xingchenzhang/VIFB",
        citation="X. Zhang, P. Ye, G. Xiao: VIFB: A Visible and Infrared Image Fusion Benchmark, CVPR Workshops 2020",
        doi="10.1109/CVPRW50498.2020.00060",
        obtain="git clone https://github.com/xingchenzhang/VIFB into the data folder",
        pin=Pin("xingchenzhang/VIFB", "22b2ea9d91499cc5962d9bdcae9c290270f0fade",
                (Tree("input/IR", "9fcd9faa8581e82913c4aee50b2fb9b51298e97f"),
                 Tree("input/VI", "e3b563147c32c13f9971a850e59da5a3b1789704")), size="1 MB"),
        splits=(NamedSplit("21", _LISTS / "VIFB-21.txt", "VIFB", "https://github.com/xingchenzhang/VIFB",
                           "4bc231452fc39c554636589c85924863e38a85235dedcd9168a07eab8921d167"),),
    ),
    _harvard("CT", False, "brain slices, MRI and CT, 256x256"),
    _harvard("PET", True, "brain slices, MRI and PET in pseudo-colour, 256x256"),
    _harvard("SPECT", True, "brain slices, MRI and SPECT in pseudo-colour, 256x256"),
    DatasetSpec(
        "Lytro", "MFF", "scenes of a light-field camera, focused near and far, 520x520", ("near focus", "far focus"),
        "both",
        layouts=(Layout("{name}-a", "{name}-b"), Layout("a/{name}-a", "b/{name}-b"),
                 Layout("near/{name}-a", "far/{name}-b")),
        folders=("LytroDataset", "Lytro-dataset"),
        pairs="20", home="https://mansournejati.ece.iut.ac.ir/content/lytro-multi-focus-dataset",
        citation="M. Nejati, S. Samavi, S. Shirani: Multi-focus Image Fusion Using Dictionary-based Sparse "
                 "Representation, Information Fusion 25, 2015",
        doi="10.1016/j.inffus.2014.10.004",
        obtain="download it from https://mansournejati.ece.iut.ac.ir/content/lytro-multi-focus-dataset "
               "(lytro-01-A.jpg, lytro-01-B.jpg, ... in one folder)",
        splits=(NamedSplit("20", _LISTS / "Lytro-20.txt", "Nejati",
                           "https://mansournejati.ece.iut.ac.ir/content/lytro-multi-focus-dataset",
                           "9409577de75cb1c832418f96141a9c9029da03af934ee383819aafaca4304075"),),
    ),
    DatasetSpec(
        "RealMFF", "MFF", "light-field scenes with ideal fused images", ("near focus", "far focus"), "both",
        layouts=(Layout("imagea/{name}_a", "imageb/{name}_b", "fusion/{name}_f"),
                 Layout("near/{name}_a", "far/{name}_b")),
        folders=("Real-MFF",), pairs="710", home="https://github.com/Zancelot/Real-MFF",
        citation="J. Zhang, Q. Liao, S. Liu, H. Ma, W. Yang, J.-H. Xue: Real-MFF: A Large Realistic Multi-focus Image "
                 "Dataset with Ground Truth, Pattern Recognition Letters 138, 2020",
        doi="10.1016/j.patrec.2020.08.002",
        obtain="download it by the links on https://github.com/Zancelot/Real-MFF (folders imageA, imageB, Fusion)",
    ),
    DatasetSpec(
        "MFI-WHU", "MFF", "photographs with decision-map defocus and ideal fused images", ("near focus", "far focus"),
        "both",
        layouts=(*two_folders("source_1", "source_2", "full_clear"),
                 Layout("mfi-whu/source_1/{name}", "mfi-whu/source_2/{name}", "mfi-whu/full_clear/{name}")),
        folders=("MFI-WHU-master", "MFI-WHU-main"),
        pairs="120", home="https://github.com/HaoZhang1018/MFI-WHU",
        citation="H. Zhang, Z. Le, Z. Shao, H. Xu, J. Ma: MFF-GAN: An Unsupervised Generative Adversarial Network with "
                 "Adaptive and Gradient Joint Constraints for Multi-focus Image Fusion, Information Fusion 66, 2021",
        doi="10.1016/j.inffus.2020.08.022",
        obtain="unpack MFI-WHU.zip of https://github.com/HaoZhang1018/MFI-WHU in the data folder",
        pin=Pin("HaoZhang1018/MFI-WHU", "5bea86f4a5acf07a82496271dca0dd2f865648b2", (Tree("MFI-WHU.zip"),)),
    ),
    DatasetSpec(
        "SICE", "MEF", "high-resolution exposure sequences; pairs of an over- and an under-exposed frame",
        ("over-exposed", "under-exposed"), "both",
        pairs="589 sequences", home="https://github.com/csjcai/SICE",
        citation="J. Cai, S. Gu, L. Zhang: Learning a Deep Single Image Contrast Enhancer from Multi-Exposure Images, "
                 "IEEE TIP 27(4), 2018",
        doi="10.1109/TIP.2018.2794218",
        obtain="download the sequences by the links on https://github.com/csjcai/SICE and sort the frames that you "
               "test on into folders over and under",
    ),
    DatasetSpec(
        "MEFB", "MEF", "the 100 pairs of the MEFB benchmark", ("over-exposed", "under-exposed"), "both",
        layouts=(Layout("input/{name}/{name}_a", "input/{name}/{name}_b"), Layout("{name}/{name}_a", "{name}/{name}_b"),
                 Layout("{name}_a", "{name}_b")),
        folders=("MEFB-main", "MEFB-master", "MEFB1"), pairs="100", home="https://github.com/xingchenzhang/MEFB",
        citation="X. Zhang: Benchmarking and Comparing Multi-exposure Image Fusion Algorithms, Information Fusion 74, "
                 "2021",
        doi="10.1016/j.inffus.2021.02.005",
        obtain="git clone https://github.com/xingchenzhang/MEFB into the data folder (A and B are taken as they are "
               "named there)",
        pin=Pin("xingchenzhang/MEFB", "92688fcb293f41b6ab85dbff27e493d1c7a11cde", (Tree("input"),)),
    ),
    DatasetSpec(
        "MEF", "MEF", "brightest and darkest frame of public exposure sequences", ("over-exposed", "under-exposed"),
        "both", pairs="depends on the collection",
        citation="K. Ma, K. Zeng, Z. Wang: Perceptual Quality Assessment for Multi-Exposure Image Fusion, IEEE TIP "
                 "24(11), 2015 (most of the sequences)",
        doi="10.1109/TIP.2015.2442920",
        obtain="put the brightest frame of each sequence into MEF/over and the darkest into MEF/under",
    ),
)
# fmt: on


def list_datasets() -> list[DatasetSpec]:
    """List the data sets known by name: the built-in ones, then those of other packages."""
    specs = list(_BUILT_IN)
    for point in _plugins():
        try:
            specs.append(_load(point))
        except InputError as error:
            warnings.warn(str(error), stacklevel=2)
    return specs


def get_spec(name: str) -> DatasetSpec:
    """Find an entry of the catalogue, without regard to case and to "-", "_" and blanks.

    Raises
    ------
    InputError
        If there is none, with the nearest name that there is.
    """
    spec = find_spec(name)
    if spec is None:
        raise unknown("data set", name, [*(spec.name for spec in _BUILT_IN), *(point.name for point in _plugins())])
    return spec


def find_spec(name: str) -> DatasetSpec | None:
    """Find an entry of the catalogue, by its name or that of one of its lists, as in TNO/tang42; or None."""
    name = parse_name(name)[0]
    for spec in _BUILT_IN:
        if fold(spec.name) == fold(name):
            return spec
    for point in _plugins():
        if fold(point.name) == fold(name):
            return _load(point)
    return None


def parse_name(name: str) -> tuple[str, str | None]:
    """Tell the list of pairs in the name of a data set: "TNO/tang42" is ("TNO", "tang42"); a folder is no such name.

    Raises
    ------
    InputError
        The data set is known, but not the list.
    """
    dataset, slash, part = name.partition("/")
    if not slash or not part or "/" in part or is_there(Path(name)):
        return name, None
    spec = find_spec(dataset)
    if spec is None:
        return name, None
    known = [*(split.name for split in spec.splits), *SPLITS, "all"]
    if part.casefold() not in known:
        raise unknown(f"list of pairs of {spec.name}", part, known)
    return spec.name, part.casefold()


def _plugins() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


@cache
def _load(point: EntryPoint) -> DatasetSpec:
    """Load another package's entry: a `DatasetSpec`, or a function without arguments that gives one."""
    origin = f"data set {point.name!r} of the package {point.dist.name if point.dist else point.value!r}"
    try:
        value = point.load()
        spec = value if isinstance(value, DatasetSpec) else value()
    except (Exception, SystemExit) as error:  # it is not our code
        raise InputError(f"the {origin} cannot be loaded: {one_line(error)}") from error
    if not isinstance(spec, DatasetSpec):
        raise InputError(f"the {origin} cannot be loaded: it gives a {type(spec).__name__}, not a DatasetSpec")
    return spec
