"""The data sets with boxes or masks, on which detectors and segmenters are measured: a part of the catalogue."""

from __future__ import annotations

from dataclasses import replace

from .annotations import YOLO_BESIDE, LabelFiles
from .spec import DatasetSpec, Layout, Pin, Tree, two_folders

_DAY_AND_NIGHT = (("day", ".*D"), ("night", ".*N"))

# 0, what nobody has labelled, is a class there, which tables count as the "background".
_MFNET = ("background", "car", "person", "bike", "curve", "car_stop", "guardrail", "color_cone", "bump")
# 0 is void: nobody has labelled it, and the fourteen classes begin at 1.
_FMB = (
    "unlabelled", "Road", "Sidewalk", "Building", "Lamp", "Sign", "Vegetation", "Sky", "Person", "Car", "Truck", "Bus",
    "Motorcycle", "Bicycle", "Pole",
)  # fmt: skip
_MVSEG = (
    "background", "Car", "Bus", "Motorcycle", "Bicycle", "Pedestrian", "Motorcyclist", "Bicyclist", "Cart", "Bench",
    "Umbrella", "Box", "Pole", "Street_lamp", "Traffic_light", "Traffic_sign", "Car_stop", "Color_cone", "Sky", "Road",
    "Sidewalk", "Curb", "Vegetation", "Terrain", "Building", "Ground",
)  # fmt: skip
_FLIR = ("person", "car", "bicycle", "dog")  # too few dogs are there for a measure: papers leave them out
_M3FD = ("People", "Car", "Bus", "Motorcycle", "Lamp", "Truck")


def _beside(folder: str) -> tuple[str, ...]:
    """Lay a folder of annotations out in each of the usual ways, as `two_folders` does."""
    return f"{{split}}/{folder}/{{name}}", f"{folder}/{{split}}/{{name}}", f"{folder}/{{name}}"


SAMPLE_CLASSES = ("sky", "ground", "person", "car", "building", "vegetation", "pole")
SAMPLE_BOXED = ("person", "car")
SAMPLE_LABELS = (
    LabelFiles("boxes", "voc", ("IVF/Annotations/{name}",), SAMPLE_BOXED),
    LabelFiles("masks", "png", ("IVF/Labels/{name}",), SAMPLE_CLASSES),
)

