"""Videos as data sets: two of equal length are a sequence of pairs, whose frames are decoded as they are asked for.

A frame has a path, VIDEO.mp4/000012, with which it goes wherever the path of an image file goes. Numbers begin at 0.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, RunError
from ..files import sha256_once
from .formats.picture import DamagedError, Header, Picture, UnreadError, make_picture, with_checked_size
from .pair import Pair, Task
from .spec import COLOUR

ENDINGS = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"})
LOSSLESS = (".mkv", ".avi")
USUAL_RATE = 25.0  # of images that are shown as a video
_KEPT = 64  # frames of a stream that stay, for workers that are behind: going back is decoding from the beginning
_KEPT_BYTES = 1 << 27  # and how much they may take, but for the two newest
_OPENING = Lock()  # one thread looks at a video or opens it, and the others have it from there
_RATES = 1e-3  # by which part two rates may differ: 29.97 is written in several ways


class Film(NamedTuple):
    """What a video is: frames, frames a second, height and width in pixels."""

    frames: int
    rate: float
    height: int
    width: int


class Frame(NamedTuple):
    """Where a frame is: the video, and its number."""

    file: Path
    number: int

    def header(self) -> Header:
        """Tell its size, without decoding it."""
        film = film_of(self.file)
        if self.number >= film.frames:
            raise UnreadError(f"the video has {film.frames} frames, numbered from 0")
        return with_checked_size(Header(film.height, film.width, channels=3, bits=8, format="video"))

    def picture(self) -> Picture:
        """Decode it."""
        header = self.header()
        with _OPENING:
            stream = _stream(*_state(self.file))
        pixels = stream.frame(self.number)
        return make_picture(header, np.ascontiguousarray(pixels[..., ::-1]), 255)

    def content(self) -> bytes:
        """Return what its pixels follow from: the hash of the video, which is read once, and the number."""
        return f"{sha256_once(self.file)}/{self.number}".encode()


def is_video_name(path: str | Path) -> bool:
    """Whether a file is called as videos are."""
    return Path(path).suffix.lower() in ENDINGS


def frame_at(path: Path) -> Frame | None:
    """Take the path of a frame apart; None where it leads elsewhere.

    Examples
    --------
    >>> frame_at(Path("ir/00004N.png")) is None
    True
    """
    if not path.name.isdecimal() or not is_video_name(path.parent) or not path.parent.is_file():
        return None
    return Frame(path.parent, int(path.name))


def film_of(file: Path) -> Film:
    """Say what a video is.

    Raises
    ------
    UnreadError
        It is no video, or not whole.
    """
    with _OPENING:
        return _film(*_state(file))


def pairs_of_videos(a: Path, b: Path, task: Task, name: str = "") -> list[Pair]:
    """List the pairs of two videos; a name goes before the numbers, NAME/000012.

    Raises
    ------
    InputError
        One cannot be read, or they differ in the number or the rate of frames.
    """
    films = []
    for file in (a, b):
        try:
            films.append(film_of(file))
        except (UnreadError, OSError) as error:
            raise InputError(f"cannot read the video {file}: {error}") from error
    first, second = films
    if first.frames != second.frames:
        raise InputError(f"{a} has {first.frames} frames and {b} has {second.frames}: cut them to the same ones")
    if abs(first.rate - second.rate) > _RATES * max(first.rate, second.rate):
        raise InputError(f"{a} has {first.rate:g} frames a second and {b} has {second.rate:g}: bring them to one rate")
    numbers = [f"{number:06d}" for number in range(first.frames)]
    place = f"{name}/" if name else ""
    return [
        Pair(place + number, a / number, b / number, task, COLOUR[task], scene=name or a.stem) for number in numbers
    ]


def sequence_of(pair: Pair) -> str:
    """Name the sequence that a frame is of: what stands before the last part of its name."""
    return pair.name.rpartition("/")[0]


def rate_of(pair: Pair) -> float:
    """Return the frames a second of the video that a pair is of; 25 where it is of images."""
    frame = frame_at(pair.a) if isinstance(pair.a, Path) else None
    return film_of(frame.file).rate if frame else USUAL_RATE


@contextmanager
def writing_video(path: Path, rate: float) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Write a video: FFV1 without loss into .mkv and .avi, MPEG-4 with loss into others; whole, or not at all.

    Yields
    ------
    What takes the frames, (H, W) or RGB (H, W, 3) uint8, all of one size.

    Raises
    ------
    RunError
        It cannot be written, or a frame has another size than the first.
    """
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    code = cv2.VideoWriter.fourcc(*("FFV1" if path.suffix.lower() in LOSSLESS else "mp4v"))
    writers: dict[tuple[int, int], Any] = {}

    def put(image: NDArray[np.uint8]) -> None:
        size = image.shape[1], image.shape[0]
        writer = writers.get(size)
        if writer is None and writers:
            raise RunError(f"cannot write {path}: its frames differ in size, {next(iter(writers))} and {size}")
        if writer is None:
            writer = writers[size] = cv2.VideoWriter(str(part), code, rate, size)
        if not writer.isOpened():
            raise RunError(f"cannot write {path}: there is no encoder here for it; name an .mkv file")
        writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR))

    try:
        yield put
        for writer in writers.values():
            writer.release()
        if not part.is_file():
            raise RunError(f"cannot write {path}: no frame could be written")
        part.replace(path)
    finally:
        for writer in writers.values():
            writer.release()
        part.unlink(missing_ok=True)


