"""Whatever is wrong with a file of pairs or texts, reading it gives numbers, or one sentence that names the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import h5py
import numpy as np
import pytest

from fusionbench.datasets import Pair
from fusionbench.errors import InputError
from fusionbench.methods.film.text import make_text

pytest.importorskip("torch")

from fusionbench.training.recipes.film.prepare import prepare

from ...fuzz.damage import damage, in_h5
from ...fuzz.readers import read_pairs
from ...scenes import write_noise

BLACK = np.zeros((8, 9), np.float32)
FLAT = np.full((1, 8, 9), 0.5, np.float32)
TEXT = np.ones((1, 3, 768), np.float32)


def pair_file(path: Path) -> Path:
    """Write two pairs: one as it is, one compressed in chunks."""
    with h5py.File(path, "w") as file:
        for name, options in (("x", {}), ("y", {"chunks": True, "compression": "gzip"})):
            for group, values in (("imageA", FLAT), ("imageB", FLAT), ("text", TEXT)):
                file.create_dataset(f"{group}/{name}", data=values, **options).attrs["task"] = np.bytes_("IVF")
    return path


def read_texts(path: Path) -> None:
    """Read a file as a run of FILM does."""
    source = make_text(f"precomputed:{path}")
    pairs = [Pair(name, BLACK, BLACK, "IVF") for name in ("x", "y")]
    source.check(pairs)
    for pair in pairs:
        assert source.features(pair, BLACK, BLACK).shape[1] == 768


def _replace(path: Path, make: Callable[[h5py.File], None], *names: str) -> None:
    with h5py.File(path, "a") as file:
        for name in names:
            del file[name]
        make(file)


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=TEXT.shape, dtype="f4")
    layout[...] = h5py.VirtualSource("other.h5", "text/x", shape=TEXT.shape)
    file.create_virtual_dataset("text/x", layout)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: file["text"].__setitem__("x", h5py.ExternalLink("other.h5", "/text/x")), "'x' is a link"),
        (lambda file: file["text"].__setitem__("x", h5py.SoftLink("/text/x")), "'x' is a link"),
        (lambda file: file.create_dataset("text/x", (1, 3, 768), h5py.ref_dtype), "of type object"),
        (lambda file: file.create_dataset("text/x", (1, 3, 768), "i8", fillvalue=1), "of type int64"),
        (lambda file: file.create_dataset("text/x", data="a text"), "of type object"),
        (lambda file: file.create_dataset("text/x", data=h5py.Empty("f4")), "no array"),
        (lambda file: file.create_group("text/x"), "no array"),
        (lambda file: file.create_dataset("text/x", (1, 10**9, 768), "f4", chunks=(1, 9, 768)), "said to be of"),
        (lambda file: file.create_dataset("text/x", (1, 3, 768), "f4", chunks=(1, 3, 768)), "empty"),
        (
            lambda file: file.create_dataset("text/x", (1, 3, 768), "f4", external=[("/etc/passwd", 0, 9216)]),
            "in other files",
        ),
        (_virtual, "in other files"),
        (lambda file: file.create_dataset("text/x", data=TEXT * np.nan), "not all finite"),
        (lambda file: file.create_dataset("text/x", data=TEXT[..., :5]), "1x3x5"),
    ],
)
def test_what_a_text_can_be(tmp_path: Path, make: Callable[[h5py.File], None], said: str) -> None:
    path = pair_file(tmp_path / "pairs.h5")
    pair_file(tmp_path / "other.h5")
    _replace(path, make, "text/x")
    for read in (read_pairs, read_texts):
        with pytest.raises(InputError, match=said) as raised:
            read(path)
        assert str(path) in str(raised.value)


@pytest.mark.parametrize("group", ["imageA", "imageB", "text"])
@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "/text"), h5py.SoftLink("/nowhere"), None])
def test_a_group_is_in_the_file_itself(tmp_path: Path, group: str, link: object) -> None:
    path = pair_file(tmp_path / "pairs.h5")
    pair_file(tmp_path / "other.h5")
    _replace(path, lambda file: None if link is None else file.__setitem__(group, link), group)
    with pytest.raises(InputError, match=f"has no group '{group}'"):
        read_pairs(path)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (FLAT * np.float32("nan"), r"are not in \[0, 1\]"),
        (FLAT * np.float32("inf"), r"are not in \[0, 1\]"),
        (FLAT * 255, r"are not in \[0, 1\]"),
        (FLAT[:, :0], "they have no pixel"),
    ],
)
def test_images_of_a_pair_file(tmp_path: Path, image: np.ndarray, said: str) -> None:
    path = pair_file(tmp_path / "pairs.h5")
    for group in ("imageA", "imageB"):
        _replace(path, lambda file, group=group: file.create_dataset(f"{group}/x", data=image), f"{group}/x")  # type: ignore[misc]
    with pytest.raises(InputError, match=said):
        read_pairs(path)


@pytest.mark.parametrize("task", ["XYZ", 3, np.arange(3), b"\xff"])
def test_the_task_of_a_pair(tmp_path: Path, task: object) -> None:
    path = pair_file(tmp_path / "pairs.h5")
    with h5py.File(path, "a") as file:
        file["imageA/x"].attrs["task"] = np.void(task) if isinstance(task, bytes) else task
    with pytest.raises(InputError, match=r"pair 'x' in .* has the task"):
        read_pairs(path)


def test_an_npy_file_of_more_numbers_than_it_has(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", TEXT)
    data = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(data.replace(b"(1, 3, 768)", b"(1, 9999999999, 768)"))
    with pytest.raises(InputError, match=r"no whole \.npy file"):
        make_text(str(tmp_path)).features(Pair("x", BLACK, BLACK, "IVF"), BLACK, BLACK)


def test_a_damaged_unfinished_file_is_begun_anew(tmp_path: Path) -> None:
    scenes = write_noise(tmp_path / "scenes", "0", (20, 24))
    whole = prepare(scenes, split=None, out=tmp_path / "out", text="none")
    data = whole.read_bytes()
    for seed in range(60):
        random = Random(seed)
        whole.unlink(missing_ok=True)
        whole.with_name(f"{whole.name}.partial").write_bytes(random.choice((in_h5, damage))(data, random))
        try:
            prepare(scenes, split=None, out=tmp_path / "out", text="none")
        except InputError:  # its images are found wrong at the end: it is deleted, and the next call begins anew
            assert not list((tmp_path / "out").iterdir())
            prepare(scenes, split=None, out=tmp_path / "out", text="none")
        read_pairs(whole)
