"""Odd files: what strangers put into a folder of images. Each case is a small data set, made afresh."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusionbench.datasets import write

from ..datasets.image_files import DEEP, GRAY, RGB, ImageFile, chunk, image_files, png, tiff

Make = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """A folder with a pair `good`, which is one, and a pair `odd`.

    `make` is called with the file in which the infrared image of the odd pair may lie, without its extension. `fault`
    is a part of what must be said of the pair; empty where the pair is to be used. `options` are the commands'.
    """

    name: str
    make: Make
    fault: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    visible: Any = None  # of the odd pair; by default an ordinary image of the same size

    def build(self, folder: Path) -> Path:
        """Make the folder."""
        for side in ("ir", "vi"):
            write(folder / side / "good.png", GRAY if side == "ir" else RGB)
        write(folder / "vi" / "odd.png", RGB if self.visible is None else self.visible)
        self.make(folder / "ir" / "odd")
        return folder


def cases() -> list[Case]:
    """List all of them."""
    return [*_kinds(), *_truncated(), *_no_images(), *_pngs(), *_sizes(), *_depths(), *_places(), *_names()]


def _bytes(suffix: str, data: bytes) -> Make:
    def make(path: Path) -> None:
        path.with_suffix(suffix).write_bytes(data)

    return make


def _array(values: np.ndarray, suffix: str = ".png") -> Make:
    return lambda path: write(path.with_suffix(suffix), values)


def _turned(file: ImageFile) -> np.ndarray | None:
    """Give a visible image of the size of a file that stands upright, or is of another size."""
    height, width = file.values.shape[:2]
    return None if (height, width) == GRAY.shape else np.tile(GRAY, (8, 8))[:height, :width]


def _kinds() -> Iterator[Case]:
    """Every third kind of file that is read, and all of values that need a rule."""
    for number, file in enumerate(image_files()):
        make = _bytes(file.suffix, file.data)
        if file.maximum is None:
            yield Case(f"{file.name} by full", make, "have no range that is known beforehand")
            yield Case(f"{file.name} by minmax", make, options={"range": "a=minmax"})
        elif number % 3 == 0:
            yield Case(file.name, make, visible=_turned(file))


def _truncated() -> Iterator[Case]:
    to_the_last_bytes = ("png RGB", "jpg RGB", "bmp RGB", "tif RGB", "webp RGB")
    wanted = (*to_the_last_bytes, "tiff RGB", "jp2 RGB", "gif L", "tga RGB", "avif RGB", "P5 to 255", "P2 to 255",
              "P7 RGB to 255", "Pf <")  # fmt: skip
    for file in image_files():
        if file.name in wanted:
            for share in (0.05, 0.5, 0.9, *([0.995] if file.name in to_the_last_bytes else [])):
                part = file.data[: int(len(file.data) * share)]
                yield Case(f"{file.name} {share:.1%}", _bytes(file.suffix, part), "truncated or damaged")


def _no_images() -> Iterator[Case]:
    page = b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>\n"
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    for suffix in (".png", ".jpg", ".tif", ".bmp", ".pgm"):
        yield Case(f"empty{suffix}", _bytes(suffix, b""), "the file is empty")
        yield Case(f"text{suffix}", _bytes(suffix, b"some names\nand more\n" * 5), "it is text, not an image")
        yield Case(f"web page{suffix}", _bytes(suffix, page), "it is a web page")
        yield Case(f"pointer{suffix}", _bytes(suffix, pointer), "Git LFS")
    yield Case("xml", _bytes(".png", b'<?xml version="1.0"?><Error>AccessDenied</Error>'), "it is a web page")
    others = {
        "zeros": bytes(5000), "all bytes": bytes(range(256)) * 20, "zip": b"PK\x03\x04" + bytes(range(200)),
        "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(range(200)), "pdf": b"%PDF-1.4\n" + bytes(range(128, 256)),
        "one byte": b"\x89",
    }  # fmt: skip
    for name, data in others.items():
        yield Case(name, _bytes(".png", data), "not an image of a known format")
    for kind, start in (("png", b"\x89PNG\r\n\x1a\n"), ("jpg", b"\xff\xd8\xff\xe0"), ("tif", b"II*\0")):
        yield Case(f"only the start of a {kind}", _bytes(f".{kind}", start), "truncated or damaged")


def _pngs() -> Iterator[Case]:
    whole = png(RGB, 8, 2)
    for size in ((0, 30), (20, 0), (0, 0)):
        yield Case(f"PNG of {size}", _bytes(".png", png(RGB, 8, 2, size=size)), "truncated or damaged")
    yield Case("PNG of 100000x100000", _bytes(".png", png(RGB, 8, 2, size=(100000, 100000))), "its header claims")
    yield Case("PNG of 30000x30000", _bytes(".png", png(RGB, 8, 2, size=(30000, 30000))), "its header claims")
    yield Case("PNG of 9000x9000", _bytes(".png", png(RGB, 8, 2, size=(9000, 9000))), "truncated or damaged")
    yield Case("PNG of colour type 5", _bytes(".png", png(RGB, 8, 5)), "truncated or damaged")
    yield Case("PNG of 3 bits", _bytes(".png", png(GRAY, 3, 0)), "truncated or damaged")
    yield Case("PNG with a tail", _bytes(".png", whole + b"of a camera"))
    yield Case("PNG with an unknown chunk", _bytes(".png", png(RGB, 8, 2, chunk(b"abCd", b"what"))))
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    yield Case("PNG damaged inside", _bytes(".png", bytes(damaged)), "PNG data are damaged")
    yield Case("PNG that lacks rows", _bytes(".png", png(RGB[:12], 8, 2, size=(20, 30))), "PNG data are damaged")
    yield Case("PNG without data", _bytes(".png", whole[:33] + whole[-12:]), "truncated or damaged")
    yield Case("PNG from a web page", _bytes(".png", b"\r\n" + whole), "not an image of a known format")


def _sizes() -> Iterator[Case]:
    yield Case("smaller", _array(GRAY[:-2, :-3]), "differ in size")
    for policy in ("crop", "resize"):
        yield Case(f"smaller, {policy}", _array(GRAY[:-2, :-3]), options={"size_policy": policy})
        yield Case(f"larger, {policy}", _array(np.tile(GRAY, (2, 2))), options={"size_policy": policy})
    yield Case("lying", _array(np.ascontiguousarray(GRAY.T)), "differ in size")
    yield Case("1x1", _array(GRAY[:1, :1]), visible=RGB[:1, :1])
    yield Case("1x30", _array(GRAY[:1]), visible=RGB[:1])
    yield Case("20x1", _array(GRAY[:, :1]), visible=RGB[:, :1])
    yield Case("3x3", _array(GRAY[:3, :3]), visible=RGB[:3, :3])
    yield Case("1x1 with a larger one", _array(GRAY[:1, :1]), "differ in size")


def _depths() -> Iterator[Case]:
    for rule in ("full", "minmax", "percentile:1,99", "7000,8760", "a=minmax", "a=full"):
        yield Case(f"16 bit by {rule}", _array(DEEP), options={"range": rule})
    yield Case("16 bit by a rule of b", _array(DEEP), "--range has no effect", {"range": "b=minmax"})
    yield Case("16 bit, both", _array(DEEP), visible=DEEP)
    yield Case("16 bit, few values", _array((DEEP // 37 + 7000).astype(np.uint16)))
    yield Case("constant", _array(np.full_like(GRAY, 77)))
    yield Case("constant 16 bit by minmax", _array(np.full_like(DEEP, 777)), options={"range": "minmax"})
    for kind, value in (("NaN", np.nan), ("infinity", np.inf)):
        values = GRAY.astype(np.float32)
        values[3, 4] = value
        data = tiff(values, photometric="minisblack")
        yield Case(f"{kind} in a TIFF", _bytes(".tif", data), "NaN or infinity", {"range": "minmax"})
        data = b"Pf\n30 20\n-1.0\n" + values.tobytes()
        yield Case(f"{kind} in a PFM", _bytes(".pfm", data), "NaN or infinity", {"range": "minmax"})
    five = tiff(np.dstack([RGB, RGB[..., :2]]), photometric="minisblack", planarconfig="contig")
    yield Case("five channels", _bytes(".tif", five), "it has 5 channels")
    yield Case("a stack", _bytes(".tif", tiff(np.stack([GRAY] * 3), photometric="minisblack")))


def _places() -> Iterator[Case]:
    def folder(path: Path) -> None:
        path.with_suffix(".png").mkdir()

    def link(target: str) -> Make:
        return lambda path: path.with_suffix(".png").symlink_to(target)

    def two(path: Path) -> None:
        write(path.with_suffix(".png"), GRAY)
        write(path.with_suffix(".jpg"), GRAY)

    def pipe(path: Path) -> None:
        os.mkfifo(path.with_suffix(".png"))

    def end_of_a_connection(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as end, contextlib.chdir(path.parent):  # its address may be 107 bytes long
            end.bind(f"{path.name}.png")

    def two_links(path: Path) -> None:
        link("other")(path)
        path.with_name("other").symlink_to("nowhere")

    yield Case("a folder of this name", folder, "it is a folder")
    yield Case("a broken link", link("nowhere.png"), "there is no such file")
    yield Case("a link to itself", link("odd.png"), "too many levels of symbolic links")
    yield Case("a link to a folder", link("../vi"), "it is a folder")
    yield Case("a link to an image", link("good.png"))
    yield Case("a pipe", pipe, "it is no file")
    yield Case("a socket", end_of_a_connection, "it is no file")
    yield Case("a device", link("/dev/zero"), "it is no file")
    yield Case("a file of the system that never ends", link("/proc/kmsg"), "the file is empty")
    yield Case("a link to a link to nothing", two_links, "there is no such file")
    yield Case("two files of a name", two, "more than one file has this name")
    yield Case("no file", lambda path: None, "has no partner in")
    yield Case("hidden", lambda path: write(path.with_name("._odd.png"), GRAY), "has no partner in")
    yield Case("no extension", lambda path: path.write_bytes(png(GRAY, 8, 0)), "has no partner in")
    yield Case(
        "thumbnails beside",
        lambda path: (write(path.with_suffix(".png"), GRAY), path.with_name("Thumbs.db").write_bytes(b"x"))[0],
    )


def _names() -> Iterator[Case]:
    for wrong in (".jpg", ".tif", ".bmp", ".PNG", ".gif", ".pgm"):
        yield Case(f"PNG named {wrong}", _bytes(wrong, png(GRAY, 8, 0)))
    for right in ("jpg RGB", "tif L", "bmp L", "P5 to 255", "webp RGB"):
        data = next(file.data for file in image_files() if file.name == right)
        yield Case(f"{right} named .png", _bytes(".png", data))
        if right == "jpg RGB":
            yield Case("JPEG with a tail", _bytes(".jpg", data + b"of a camera"))
