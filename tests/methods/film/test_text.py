from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError
from fusionbench.methods.film.text import cache as text_cache
from fusionbench.methods.film.text import make_text
from fusionbench.methods.film.text.describe import describe, embed, vector

BLACK = np.zeros((20, 30), np.float32)
NOISE = np.random.default_rng(0).random((20, 30), dtype=np.float32)
PAIR = Pair("one", BLACK, NOISE, "IVF")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_describe_tells_what_is_measured() -> None:
    sentence = describe("IVF", BLACK, NOISE)
    assert "infrared image is almost black, with hardly any contrast, blurred" in sentence
    assert "visible image is bright, with extreme contrast, full of fine detail" in sentence
    assert "visible image is brighter; the visible image has more detail" in sentence
    swapped = describe("IVF", NOISE, BLACK)
    assert "the infrared image is brighter" in swapped
    assert describe("MEF", BLACK, NOISE).startswith("Fuse two exposures")
    assert "agree;" in describe("MIF", NOISE, NOISE)
    assert "contradict each other" in describe("MFF", NOISE, 1 - NOISE)


def test_describe_counts_hot_regions() -> None:
    street = np.full((40, 50), 0.2, np.float32)
    assert "with no hot regions" in describe("IVF", street, street)
    street[10:14, 10:14] = 0.95
    assert "with few hot regions" in describe("IVF", street, street)


def test_the_embedding_is_fixed() -> None:
    """These numbers are part of what weights are trained with: they must never change."""
    np.testing.assert_allclose(vector("infrared")[:3], [-1.657819, -1.073372, 1.381591], atol=1e-5)
    assert embed("The the").shape == (2, 768)
    assert abs(float(vector("a").std()) - 1) < 0.1


def test_describe_source(cache: Path) -> None:
    source = make_text("describe")
    features = source.features(PAIR, BLACK, NOISE)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, embed(describe("IVF", BLACK, NOISE)))
    (stored,) = cache.rglob("*.npy")
    np.testing.assert_array_equal(np.load(stored), features)
    assert source.record["source"] == "describe"
    pickle.loads(pickle.dumps(source))


def test_features_are_kept_by_content(cache: Path) -> None:
    calls = []

    def compute() -> np.ndarray:
        calls.append(1)
        return np.ones((2, 768), np.float32)

    key = text_cache.key_of("x", NOISE)
    first, second = text_cache.cached(key, compute), text_cache.cached(key, compute)
    np.testing.assert_array_equal(first, second)
    assert len(calls) == 1
    (stored,) = cache.rglob("*.npy")
    stored.write_bytes(stored.read_bytes()[:50])  # a damaged entry is made again
    np.testing.assert_array_equal(text_cache.cached(key, compute), first)
    assert len(calls) == 2
    assert key != text_cache.key_of("x", NOISE.T)
    assert key != text_cache.key_of("x", NOISE.astype(np.float64))


def test_none_is_one_word_of_zeros() -> None:
    features = make_text("none").features(PAIR, BLACK, NOISE)
    assert features.shape == (1, 768)
    assert not features.any()


def test_precomputed_folder(tmp_path: Path) -> None:
    text = np.random.default_rng(1).random((1, 4, 768))
    np.save(tmp_path / "one.npy", text)
    np.save(tmp_path / "two.npy", text[0])
    source = make_text(str(tmp_path))
    np.testing.assert_array_equal(source.features(PAIR, BLACK, NOISE), text[0].astype(np.float32))
    assert source.features(Pair("two.left", BLACK, NOISE, "IVF"), BLACK, NOISE).shape == (4, 768)
    assert source.record == {"source": "precomputed", "path": str(tmp_path)}


def test_precomputed_h5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "text.h5", "w") as file:
        file["text/one"] = np.ones((1, 3, 768), np.float32)
    source = make_text(f"precomputed:{tmp_path / 'text.h5'}")
    assert source.features(PAIR, BLACK, NOISE).shape == (3, 768)
    with pytest.raises(InputError, match="no text for pair 'two'"):
        source.features(Pair("two", BLACK, NOISE, "IVF"), BLACK, NOISE)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.zeros((1, 5, 512), np.float32), r"'one' is 1x5x512, not Lx768"),
        (np.zeros((0, 768), np.float32), r"'one' is 0x768, not Lx768"),
        (np.zeros((2, 5, 768), np.float32), r"'one' is 2x5x768"),
        (np.zeros((5, 768), np.int64), "of type int64"),
        (np.full((5, 768), np.nan, np.float32), "not all finite"),
        (np.array(None), "no whole .npy file"),
    ],
)
def test_bad_features_are_named(tmp_path: Path, values: np.ndarray, problem: str) -> None:
    np.save(tmp_path / "one.npy", values, allow_pickle=True)
    with pytest.raises(InputError, match=problem):
        make_text(str(tmp_path)).features(PAIR, BLACK, NOISE)


