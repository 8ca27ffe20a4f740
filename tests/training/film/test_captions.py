"""Own images with own paragraphs: from lines of JSON to the features that FILM learns from."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.methods.film.text import blip2
from fusionbench.methods.film.text.captions import read_captions
from fusionbench.training.recipes.film.prepare import prepare

from ...cli.command import call
from ...scenes import write_noise


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Three pairs in two folders."""
    write_noise(tmp_path / "mine", ("01", "02", "03"), (20, 24), ("a", "b"))
    return tmp_path / "mine"


@pytest.fixture
def read_texts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Stands in for the model: as many words as the text has, each with its length; keeps what it was given."""
    texts: list[str] = []

    def embed(self: blip2.Blip2, text: str) -> np.ndarray:
        texts.append(text)
        return np.stack([np.full(768, len(word), np.float32) for word in text.split()])

    monkeypatch.setattr(blip2.Blip2, "embed", embed)
    monkeypatch.setattr(blip2, "_library", lambda: None)
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    return texts


def lines(path: Path, texts: dict[str, str], key: str = "text") -> Path:
    records = ({"name": name, key: text, "model": "x"} for name, text in texts.items())
    path.write_text("\n".join(map(json.dumps, records)) + "\n\n")
    return path


TEXTS = {"03": "three little words", "01": "一辆 汽车", "02": "a man", "99": "of another split"}


def test_each_pair_has_its_paragraph(scenes: Path, read_texts: list[str], tmp_path: Path) -> None:
    file = lines(tmp_path / "captions.jsonl", TEXTS, "caption")
    path = prepare(scenes, a="a", b="b", task="IVF", split="all", captions=file, out=tmp_path / "h5")
    assert sorted(read_texts) == sorted(TEXTS[name] for name in ("01", "02", "03"))
    with h5py.File(path) as content:
        assert content["text"]["03"][0, :, 0].tolist() == [5, 6, 5]
        assert content["text"]["01"].shape == (1, 2, 768)
    lines(file, TEXTS | {"02": "a woman"})
    with pytest.raises(InputError, match="of other pairs or settings"):
        prepare(scenes, a="a", b="b", task="IVF", split="all", captions=file, out=tmp_path / "h5")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no captions"),
        ('{"name": "01", "text": "x"}\n[1]', "line 2: this is no"),
        ('{"name": "01"}', "line 1: this is no"),
        ('{"name": "01", "text": " "}', "line 1: this is no"),
        ('{"name": 1, "text": "x"}', "line 1: this is no"),
        ("01\tx", "line 1: this is no"),
        ('{"name": "01", "text": "x"}\n{"name": "01", "text": "y"}', "line 2: 01 has a caption already"),
        ('{"name": "01", "text": "x"}', "no caption for 2 of 3 pairs: 02, 03"),
        (b"\xff\xfe", "cannot read the captions"),
    ],
)
def test_files_that_are_none(scenes: Path, tmp_path: Path, content: str | bytes, sentence: str) -> None:
    file = tmp_path / "captions.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=sentence):
        prepare(scenes, a="a", b="b", task="IVF", split="all", captions=file, out=tmp_path / "h5")
    assert not (tmp_path / "h5").exists()


def test_only_a_language_model_reads_captions(scenes: Path, tmp_path: Path) -> None:
    file = lines(tmp_path / "captions.jsonl", TEXTS)
    for text in ("describe", "none", "blip2@/folder"):
        with pytest.raises(InputError, match="captions are embedded by blip2 or blip2:MODEL, not by"):
            prepare(scenes, a="a", b="b", task="IVF", split="all", captions=file, text=text, out=tmp_path / "h5")
    with pytest.raises(InputError, match="cannot read the captions"):
        read_captions(tmp_path / "nowhere")


def test_a_list_of_pairs_is_prepared(scenes: Path, tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("name,a,b\n" + "".join(f"{n},mine/a/{n}.png,mine/b/{n}.png\n" for n in ("01", "02")))
    done = call(
        "prepare", "film", "--pairs", table, "--task", "IVF", "--split", "all", "--text", "none", "-o", tmp_path
    )
    assert done.returncode == 0, done.stderr
    with h5py.File(done.stdout.strip()) as content:
        assert sorted(content["imageA"]) == ["01", "02"]
    assert call("prepare", "film").returncode == 2
