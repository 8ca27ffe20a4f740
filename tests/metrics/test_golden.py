"""Every row of the golden files: published values, and reference runs of the published code, on real images.

`python -m pytest tests/metrics/test_golden.py -s -q` prints the largest difference of each metric@convention.
To add a file, add a row to FILES.
"""

from __future__ import annotations

import csv  # not pandas: the lowest version that is allowed warns where it is imported, which fails a test
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import isnan
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from fusionbench.metrics import evaluate, prepare


@dataclass(frozen=True)
class Rule:
    """When a value counts as met; `words` says it in the table."""

    words: str
    met: Callable[[float, float], bool]


def relative(tolerance: float) -> Rule:
    return Rule(f"relative {tolerance:g}", lambda got, want: abs(got - want) <= tolerance * abs(want))


def digits(count: int) -> Rule:
    return Rule(f"{count} digits", lambda got, want: f"{got:.{count}g}" == f"{want:.{count}g}")


Rerun = Callable[[list[np.ndarray], type[np.floating]], float]  # fused, ir, vi and the precision -> value


def skimage_range_2(images: list[np.ndarray], precision: type[np.floating]) -> float:
    """CDDFuse's SSIM: a stabilising constant of 0.0036 under variances of 0..16384 leaves float32 four digits."""
    gray = [x if x.ndim == 2 else cv2.cvtColor(x.astype(np.float32), cv2.COLOR_RGB2GRAY).round() for x in images]
    fused, ir, vi = (image.astype(precision) for image in gray)
    return float(sum(structural_similarity(fused, source, data_range=2) for source in (ir, vi)))


@dataclass(frozen=True)
class GoldenFile:
    """How the rows of one file are scored and compared.

    A row's metric X is the key X@`convention`, unless `keys` names another one; `rules` holds the exceptions
    from `rule`, by the file's metric name; `left_out` names metrics of the file that are not ours, with the reason.
    `reruns` is for values that single precision decides: a run of the code that made the file, whose float32 result
    must meet the file's value and whose float64 result must meet ours. `undefined` holds (pair, metric) where the file
    has what rounding noise gave for 0/0: there we must say that there is no value.
    """

    name: str
    protocol: str
    rule: Rule
    convention: str = ""  # the protocol's name by default
    keys: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    reruns: dict[str, Rerun] = field(default_factory=dict)
    undefined: frozenset[tuple[str, str]] = frozenset()
    first: str = "ir"  # which source is a

    def key(self, metric: str) -> str:
        return self.keys.get(metric, f"{metric}@{self.convention or self.protocol}")


TANG = {
    "Nabf(as called)": "Nabf@tang",
    "Nabf(fused first)": "Nabf_fused_first@tang",
    "MEF_SSIM(5d6c43a SSIM)": "MEF_SSIM@tang",
    "FMI_pixel(edge)": "FMI_pixel@tang",
    "FMI_pixel(edge,matlab-like thinning)": "FMI_pixel@tang-directed",
    "FMI_w(dmey62)": "FMI_w@tang",
}

FILES = [
    GoldenFile(
        "film_python.csv",
        "film",
        relative(1e-6),
        keys={"SSIM@dr2": "SSIM@dr2"},
        rules={"SSIM@dr2": Rule("float64 rerun 1e-9", lambda got, want: abs(got - want) <= 1e-9)},
        reruns={"SSIM@dr2": skimage_range_2},
    ),
    GoldenFile("vifb_published.csv", "vifb", digits(5), first="vi"),
    GoldenFile(
        "vifb_octave.csv",
        "vifb",
        relative(1e-10),
        rules=dict.fromkeys(("Cross_entropy", "Mutinf"), relative(1e-9)),
        first="vi",
    ),
    GoldenFile("tang2022_published.csv", "tang2022", relative(1e-9), rules={"VIF": relative(1e-6)}),
    GoldenFile("tang_octave.csv", "tang", relative(1e-9), rules={"VIF": relative(1e-6)}),
    GoldenFile(
        "tang_extra_octave.csv",
        "tang",
        relative(1e-9),
        keys=TANG,
        rules={"SSIM": relative(1e-6), "FMI_pixel(edge)": relative(1e-3)},
    ),
    GoldenFile(
        "tang_extra_python.csv",
        "tang",
        relative(1e-9),
        keys=TANG,
        rules={"SSIM": relative(1e-6)},
        left_out={"FMI_w(dmey102)": "a table of 102 taps that is not checked against MATLAB; ours is PyWavelets'"},
    ),
    GoldenFile(
        "liu_octave.csv",
        "liu",
        relative(1e-9),
        keys={
            "Q_TE_Nava(sw3)": "Q_TE@liu",
            "Q_TE_Cvejic(sw2)": "Q_TE_Cvejic@liu",
            "Q_S(sw1)": "Q_S@liu",
            "Q_S(sw2,weighted)": "Q_S_weighted@liu",
            "Q_S(sw3,edge)": "Q_S_edge@liu",
            "Q_C(sw2)": "Q_C@liu",
        },
        rules=dict.fromkeys(("Q_S(sw1)", "Q_S(sw2,weighted)", "Q_S(sw3,edge)"), relative(1e-5)),
        undefined=frozenset({("carShadow", "Q_C(sw2)"), ("carShadow", "Q_Y")}),
    ),
]

