from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from fusionbench.datasets.images import write
from fusionbench.errors import InputError
from fusionbench.training.recipes.film.pairs import PairFile
from fusionbench.training.recipes.film.prepare import prepare

from ...scenes import write_noise

DRAW = np.random.default_rng(5)
FOLDERS = {"IVF": ("MSRS", "IR", "VI"), "MIF": ("Harvard", "MRI", "T"), "MEF": ("SICE", "OVER", "UNDER"),
           "MFF": ("RealMFF", "NEAR", "FAR")}  # fmt: skip
SIZES = {"land": (30, 40), "tall": (50, 30), "even": (33, 33)}


def vlf(root: Path, task: str, split: str = "train", text: bool = True) -> Path:
    """Make a small VLF data set."""
    name, *folders = FOLDERS[task]
    for stem, size in SIZES.items():
        for folder in folders:
            path = root / "Image" / task / name / folder / f"{stem}.png"
            write(path, DRAW.integers(0, 256, (*size, 3), dtype=np.uint8))
        if text:
            path = root / "TextFeature" / task / name / f"{stem}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, DRAW.random((1, 6, 768), dtype=np.float32))
    (root / "Image" / task / name / f"{split}.txt").write_text("\n".join(f"{stem}.png" for stem in SIZES) + "\n")
    return root


def gray(path: Path) -> np.ndarray:
    """Read as the published script does."""
    return np.round(cv2.cvtColor(cv2.imread(str(path)).astype("float32"), cv2.COLOR_BGR2GRAY))


@pytest.mark.parametrize("task", list(FOLDERS))
def test_train_small(tmp_path: Path, task: str) -> None:
    root = vlf(tmp_path / "VLFDataset", task)
    name, *folders = FOLDERS[task]
    path = prepare(name, data_root=root, out=tmp_path / "h5")
    assert path == tmp_path / "h5" / f"{name}_train.h5"
    with h5py.File(path) as file:
        for group, folder in zip(("imageA", "imageB"), folders, strict=True):
            assert sorted(file[group]) == sorted(SIZES)
            for stem, (height, width) in SIZES.items():
                source = gray(root / "Image" / task / name / folder / f"{stem}.png")
                wide, high = (288, 384) if height > width else (384, 288)
                wanted = source if task == "MIF" else cv2.resize(source, (wide, high))
                np.testing.assert_array_equal(file[group][stem], (wanted / 255.0).astype(np.float32)[None])
        for stem in SIZES:
            features = np.load(root / "TextFeature" / task / name / f"{stem}.npy")
            np.testing.assert_array_equal(file["text"][stem], features)
            assert file["imageA"][stem].attrs["task"].decode() == task


def test_transposed_portraits_as_published(tmp_path: Path) -> None:
    root = vlf(tmp_path / "VLFDataset", "MFF")
    path = prepare("RealMFF", data_root=root, out=tmp_path, portrait="transposed")
    with h5py.File(path) as file:
        for stem in ("tall", "even"):
            source = gray(root / "Image" / "MFF" / "RealMFF" / "NEAR" / f"{stem}.png")
            wanted = (cv2.resize(source, (288, 384)).T[None] / 255.0).astype(np.float32)
            np.testing.assert_array_equal(file["imageA"][stem], wanted)


def test_test_splits_and_native_keep_their_size(tmp_path: Path) -> None:
    root = vlf(tmp_path / "VLFDataset", "IVF", split="test")
    for size, out in (("small", "a"), ("native", "b")):
        path = prepare("MSRS", split="test", size=size, data_root=root, out=tmp_path / out)  # type: ignore[arg-type]
        assert PairFile(path).sizes == SIZES


def test_plain_folders_without_text(tmp_path: Path) -> None:
    seen = []
    mine = write_noise(tmp_path / "mine", "x")
    path = prepare(mine, split=None, out=tmp_path, small=(16, 32), progress=lambda *args: seen.append(args))
    a, b, text = PairFile(path).read("x")
    assert a.shape == b.shape == (16, 32)
    assert text.shape[1] == 768
    assert seen == [(1, 1, "x")]
    assert path.name == "mine_all.h5"


