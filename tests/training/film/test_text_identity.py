"""A network is fed the kind of text that it has learnt: how that is kept, found, and said where it is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

pytest.importorskip("torch")

from fusionbench import load_dataset, run
from fusionbench.datasets.images import read, write
from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError
from fusionbench.methods import get_method
from fusionbench.methods.film.text.trained import notes_of, origin_of, published
from fusionbench.results.manifest import Manifest
from fusionbench.results.records import read_record
from fusionbench.training import train
from fusionbench.training.recipes.film.pairs import PairFile
from fusionbench.training.recipes.film.prepare import prepare
from fusionbench.weights import describe
from fusionbench.weights.files import load_state, save_state

DRAW = np.random.default_rng(9)
STEMS = ("one", "two", "three")


@pytest.fixture
def vlf(tmp_path: Path) -> Path:
    """Three pairs as the VLF data set has them, and their features beside the images."""
    root = tmp_path / "VLFDataset"
    for stem in STEMS:
        for side in ("IR", "VI"):
            write(root / "Image/IVF/MSRS" / side / f"{stem}.png", DRAW.integers(0, 256, (16, 16), dtype=np.uint8))
        features = root / "TextFeature/IVF/MSRS" / f"{stem}.npy"
        features.parent.mkdir(parents=True, exist_ok=True)
        np.save(features, DRAW.random((1, 149, 768), dtype=np.float32))
    return root


def learnt(data: str | list[str] | Path, out: Path, **settings: str) -> Path:
    """Train for one epoch; return the weights."""
    data = str(data) if isinstance(data, Path) else data
    given: dict[str, Any] = {} if ".h5" in str(data) else {"a": "IR", "b": "VI"}
    given |= {"epochs": 1, "validation": 0.34, "device": "cpu", "settings": {"grid": "16x16", **settings}}
    return train(method="film", dataset=data, out=out, **given) / "checkpoints" / "best.safetensors"


def fused(weights: Path, images: Path, out: Path, options: str = "") -> Manifest:
    """Fuse the pairs below `images`; return what the run says of itself."""
    data = load_dataset(images, a="IR", b="VI", split=None)
    run(f"net=film[weights={weights}{options}]", data, metrics=["EN"], out=out)
    manifest = read_record(next(out.glob("*/net/run.json")), Manifest)
    assert manifest is not None
    return manifest


@pytest.mark.slow
def test_weights_of_an_h5_file_ask_for_its_kind_of_text(vlf: Path, tmp_path: Path) -> None:
    file = prepare("MSRS", split=None, data_root=vlf, out=tmp_path / "h5", a="IR", b="VI", size="native")
    weights = learnt(file, tmp_path / "train")
    notes = describe(weights).metadata
    assert (notes["text"], notes["text_words"]) == ("precomputed", "149")
    assert notes["text_features"] == PairFile(file).text_notes()["text_features"]

    record = fused(weights, vlf / "Image/IVF/MSRS", tmp_path / "beside").method.weights
    assert record is not None
    assert record["text"]["source"] == "precomputed"
    assert record["text"]["features"] == notes["text_features"]

    (tmp_path / "other").mkdir()
    (vlf / "Image/IVF/MSRS").rename(tmp_path / "other/set")
    with pytest.raises(InputError, match=r"trained with text features of 149 words out of files, and there"):
        fused(weights, tmp_path / "other/set", tmp_path / "refused")
    assert not list((tmp_path / "refused").rglob("*.csv"))
    record = fused(weights, tmp_path / "other/set", tmp_path / "stand-in", ",text=describe").method.weights
    assert record is not None
    assert (record["text"]["source"], record["text"]["trained_with"]["words"]) == ("describe", "149")


@pytest.mark.slow
def test_a_changed_text_is_another_result(vlf: Path, tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    state = load_state(learnt(vlf / "Image/IVF/MSRS", tmp_path / "train", text="none"))
    save_state(weights, state.tensors, {"method": "film", "grid": "16x16"})  # as weights of which nothing is said
    images = vlf / "Image/IVF/MSRS"
    fused(weights, images, tmp_path / "out")
    rows = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("fused/*.png")}
    np.save(vlf / "TextFeature/IVF/MSRS/two.npy", DRAW.random((1, 149, 768), dtype=np.float32))
    fused(weights, images, tmp_path / "out")
    assert {path.stem for path, time in rows.items() if path.stat().st_mtime_ns != time} == {"two"}


@pytest.mark.parametrize("text", ["none", "describe"])
def test_what_needs_no_file_is_taken_as_it_was_learnt(vlf: Path, tmp_path: Path, text: str) -> None:
    weights = learnt(vlf / "Image/IVF/MSRS", tmp_path / "train", text=text)
    assert load_state(weights).metadata["text"] == text
    one, other = (get_method(f"film[weights={weights}{options}]").fuse(*DRAW_PAIR) for options in ("", f",text={text}"))
    np.testing.assert_array_equal(one, other)
    assert get_method(f"film[weights={weights}]").options["text"] == text


DRAW_PAIR = DRAW.random((2, 1, 1, 16, 16), dtype=np.float32)


@pytest.mark.slow
def test_a_network_learns_one_kind_of_text(vlf: Path, tmp_path: Path) -> None:
    files = []
    for text in ("none", "describe"):
        file = prepare("MSRS", split=None, data_root=vlf, out=tmp_path / text, a="IR", b="VI", text=text, size="native")
        files.append(str(file.rename(tmp_path / f"{text}.h5")))
    with pytest.raises(InputError, match=r"the text of .*none\.h5 is 'none', that of .*describe\.h5 'describe'"):
        learnt(files, tmp_path / "train")
    assert load_state(learnt(files, tmp_path / "train", text="none")).metadata["text"] == "none"


def test_the_texts_of_a_file(vlf: Path, tmp_path: Path) -> None:
    """The hash tells other features, and names; a file of the published script says nothing of their source."""
    file = prepare("MSRS", split=None, data_root=vlf, out=tmp_path / "h5", a="IR", b="VI", size="native")
    before = PairFile(file).text_notes()
    with h5py.File(file, "a") as content:
        del content.attrs["settings"]
    assert PairFile(file).text_notes() == before
    with h5py.File(file, "a") as content:
        content["text/one"][..., 0] += 1
    after = PairFile(file).text_notes()
    assert after["text_features"] != before["text_features"]
    assert after["text"] == "precomputed"


@pytest.mark.parametrize(
    ("record", "origin"),
    [
        ({"source": "describe", "version": "1", "note": "x"}, {"source": "describe", "version": "1"}),
        ({"source": "blip2", "model": "a/b", "texts": "c"}, {"source": "blip2", "model": "a/b"}),
        ({"source": "none"}, {"source": "none"}),
    ],
)
def test_notes_are_read_back(record: dict[str, str], origin: dict[str, str]) -> None:
    assert origin_of(notes_of(record)) == origin


@pytest.mark.parametrize(
    ("text", "source"), [("auto", "precomputed"), ("/some/folder", "precomputed"), ("describe", "describe"),
                         ("blip2", "blip2"), ("blip2:a/b@texts", "blip2")],
)  # fmt: skip
def test_notes_of_earlier_versions(text: str, source: str) -> None:
    assert origin_of({"text": text})["source"] == source
    assert origin_of({"text": "blip2:a/b@texts"})["model"] == "a/b"


def test_another_version_of_the_stand_in_is_refused(tmp_path: Path, vlf: Path) -> None:
    weights = tmp_path / "w.safetensors"
    state = load_state(learnt(vlf / "Image/IVF/MSRS", tmp_path / "train", text="none"))
    save_state(weights, state.tensors, {"method": "film", "grid": "16x16", "text": "describe", "text_version": "0"})
    with pytest.raises(InputError, match="trained with version 0 of the text `describe`, and this is version 1"):
        get_method(f"film[weights={weights}]").check([Pair("x", *DRAW_PAIR[:, 0, 0], "IVF")])


def test_features_lie_above_the_images(vlf: Path) -> None:
    image = vlf / "Image/IVF/MSRS/IR/one.png"
    assert published(Pair("one", image, image, "IVF")) == vlf / "TextFeature/IVF/MSRS"
    assert published(Pair("one", image, image, "MIF")) is None
    assert published(Pair("one", np.zeros((4, 4), np.uint8), image, "IVF")) is None


@pytest.mark.slow
def test_pairs_out_of_an_h5_file_bring_their_text(vlf: Path, tmp_path: Path) -> None:
    """Features in it are fed; a file that was made with the stand-in has none for a network that learnt features."""
    files = {
        text: prepare("MSRS", split=None, data_root=vlf, out=tmp_path / text, a="IR", b="VI", text=text, size="native")
        for text in ("auto", "describe")
    }
    weights = learnt(str(files["auto"]), tmp_path / "train")
    run(f"net=film[weights={weights}]", load_dataset(files["auto"]), metrics=["EN"], out=tmp_path / "out")
    own, beside = (tmp_path / name for name in ("out", "beside"))
    fused(weights, vlf / "Image/IVF/MSRS", beside)
    for image in own.rglob("fused/*.png"):
        (other,) = beside.rglob(f"fused/{image.name}")
        np.testing.assert_allclose(
            read(image).astype(float), read(other), atol=1
        )  # 0..1 in the file, rounded once more
    with pytest.raises(InputError, match="was trained with text features of 149 words out of files"):
        run(f"net=film[weights={weights}]", load_dataset(files["describe"]), metrics=["EN"], out=tmp_path / "refused")