FOLDERS = {"VIFB": ("data/VIFB/IR", "data/VIFB/VI"), "TNO": ("data/TNO/ir", "data/TNO/vi")}


class Row(NamedTuple):
    dataset: str
    pair: str
    method: str
    metric: str
    value: float


class Difference(NamedTuple):
    file: str
    key: str  # metric@convention
    rule: str
    relative: float
    absolute: float
    missed: bool


DIFFERENCES: list[Difference] = []  # of each row, for the table


@cache
def read(folder: Path, stem: str) -> np.ndarray:
    """Decode by content; RGB, or one channel where the file has one."""
    found = [path for path in folder.iterdir() if path.stem == stem]
    assert len(found) == 1, f"{len(found)} files {stem}.* in {folder}"
    image = cv2.imread(str(found[0]), cv2.IMREAD_UNCHANGED)
    assert image is not None, f"{found[0]} cannot be decoded"
    assert image.dtype == np.uint8
    return image if image.ndim == 2 else np.ascontiguousarray(image[..., 2::-1])


def crop(image: np.ndarray, size: int) -> np.ndarray:
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    return np.ascontiguousarray(image[top : top + size, left : left + size])


def triple(shared: Path, dataset: str, pair: str, method: str) -> list[np.ndarray]:
    """Fused, infrared, visible."""
    name, _, size = dataset.partition("-crop")
    folders = [shared / "fused" / name / method, *(shared / folder for folder in FOLDERS[name])]
    images = [read(folder, pair) for folder in folders]
    return [crop(image, int(size)) for image in images] if size else images


def rows_of(path: Path) -> Iterator[Row]:
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            yield Row(row["dataset"], row["pair"], row["method"], row["metric"], float(row["value"]))


def score(shared: Path, golden: GoldenFile, rows: list[Row]) -> Iterator[tuple[Row, float, float]]:
    """Row, our value, and the value that ours must meet.

    Each fused image is scored once, in all the metrics that the file holds for it, the sources once per pair.
    """
    pairs: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        pairs[row.dataset, row.pair][row.method].append(row)
    for (dataset, pair), methods in pairs.items():
        sources = None
        for method, wanted in methods.items():
            fused, ir, vi = triple(shared, dataset, pair, method)
            sources = sources or (prepare(ir, vi) if golden.first == "ir" else prepare(vi, ir))
            keys = list(dict.fromkeys(golden.key(row.metric) for row in wanted))
            scores = evaluate(fused, sources, protocol=golden.protocol, metrics=keys)
            values = dict(zip(keys, scores.values(), strict=True))
            for row in wanted:
                yield row, values[golden.key(row.metric)], target(golden, row, [fused, ir, vi])


def target(golden: GoldenFile, row: Row, images: list[np.ndarray]) -> float:
    """The file's value, or that of a rerun in double precision once the rerun in single precision meets the file."""
    if row.metric not in golden.reruns:
        return row.value
    rerun = golden.reruns[row.metric]
    assert rerun(images, np.float32) == pytest.approx(row.value, rel=1e-6), f"the rerun misses {row}"
    return rerun(images, np.float64)


@pytest.fixture(scope="module", autouse=True)
def _print_table() -> Iterator[None]:
    yield
    groups: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
    for difference in DIFFERENCES:
        groups[difference.file, difference.key, difference.rule].append(difference)
    if groups:
        print(f"\n\nlargest difference per metric@convention\n\n{'rows':>71} relative absolute missed")
    for (file, key, rule), rows in groups.items():
        relative, absolute = max(row.relative for row in rows), max(row.absolute for row in rows)
        missed = sum(row.missed for row in rows)
        print(f"{file:24}{key:24}{rule:18}{len(rows):5}{relative:9.1e}{absolute:9.1e}{missed:7}")


@pytest.mark.slow
@pytest.mark.parametrize("golden", FILES, ids=lambda golden: golden.name)
def test_golden_file(shared: Path, golden: GoldenFile) -> None:
    rows = list(rows_of(shared / "golden" / golden.name))
    known = [row for row in rows if row.metric not in golden.left_out]
    assert known, "the file has no rows"
    missed = []
    for row, got, want in score(shared, golden, known):
        if (row.pair, row.metric) in golden.undefined:
            assert isnan(got), f"{row.pair} {row.metric}: {got!r} where the definition gives no value"
            continue
        rule, absolute = golden.rules.get(row.metric, golden.rule), abs(got - want)
        met = not isnan(got) and rule.met(got, want)
        share = absolute / abs(want) if want else absolute
        DIFFERENCES.append(Difference(golden.name, golden.key(row.metric), rule.words, share, absolute, not met))
        if not met:
            missed.append(f"{row.dataset} {row.pair} {row.method} {row.metric}: {got!r}, not {want!r}")
    assert not missed, f"{len(missed)} of {len(known)} rows:\n" + "\n".join(missed[:30])