def test_goes_on_where_it_stopped(tmp_path: Path) -> None:
    root = vlf(tmp_path / "VLFDataset", "IVF")
    whole = prepare("MSRS", data_root=root, out=tmp_path / "whole")

    def stop(done: int, count: int, name: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    out = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        prepare("MSRS", data_root=root, out=out, progress=stop)
    (partial,) = out.iterdir()
    with pytest.raises(InputError, match="was not finished"):
        PairFile(partial)
    with h5py.File(partial, "a") as file:
        names = list(file["text"])
        assert len(names) == 2
        file["imageA"][names[0]][...] = 0.125  # to see that it is not written again
        del file["text"][names[1]]  # as a process leaves it that was killed within a pair
    path = prepare("MSRS", data_root=root, out=out)
    assert [file.name for file in out.iterdir()] == [path.name]
    with h5py.File(path) as file, h5py.File(whole) as other:
        assert (np.asarray(file["imageA"][names[0]]) == 0.125).all()
        for group in ("imageA", "imageB", "text"):
            assert sorted(file[group]) == sorted(SIZES)
        np.testing.assert_array_equal(file["imageA"][names[1]], other["imageA"][names[1]])
        np.testing.assert_array_equal(file["text"][names[1]], other["text"][names[1]])


def test_a_partial_file_that_did_not_survive_is_made_anew(tmp_path: Path) -> None:
    root = vlf(tmp_path / "VLFDataset", "IVF")
    (tmp_path / "MSRS_train.h5.partial").write_bytes(b"\x89HDF\r\n\x1a\n and then the power went")
    assert PairFile(prepare("MSRS", data_root=root, out=tmp_path)).names == sorted(SIZES)


def test_a_finished_file_is_left_alone(tmp_path: Path) -> None:
    root = vlf(tmp_path / "VLFDataset", "IVF")
    path = prepare("MSRS", data_root=root, out=tmp_path)
    before = path.stat().st_mtime_ns
    assert prepare("MSRS", data_root=root, out=tmp_path) == path
    assert path.stat().st_mtime_ns == before
    with pytest.raises(InputError, match="of other pairs or settings"):
        prepare("MSRS", data_root=root, out=tmp_path, size="native")


def test_missing_text_is_named(tmp_path: Path) -> None:
    root = vlf(tmp_path / "VLFDataset", "IVF")
    (root / "TextFeature/IVF/MSRS/tall.npy").unlink()
    with pytest.raises(InputError, match="no text for pair 'tall'"):
        prepare("MSRS", data_root=root, out=tmp_path)


def test_what_was_written_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = vlf(tmp_path / "VLFDataset", "IVF")
    monkeypatch.setattr(
        "fusionbench.training.recipes.film.prepare.to_gray", lambda image: np.full((9, 9), 300, np.float32)
    )
    with pytest.raises(InputError, match=r"not in \[0, 1\]"):
        prepare("MSRS", data_root=root, out=tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def published(path: Path, **changes: object) -> Path:
    """Write a file as the published script does: no attributes, text (1, L, 768)."""
    content: dict[str, object] = {
        f"{group}/{name}": DRAW.random((1, 8, 9), dtype=np.float32) for group in ("imageA", "imageB") for name in "xy"
    }
    content |= {f"text/{name}": DRAW.random((1, 4, 768), dtype=np.float32) for name in "xy"}
    with h5py.File(path, "w") as file:
        for name, values in {**content, **changes}.items():
            if values is not None:
                file[name] = values
    return path


def test_files_of_the_published_script(tmp_path: Path) -> None:
    file = PairFile(published(tmp_path / "x.h5"))
    assert file.names == ["x", "y"]
    assert file.tasks == {"x": None, "y": None}
    a, b, text = file.read("y")
    assert (a.shape, b.shape, text.shape) == ((8, 9), (8, 9), (4, 768))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text/x": None, "text/y": None}, "no group 'text'"),
        ({"text/x": np.zeros((1, 4, 512), np.float32)}, "text of pair 'x' in .* is 1x4x512"),
        ({f"{group}/{name}": None for group in ("imageA", "imageB") for name in "xy"}, "no group 'imageA'"),
    ],
)
def test_bad_files(tmp_path: Path, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        PairFile(published(tmp_path / "x.h5", **changes))


def test_half_a_file(tmp_path: Path) -> None:
    path = published(tmp_path / "x.h5")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="half of one"):
        PairFile(path)
    with pytest.raises(InputError, match="there is no H5 file"):
        PairFile(tmp_path / "none.h5")


def test_unknown_choices(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'small'"):
        prepare("MSRS", size="smal")  # type: ignore[arg-type]