def test_missing_and_damaged_features(tmp_path: Path) -> None:
    source = make_text(str(tmp_path))
    with pytest.raises(InputError, match=r"no text for pair 'one' in .*add one\.npy"):
        source.features(PAIR, BLACK, NOISE)
    np.save(tmp_path / "one.npy", np.zeros((3, 768)))
    data = (tmp_path / "one.npy").read_bytes()
    (tmp_path / "one.npy").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="'one'"):
        source.features(PAIR, BLACK, NOISE)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        *((spec, "there is no folder") for spec in ("./nowhere", "precomputed:nowhere", "nowhere.h5", "blip2@nowhere")),
        ("desribe", "did you mean 'describe'"),
    ],
)
def test_no_such_source(spec: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make_text(spec)


SIGNS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ","]
WORDS = [*SIGNS, "a", "street", "at", "night", "the", "car", "is", "bright", "infrared", "visible", "image", "shows"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """BLIP-2 with a random Q-Former of one layer, and one that writes; of the classes that the real ones are of."""
    transformers: Any = pytest.importorskip("transformers")
    import torch
    from transformers.models.blip_2.processing_blip_2 import Blip2Processor

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("blip2")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    former = {"vocab_size": len(WORDS), "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 16,
              "encoder_hidden_size": 16}  # fmt: skip
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": 28, "patch_size": 14}  # fmt: skip
    writer = {"model_type": "opt", "vocab_size": len(WORDS) + 1, "hidden_size": 16, "num_hidden_layers": 1,
              "ffn_dim": 16, "num_attention_heads": 2, "word_embed_proj_dim": 16, "max_position_embeddings": 128,
              "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}  # fmt: skip

    def config(**more: Any) -> Any:
        return transformers.Blip2Config(
            vision_config=vision, qformer_config={**former, **more}, text_config=writer, num_query_tokens=4,
            image_text_hidden_size=16, image_token_index=len(WORDS),
        )  # fmt: skip

    embedder, captioner = folder / "itm", folder / "writer"
    transformers.Blip2TextModelWithProjection(config(use_qformer_text_input=True)).save_pretrained(embedder)
    tokenizer.save_pretrained(embedder)
    transformers.Blip2ForConditionalGeneration(config()).save_pretrained(captioner)
    images = transformers.BlipImageProcessor(size={"height": 28, "width": 28})
    Blip2Processor(images, tokenizer, num_query_tokens=4).save_pretrained(captioner)
    return embedder, captioner


def test_blip2_embeds_paragraphs(tiny: tuple[Path, Path], tmp_path: Path, cache: Path) -> None:
    import torch
    from transformers import AutoTokenizer, Blip2TextModelWithProjection

    paragraph = "a street at night, the car is bright."
    (tmp_path / "one.txt").write_text(paragraph + "\n")
    source = make_text(f"blip2:{tiny[0]}@{tmp_path}")
    features = source.features(PAIR, BLACK, NOISE)
    model, tokenizer = Blip2TextModelWithProjection.from_pretrained(tiny[0]), AutoTokenizer.from_pretrained(tiny[0])
    with torch.inference_mode():
        wanted = model.eval()(**tokenizer(paragraph, return_tensors="pt")).last_hidden_state[0]
    assert features.shape == (12, 768)  # ten words and signs, enclosed by two tokens
    np.testing.assert_allclose(features, wanted.numpy(), atol=1e-5)
    own = make_text(f"blip2:{tiny[0]}").features(Pair("x", BLACK, NOISE, "IVF", text=paragraph), BLACK, NOISE)
    np.testing.assert_array_equal(own, features)
    assert len(list(cache.rglob("*.npy"))) == 1  # the same text and model: embedded once
    assert source.record["texts"] == str(tmp_path)
    pickle.loads(pickle.dumps(source))


def test_blip2_writes_captions(tiny: tuple[Path, Path], cache: Path) -> None:
    from fusionbench.methods.film.text.blip2 import Blip2

    source = Blip2(str(tiny[0]), captioner=str(tiny[1]))
    text = source.caption("IVF", BLACK, NOISE)
    assert text.startswith("The infrared image shows ")
    assert "The visible image shows " in text
    features = source.features(PAIR, BLACK, NOISE)
    np.testing.assert_allclose(features, source.embed(text), atol=1e-6)
    assert source.record["captioner"] == str(tiny[1])


def test_blip2_cuts_long_texts(tiny: tuple[Path, Path], cache: Path) -> None:
    from fusionbench.methods.film.text.blip2 import Blip2

    assert Blip2(str(tiny[0])).embed("a street " * 400).shape == (512, 768)


def test_blip2_without_text_or_model(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(InputError, match="no text for pair 'one'"):
        make_text(f"blip2:{tmp_path}@{tmp_path}").features(PAIR, BLACK, NOISE)
    (tmp_path / "one.txt").write_text("  ")
    with pytest.raises(InputError, match="is empty"):
        make_text(f"blip2:{tmp_path}@{tmp_path}").features(PAIR, BLACK, NOISE)
    (tmp_path / "one.txt").write_text("a street")
    pytest.importorskip("transformers")
    with pytest.raises(InputError, match="cannot load BLIP-2"):
        make_text(f"blip2:{tmp_path}@{tmp_path}").features(PAIR, BLACK, NOISE)
