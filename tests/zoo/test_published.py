"""Published networks give their authors' published images."""

from __future__ import annotations

import copy
import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.datasets.images import read
from fusionbench.datasets.pair import Pair
from fusionbench.methods import get_method
from fusionbench.methods.pipeline import fuse_pair
from fusionbench.weights.fetch import VARIABLE

pytest.importorskip("torch")

# Where more than a thousandth of the values may differ: the authors' GPU rounded products to 10 bits.
LIMITS = {"ydtr": 0.004, "matr": 0.033}
QUICK = {
    ("seafusion", "TNO_08"), ("didfuse", "TNO_8"), ("sdnet", "TNO_05"), ("densefuse", "TNO_08"), ("ifcnn", "IV_Road2"),
    ("auif", "TNO_8"), ("pmgi", "TNO_08"), ("datfuse", "2"), ("lrrnet", "IR8"), ("matr", "SPECT-MRI"),
}  # fmt: skip
METHODS = ("seafusion", "didfuse", "ifcnn", "sdnet", "densefuse", "lrrnet", "datfuse", "ydtr", "matr", "auif", "pmgi")


def spec_of(row: dict[str, str]) -> str:
    if row["method"] == "ifcnn":
        return f"ifcnn[fusion={row['weights'].lower()},normalise={row['normalisation']}]"
    return "matr[order=ab]" if row["method"] == "matr" else row["method"]


def rows_of(shared: Path) -> Iterator[dict[str, str]]:
    for part in ("A", "B"):
        with (shared / "zoo" / f"manifest_{part}.csv").open(newline="") as file:
            yield from (row for row in csv.DictReader(file) if row["b"])


def differing(shared: Path, row: dict[str, str]) -> float:
    """Fuse as a run does, and give the share of values that differ from the published ones; none by more than 1."""
    folder = shared / "zoo" / row["method"]
    pair = Pair(Path(row["fused"]).stem, folder / row["a"], folder / row["b"], "IVF")
    published = read(folder / row["fused"]).astype(int)
    image = fuse_pair(get_method(spec_of(row)), read(folder / row["a"]), read(folder / row["b"]), pair).image
    if image.ndim == 2 and published.ndim == 3:  # stored thrice, with rounding errors between the channels
        published = published[..., 0]
    assert image.shape == published.shape
    distance = np.abs(image - published)
    assert distance.max() <= 1, row["fused"]
    return float((distance > 0).mean())


@pytest.fixture
def folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import torch

    torch.set_num_threads(1)
    monkeypatch.setenv(VARIABLE, str(shared / "weights/zoo"))
    return shared


@pytest.mark.parametrize("method", sorted(method for method, _ in QUICK))
def test_one_published_image(folder: Path, method: str) -> None:
    rows = [row for row in rows_of(folder) if (row["method"], Path(row["fused"]).stem) in QUICK]
    rows = [row for row in rows if row["method"] == method]
    assert rows
    for row in rows:
        assert differing(folder, row) <= LIMITS.get(method, 0.001)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_every_published_image(folder: Path, method: str) -> None:
    rows = [row for row in rows_of(folder) if row["method"] == method]
    assert rows
    for row in rows:
        assert differing(folder, row) <= LIMITS.get(method, 0.001), row["fused"]


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_exposures_before_their_contrast_is_equalised(folder: Path, threads: int) -> None:
    """The order of sums, which hangs on processor and threads, moves a handful of levels from those of float64."""
    import cv2
    import torch
    from PIL import Image

    torch.set_num_threads(threads)
    method: Any = get_method("ifcnn[fusion=mean,normalise=none,steps=exposure]")
    files = sorted((folder / "zoo/ifcnn/seq/ME_window").iterdir())
    light = [np.asarray(Image.open(file).convert("YCbCr"))[None, None, ..., 0] / 255 for file in files]
    assert len(light) == 5
    fused = method.fuse(*(x.astype(np.float32) for x in light), pairs=(Pair("window", *files[:2], "MEF"),))
    network = copy.deepcopy(method.network("MEF")).double()
    with torch.inference_mode():
        exact = method._fuse(network, *(torch.from_numpy(x).expand(-1, 3, -1, -1) for x in light))
    channels = (exact[0].clip(0, 1) * 255).permute(1, 2, 0).numpy().astype(np.uint8)
    distance = np.abs(np.rint(fused[0, 0] * 255) - cv2.cvtColor(channels, cv2.COLOR_RGB2GRAY))
    assert distance.max() <= 1
    assert (distance > 0).sum() < 20


def test_what_is_said_to_be_verified_was_compared(shared: Path) -> None:
    counted = Counter(row["method"] for row in rows_of(shared))
    of_tno = len(list((shared / "data/TNO/ir").iterdir()))
    for name in METHODS:
        verified = get_method(name).verified
        assert verified is not None
        assert verified.tried == (of_tno if name in ("seafusion", "densefuse") else counted[name])
        assert verified.equal == verified.tried  # as the tests of all of them hold
        assert verified.differing <= LIMITS.get(name, 0.001) * verified.values


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SeAFusion", "DenseFuse"])
def test_all_of_tno(folder: Path, name: str) -> None:
    from fusionbench import load_dataset

    dataset, method, different, values = load_dataset("TNO", folder / "data"), get_method(name.lower()), 0, 0
    for pair in dataset:
        published: Any = read(next((folder / "fused/TNO" / name).glob(f"{pair.name}.*"))).astype(int)
        distance = np.abs(
            fuse_pair(method, *dataset.read(pair), pair).image - published.reshape(*published.shape[:2], -1)[..., 0]
        )
        assert distance.max() <= 1, pair.name
        different, values = different + int((distance > 0).sum()), values + distance.size
    assert values == 12_595_523
    assert different < 0.0003 * values
