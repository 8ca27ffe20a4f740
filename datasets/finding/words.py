"""The words by which the files of one source are told from those of the other, in names of folders and of images."""

from __future__ import annotations

from ..pair import Task

WORDS: dict[Task, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "IVF": (
        ("ir", "infrared", "inf", "thermal", "therm", "th", "tir", "lwir", "mwir", "swir", "nir", "fir", "红外"),
        ("vi", "vis", "visible", "visual", "viz", "rgb", "color", "colour", "可见光"),
    ),
    "MIF": (("mri", "mr"), ("ct", "pet", "spect", "t")),
    "MEF": (
        ("over", "overexposed", "over_exposed", "overexposure", "oe", "high", "bright"),
        ("under", "underexposed", "under_exposed", "underexposure", "ue", "low", "dark"),
    ),
    "MFF": (
        ("near", "a", "imagea", "source1", "source_1", "near_focus", "foreground"),
        ("far", "b", "imageb", "source2", "source_2", "far_focus", "background"),
    ),
}
TRUTH = ("gt", "truth", "label", "fusion", "full_clear", "all_in_focus", "f")
FUSED = (
    "fused", "fuse", "fusion", "f", "result", "results", "res", "out", "output", "pred", "prediction", "image", "img",
    "gray", "grey", "rgb", "color", "colour",
)  # fmt: skip
EVERY = tuple(dict.fromkeys(word for sides in WORDS.values() for words in sides for word in words))
