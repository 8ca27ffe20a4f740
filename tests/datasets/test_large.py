"""Very large images: a stated limit that can be raised, no other library's, and headers that lie cost nothing."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image as Pillow

from fusionbench.datasets.images import UnreadableImageError, probe, read_picture

from .image_files import RGB, ImageFile, image_files

LIMIT = "FUSIONBENCH_MAX_PIXELS"
FILES = {file.name: file for file in image_files()}
_GROWTH = """
import resource, sys
from fusionbench.datasets.images import UnreadableImageError, probe, read_picture
for path in [sys.argv[1], *sys.argv[1:]]:
    for look in (probe, read_picture):
        try:
            look(path)
        except UnreadableImageError as error:
            reason = error.reason
        else:
            reason = ""
    if path == sys.argv[1]:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    else:
        print(path, reason, sep=": ")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_the_limit_holds_for_every_format_and_can_be_raised(
    file: ImageFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x{file.suffix}"
    path.write_bytes(file.data)
    header = probe(path)
    pixels = header.height * header.width
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", pixels // 3)  # it would refuse twice as many
    monkeypatch.setenv(LIMIT, str(pixels - 1))
    for look in (probe, read_picture):
        with pytest.raises(UnreadableImageError, match=rf"claims .* pixels, and no more than .*{LIMIT}={pixels}"):
            look(path)
    monkeypatch.setenv(LIMIT, str(pixels))
    assert probe(path) == header
    assert read_picture(path).pixels.shape[:2] == (header.height, header.width)


@pytest.mark.parametrize("value", ["many", "-1", "1e9", "0x10"])
def test_a_limit_that_is_none(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.png").write_bytes(FILES["png RGB"].data)
    monkeypatch.setenv(LIMIT, value)
    with pytest.raises(UnreadableImageError, match=f"{LIMIT} in the environment is .*, not '{value}'"):
        probe(tmp_path / "x.png")


def lies(side: int) -> dict[str, bytes]:
    """Make small files whose headers claim `side` rows and columns, or as many as the format can say."""
    short = min(side, 65500)
    both = {
        name: bytearray(saved(kind)) for name, kind in
        {"png": "PNG", "jpg": "JPEG", "bmp": "BMP", "tga": "TGA", "webp": "WEBP", "jp2": "JPEG2000"}.items()
    }  # fmt: skip
    both["png"][16:24] = struct.pack(">II", side, side)
    both["png"][29:33] = struct.pack(">I", zlib.crc32(bytes(both["png"][12:29])))
    start = both["jpg"].find(b"\xff\xc0") + 5
    both["jpg"][start : start + 4] = struct.pack(">HH", short, short)
    both["bmp"][18:26] = struct.pack("<ii", side, side)
    both["tga"][12:16] = struct.pack("<HH", short, short)
    start = both["webp"].find(b"\x9d\x01\x2a") + 3
    both["webp"][start : start + 4] = struct.pack("<HH", min(side, 16383), min(side, 16383))
    start = both["jp2"].find(b"ihdr") + 4
    both["jp2"][start : start + 8] = struct.pack(">II", side, side)
    start = both["jp2"].find(b"\xff\x51") + 6
    for place in (start, start + 16):
        both["jp2"][place : place + 8] = struct.pack(">II", side, side)
    size = f"{side} {side}\n".encode()
    return {
        **{name: bytes(data) for name, data in both.items()}, "ppm": b"P6\n" + size + b"255\n" + bytes(90),
        "pbm": b"P1\n" + size + b"1 0 " * 20, "pfm": b"PF\n" + size + b"-1.0\n" + bytes(90),
        "gif": b"GIF89a" + struct.pack("<HH", short, short) + b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0"
        + struct.pack("<HH", short, short) + b"\0\2\2L\1\0;",
        "qoi": b"qoif" + struct.pack(">II", side, side) + b"\3\0\xc0" + bytes(7) + b"\1",
    }  # fmt: skip


def saved(kind: str) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(RGB).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(("side", "limit"), [(60000, ""), (16000, ""), (60000, str(10**10))])
def test_headers_that_lie_cost_nothing(side: int, limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "good.png"]
    paths[0].write_bytes(FILES["png RGB"].data)
    for suffix, data in lies(side).items():
        paths.append(tmp_path / f"x.{suffix}")
        paths[-1].write_bytes(data)
    monkeypatch.setenv(LIMIT, limit)
    command = [sys.executable, "-c", _GROWTH, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    *told, growth = done.stdout.splitlines()
    assert not done.returncode, done.stderr
    assert len(told) == len(paths) - 1
    for line in told:
        assert "its header claims" in line or "truncated or damaged" in line
    assert int(growth) < 200, done.stdout