class _Stream:
    """A video that is decoded from its beginning on: no container's seeking is exact with every decoder."""

    def __init__(self, file: Path) -> None:
        self.file, self._lock = file, Lock()
        self._recent: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._capture, self._next = _open(file), 0

    def frame(self, number: int) -> NDArray[np.uint8]:
        """Decode a frame, BGR; what lies between is passed over, and what lies behind begins anew."""
        with self._lock:
            if number in self._recent:
                return self._recent[number]
            if number < self._next:
                self._capture, self._next = _open(self.file), 0
            while self._next <= number:
                if not self._capture.grab():
                    raise DamagedError(f"frame {self._next} cannot be decoded")
                self._next += 1
                if number - self._next < _KEPT - 1:
                    self._keep()
            return self._recent[number]

    def _keep(self) -> None:
        done, pixels = self._capture.retrieve()
        if not done:
            raise DamagedError(f"frame {self._next - 1} cannot be decoded")
        self._recent[self._next - 1] = pixels
        while len(self._recent) > 2 and (
            len(self._recent) > _KEPT or sum(image.nbytes for image in self._recent.values()) > _KEPT_BYTES
        ):
            self._recent.popitem(last=False)


def _state(file: Path) -> tuple[Path, int, int]:
    status = file.stat()
    return file, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _stream(file: Path, changed: int, size: int) -> _Stream:
    return _Stream(file)


def _open(file: Path) -> Any:
    import cv2

    capture = cv2.VideoCapture(str(file))
    if not capture.isOpened():
        raise UnreadError("it is no video, or it is truncated or damaged, or no decoder is here for it")
    return capture


@lru_cache(maxsize=4096)
def _film(file: Path, changed: int, size: int) -> Film:
    import cv2

    capture = _open(file)
    done, pixels = capture.read()
    if not done:
        raise DamagedError("no frame of it can be decoded")
    said = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.set(cv2.CAP_PROP_POS_FRAMES, said - 1)
    if said < 1 or not capture.grab():  # nobody counted, or the end is lacking: count what is there
        capture, count = _open(file), 0
        while capture.grab():
            count += 1
        if count < said - 1:  # some containers estimate by their length
            raise DamagedError(f"it says {said} frames, and {count} can be decoded")
        said = count
    return Film(said, float(capture.get(cv2.CAP_PROP_FPS)), *pixels.shape[:2])
