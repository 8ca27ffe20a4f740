"""Videos as data sets: which belong together, frames to the bit, and what is said of those that cannot be used."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionbench.datasets import load_dataset, videos
from fusionbench.datasets.images import is_there, probe, read
from fusionbench.datasets.videos import writing_video
from fusionbench.errors import InputError, RunError

Frames = Sequence[NDArray[np.uint8]]


def film(count: int = 12, size: tuple[int, ...] = (24, 32), seed: int = 0) -> Frames:
    return list(np.random.default_rng(seed).integers(0, 256, (count, *size)).astype(np.uint8))


def save(path: Path, frames: Frames, rate: float = 25) -> Path:
    with writing_video(path, rate) as put:
        for frame in frames:
            put(frame)
    return path


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_two_videos_are_a_sequence_of_pairs(tmp_path: Path, suffix: str) -> None:
    a, b = film(), film(size=(24, 32, 3), seed=1)
    save(tmp_path / f"ir.{suffix}", a)
    save(tmp_path / f"vi.{suffix}", b)
    dataset = load_dataset(tmp_path)
    assert dataset.video
    assert (dataset.task, len(dataset)) == ("IVF", 12)
    assert [pair.name for pair in dataset][:2] == ["000000", "000001"]
    for i in (0, 1, 2, 7, 3, 11, 0):  # in order, ahead, and back
        first, second = dataset.read(dataset[i])
        np.testing.assert_array_equal(first, a[i])
        np.testing.assert_array_equal(second, b[i])
    again = load_dataset(tmp_path, a=f"ir.{suffix}", b=f"vi.{suffix}", limit=3)
    assert [pair.name for pair in again] == ["000000", "000001", "000002"]
    assert is_there(tmp_path / f"ir.{suffix}/000003")
    assert not is_there(tmp_path / "ir.gif/000003")
    with pytest.raises(InputError, match="the video has 12 frames, numbered from 0"):
        probe(tmp_path / f"ir.{suffix}/000012")


def test_a_task_that_is_asked_for_is_no_other(tmp_path: Path) -> None:
    save(tmp_path / "ir.mkv", film(3))
    save(tmp_path / "vi.mkv", film(3, seed=1))
    with pytest.raises(InputError, match="it holds 2"):
        load_dataset(tmp_path, task="MIF")
    assert load_dataset(tmp_path, a="ir.mkv", b="vi.mkv", task="MIF").task == "MIF"


def test_frames_are_decoded_once_however_many_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = film(40)
    path = save(tmp_path / "x.mkv", frames)
    opened: list[Path] = []
    real = videos._open
    monkeypatch.setattr(videos, "_open", lambda file: opened.append(file) or real(file))  # type: ignore[func-returns-value]
    with ThreadPoolExecutor(4) as pool:
        for frame, image in zip(frames, pool.map(lambda i: read(path / f"{i:06d}"), range(40)), strict=True):
            np.testing.assert_array_equal(image, frame)
    assert len(opened) == 2  # to see what it is, and the stream
    monkeypatch.setattr(videos, "_KEPT", 5)
    stream = videos._Stream(path)
    for number in (0, 1, 2, 9, 17, 39, 38, 12):  # few stay, however long the video is
        np.testing.assert_array_equal(stream.frame(number)[..., 0], frames[number])
        assert len(stream._recent) <= 5
    assert len(opened) == 4  # once more for the twelfth


def test_several_videos_are_several_sequences(tmp_path: Path) -> None:
    for side in ("ir", "vi"):
        for name in ("street", "yard"):
            save(tmp_path / side / f"{name}.mkv", film(3))
    for dataset in (load_dataset(tmp_path), load_dataset(tmp_path, a="ir", b="vi")):
        assert [pair.name for pair in dataset] == [f"{n}/00000{i}" for n in ("street", "yard") for i in range(3)]
        assert {videos.sequence_of(pair) for pair in dataset} == {"street", "yard"}
    (tmp_path / "vi/yard.mkv").unlink()
    with pytest.raises(InputError, match="has 1 videos of source a and 0 of source b called 'yard'"):
        load_dataset(tmp_path)


def test_folders_of_frames_are_a_video_where_one_says_so(tmp_path: Path) -> None:
    import cv2

    for side in ("ir", "vi"):
        (tmp_path / side).mkdir()
        for i in (10, 9, 100):
            cv2.imwrite(str(tmp_path / side / f"f{i}.png"), film(1)[0])
    assert not load_dataset(tmp_path).video
    dataset = load_dataset(tmp_path, video=True)
    assert dataset.video
    assert [pair.name for pair in dataset] == ["f9", "f10", "f100"]


@pytest.mark.parametrize(
    ("other", "rate", "sentence"),
    [
        (film(11), 25, r"ir.mkv has 12 frames and .*vi.mkv has 11: cut them"),
        (film(12), 30, r"ir.mkv has 25 frames a second and .*vi.mkv has 30"),
        (film(12, (24, 36)), 25, "differ in size: a is 24x32, b is 24x36"),
    ],
)
def test_videos_that_do_not_fit(tmp_path: Path, other: Frames, rate: float, sentence: str) -> None:
    save(tmp_path / "ir.mkv", film())
    save(tmp_path / "vi.mkv", other, rate)
    with pytest.raises(InputError, match=sentence):
        load_dataset(tmp_path)


@pytest.mark.parametrize("suffix", ["mkv", "avi", "mp4"])
def test_damaged_videos(tmp_path: Path, suffix: str) -> None:
    data = save(tmp_path / f"ir.{suffix}", film(30)).read_bytes()
    for content in (data[: len(data) * 9 // 10], data[: len(data) // 2], data[:40], b"", b"<html>"):
        for side in ("ir", "vi"):
            (tmp_path / f"{side}.{suffix}").write_bytes(content)
        with pytest.raises(InputError, match=rf"cannot read the video .*ir.{suffix}: "):
            load_dataset(tmp_path)


def test_a_video_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = save(tmp_path / "deep/x.mkv", film(2))
    before = path.read_bytes()
    with pytest.raises(RunError, match="its frames differ in size"):
        save(path, [*film(2, seed=9), *film(1, (8, 8))])
    with pytest.raises(RunError, match="no frame could be written"):
        save(path, [])
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["x.mkv"]


def test_pairs_go_to_other_processes(tmp_path: Path) -> None:
    save(tmp_path / "ir.mkv", film())
    save(tmp_path / "vi.mkv", film())
    dataset = pickle.loads(pickle.dumps(load_dataset(tmp_path)[5]))
    assert dataset.a == tmp_path / "ir.mkv/000005"