_MSRS_PIN = Pin(
    "Linfeng-Tang/MSRS",
    "2052589d3a714d0285c8792e24d2db290d84b6ea",
    (Tree("test/ir"), Tree("test/vi"), Tree("train/ir"), Tree("train/vi")),
)
# fmt: off
_MSRS_SET = DatasetSpec(
    "MSRS", "IVF", "road scenes by day (D) and night (N), 480x640, from MFNet; masks", ("infrared", "visible"), "b",
    folders=("MSRS-main", "MSRS-master"),
    pairs="1444 (1083 train, 361 test)", home="https://github.com/Linfeng-Tang/MSRS",
    citation="L. Tang, J. Yuan, H. Zhang, X. Jiang, J. Ma: PIAFusion: A Progressive Infrared and Visible Image "
             "Fusion Network Based on Illumination Aware, Information Fusion 83-84, 2022",
    doi="10.1016/j.inffus.2022.03.007",
    obtain="git clone https://github.com/Linfeng-Tang/MSRS into the data folder; masks in test/Segmentation_labels are "
           "not a part of the commit that is fetched",
    pin=_MSRS_PIN,
    labels=(
        LabelFiles("masks", "png", _beside("(Segmentation_labels|labels?)"), _MFNET),
        LabelFiles("boxes", "yolo", _beside("labels?"), ("person", "bicycle", "car")),
    ),
    groups=_DAY_AND_NIGHT,
)
_M3FD_SET = DatasetSpec(
    "M3FD", "IVF", "campus, roads and holiday resorts, 768x1024; boxes", ("infrared", "visible"), "b",
    folders=("M3FD/M3FD_Fusion", "M3FD_Fusion", "M3FD/M3FD_Detection", "M3FD_Detection"),
    pairs="300 for fusion, 4200 for detection", home="https://github.com/JinyuanLiu-CV/TarDAL",
    citation="J. Liu, X. Fan, Z. Huang, G. Wu, R. Liu, W. Zhong, Z. Luo: Target-aware Dual Adversarial Learning "
             "and a Multi-scenario Multi-Modality Benchmark to Fuse Infrared and Visible for Object Detection, "
             "CVPR 2022",
    doi="10.1109/CVPR52688.2022.00571",
    obtain="download M3FD_Fusion by the links on https://github.com/JinyuanLiu-CV/TarDAL (folders Ir and Vis)",
    labels=(
        LabelFiles("boxes", "voc", _beside("annotations?"), _M3FD),
        LabelFiles("boxes", "yolo", _beside("labels?"), _M3FD),
        LabelFiles("boxes", "coco", ("(annotations?|meta)/{name}", "{name}"), _M3FD),
    ),
)
LABELLED = (
    _MSRS_SET,
    replace(
        _MSRS_SET, name="MSRS-detection", title="80 pairs of MSRS with boxes of people, bicycles and cars", pairs="80",
        folders=("MSRS/detection", "MSRS-main/detection", "MSRS-master/detection"),
        obtain="git clone https://github.com/Linfeng-Tang/MSRS into the data folder: they are its folder detection",
        pin=replace(_MSRS_PIN, trees=(Tree("ir"), Tree("vi"), Tree("labels")), base="detection"), groups=(),
    ),
    _M3FD_SET,
    replace(
        _M3FD_SET, name="M3FD-detection", title="the pairs of M3FD with boxes of six classes, 768x1024", pairs="4200",
        folders=("M3FD/M3FD_Detection", "M3FD_Detection"),
        obtain="download M3FD_Detection by the links on https://github.com/JinyuanLiu-CV/TarDAL (folders Ir, Vis and "
               "Annotation); no split is published: papers cut their own",
    ),
    DatasetSpec(
        "LLVIP", "IVF", "streets in low light with boxes of pedestrians, 1024x1280", ("infrared", "visible"), "b",
        pairs="15488 (12025 train, 3463 test)", home="https://bupt-ai-cz.github.io/LLVIP/",
        licence="non-commercial terms of use, see the home page",
        citation="X. Jia, C. Zhu, M. Li, W. Tang, W. Zhou: LLVIP: A Visible-infrared Paired Dataset for Low-light "
                 "Vision, ICCV Workshops 2021",
        doi="10.1109/ICCVW54120.2021.00389",
        obtain="download it by the links on https://bupt-ai-cz.github.io/LLVIP/ (folders infrared and visible)",
        labels=(
            LabelFiles("boxes", "voc", _beside("annotations?"), ("person",)),
            LabelFiles("boxes", "yolo", _beside("labels?"), ("person",)),
            LabelFiles("boxes", "coco", ("(annotations?|meta)/{name}", "{name}"), ("person",)),
        ),
    ),
    DatasetSpec(
        "FMB", "IVF", "roads, campus and parks with masks of 14 classes, 600x800", ("infrared", "visible"), "b",
        layouts=two_folders("infrared", "visible"), folders=("FMB_dataset", "FMB-dataset"),
        pairs="1500 (1220 train, 280 test)", home="https://github.com/JinyuanLiu-CV/SegMiF",
        citation="J. Liu, Z. Liu, G. Wu, L. Ma, R. Liu, W. Zhong, Z. Luo, X. Fan: Multi-interactive Feature Learning "
                 "and a Full-time Multi-modality Benchmark for Image Fusion and Segmentation, ICCV 2023",
        doi="10.1109/ICCV51070.2023.00745",
        obtain="download it by the links on https://github.com/JinyuanLiu-CV/SegMiF (folders Infrared, Visible and "
               "Label in train and test; those in color are for the eye)",
        labels=(LabelFiles("masks", "png", _beside("labels?"), _FMB, void=(0,)),),
    ),
    DatasetSpec(
        "MFNet", "IVF", "streets by day (D) and night (N) with masks, 480x640, one file of four channels a pair",
        ("infrared", "visible"), "b",
        layouts=two_folders("(th|thermal|ir|infrared|modal_?x?)", "(rgb|vi|vis|visible)"),
        folders=("ir_seg_dataset", "MFNet/ir_seg_dataset", "MF_dataset"),
        pairs="1569 (784 train, 392 val, 393 test)",
        home="https://www.mi.t.u-tokyo.ac.jp/static/projects/mil_multispectral/",
        citation="Q. Ha, K. Watanabe, T. Karasawa, Y. Ushiku, T. Harada: MFNet: Towards Real-time Semantic "
                 "Segmentation for Autonomous Vehicles with Multi-spectral Scenes, IROS 2017",
        doi="10.1109/IROS.2017.8206396",
        obtain="download ir_seg_dataset from https://www.mi.t.u-tokyo.ac.jp/static/projects/mil_multispectral/, and "
               "say --rgbt for its folder images, whose files have four channels",
        labels=(LabelFiles("masks", "png", _beside("(labels?|annotations?)"), _MFNET),),
        groups=_DAY_AND_NIGHT,
    ),
    DatasetSpec(
        "MVSeg", "IVF", "frames of 738 videos with masks of 26 classes, by day and night", ("infrared", "visible"), "b",
        layouts=(Layout("(?P<any0>.+)/infrared/{name}i", "(?P<any0>.+)/visible/{name}v"),),
        folders=("MVSeg_Dataset/data", "MVSeg/data", "MVSeg_Dataset"),
        pairs="3545 with masks", home="https://github.com/jiwei0921/MVSS-Baseline",
        citation="W. Ji, J. Li, C. Bian, Z. Zhou, J. Zhao, A. Yuille, L. Cheng: Multispectral Video Semantic "
                 "Segmentation: A Benchmark Dataset and Baseline, CVPR 2023",
        doi="10.1109/CVPR52729.2023.00112",
        obtain="download it by the links on https://github.com/jiwei0921/MVSS-Baseline (in data, a folder for each "
               "video with infrared, visible and label; frames without a mask have none)",
        labels=(LabelFiles("masks", "png", ("(?P<any0>.+)/label/{name}l",), _MVSEG),),
    ),
    DatasetSpec(
        "FLIR-aligned", "IVF", "roads by day and night with boxes, 512x640", ("infrared", "visible"), "b",
        layouts=(Layout("JPEGImages/{name}_PreviewData", "JPEGImages/{name}_RGB"),),
        folders=("align", "FLIR_aligned", "FLIR_align", "FLIR-align", "FLIR/align", "FLIR-align-3class"),
        pairs="5142 (4129 train, 1013 validation)",
        home="https://shihan-ma.github.io/posts/2021-04-15-FLIR_aligned",
        licence="the terms of the FLIR ADAS data set",
        citation="H. Zhang, E. Fromont, S. Lefèvre, B. Avignon: Multispectral Fusion for Object Detection with Cyclic "
                 "Fuse-and-Refine Blocks, ICIP 2020",
        doi="10.1109/ICIP40778.2020.9191080",
        obtain="download it by the link on https://shihan-ma.github.io/posts/2021-04-15-FLIR_aligned (folders "
               "JPEGImages and Annotations); its test pairs are --split align_validation",
        labels=(
            LabelFiles("boxes", "voc", ("annotations?/{name}_PreviewData",), _FLIR, ignored=("dog",)),
            LabelFiles("boxes", "coco", ("(annotations?|meta)/{name}", "{name}"), _FLIR, ignored=("dog",)),
            LabelFiles("boxes", "yolo", (*_beside("labels?"), *YOLO_BESIDE), _FLIR, ignored=("dog",)),
        ),
    ),
)
# fmt: on
