"""Image files of every kind, made from known values, with what a plain reading of them gives."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pillow

Array = NDArray[Any]
HEIGHT, WIDTH = 20, 30
_RANDOM = np.random.default_rng(11)
GRAY = cv2.GaussianBlur(_RANDOM.integers(0, 256, (HEIGHT, WIDTH), np.uint8), (0, 0), 2)
RGB = cv2.GaussianBlur(_RANDOM.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 2)
ALPHA = cv2.GaussianBlur(_RANDOM.integers(0, 256, (HEIGHT, WIDTH), np.uint8), (0, 0), 2)
RGBA = np.dstack([RGB, ALPHA])
DEEP = _RANDOM.integers(0, 65536, (HEIGHT, WIDTH), np.uint16)
DEEP_RGB = _RANDOM.integers(0, 65536, (HEIGHT, WIDTH, 3), np.uint16)
BILEVEL = ((GRAY > 128) * 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class ImageFile:
    """A file, and what a plain reading of it gives.

    `values` are its pixels; `tolerance` is 0 but for lossy files; `alpha` is the further channel, `bits`
    and `maximum` what the file says of its values.
    """

    name: str
    suffix: str
    data: bytes
    values: Array
    bits: int = 8
    maximum: int | None = 255
    alpha: Array | None = None
    tolerance: int = 0
    pages: int = 1


def image_files() -> list[ImageFile]:
    """Make all of them."""
    return [*_by_pillow(), *_orientations(), *_png(), *_tiff(), *_netpbm(), *_bmp(), *_others()]


def _saved(picture: Pillow.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _modes() -> dict[str, tuple[Pillow.Image, Array, Array | None]]:
    """Give pictures in Pillow's modes, with their colours and alpha."""
    palette = Pillow.fromarray(RGB).quantize(16)
    return {
        "1": (Pillow.fromarray(BILEVEL > 0), BILEVEL, None),
        "L": (Pillow.fromarray(GRAY), GRAY, None),
        "LA": (Pillow.merge("LA", [Pillow.fromarray(GRAY), Pillow.fromarray(ALPHA)]), GRAY, ALPHA),
        "P": (palette, np.asarray(palette.convert("RGB")), None),
        "RGB": (Pillow.fromarray(RGB), RGB, None),
        "RGBA": (Pillow.fromarray(RGBA), RGB, ALPHA),
    }


def _by_pillow() -> Iterator[ImageFile]:
    kinds = {
        "png": ("PNG", "1 L LA P RGB RGBA", {}),
        "bmp": ("BMP", "1 L P RGB", {}),
        "dib": ("BMP", "L RGB", {}),
        "tif": ("TIFF", "1 L LA P RGB RGBA", {}),
        "tiff": ("TIFF", "1 L LA P RGB RGBA", {"compression": "tiff_lzw"}),
        "webp": ("WEBP", "L P RGB RGBA LA", {"lossless": True, "exact": True}),
        "jp2": ("JPEG2000", "L LA RGB RGBA", {}),
        "j2k": ("JPEG2000", "L RGB", {"no_jp2": True}),
        "gif": ("GIF", "1 L P", {}),
        "tga": ("TGA", "L LA RGB RGBA P", {}),
        "pgm": ("PPM", "L", {}),
        "ppm": ("PPM", "RGB", {}),
        "pnm": ("PPM", "L RGB", {}),
        "pbm": ("PPM", "1", {}),
    }
    for suffix, (kind, modes, options) in kinds.items():
        for mode in modes.split():
            picture, values, alpha = _modes()[mode]
            one = mode == "1" and suffix not in ("gif",)
            yield ImageFile(
                f"{suffix} {mode}", f".{suffix}", _saved(picture, kind, **options), values,
                1 if one else 4 if mode == "P" and suffix == "png" else 8, alpha=alpha,
            )  # fmt: skip
    for suffix in ("jpg", "jpeg", "jpe", "jfif"):
        for mode in ("L", "RGB", "CMYK", "YCbCr"):
            data = _saved(Pillow.fromarray(RGB).convert(mode), "JPEG", quality=90)
            plain = Pillow.open(io.BytesIO(data))
            tolerance = 2 if mode == "CMYK" else 0
            values = np.asarray(plain.convert("L" if mode == "L" else "RGB"))
            yield ImageFile(f"{suffix} {mode}", f".{suffix}", data, values, tolerance=tolerance)
    progressive = _saved(Pillow.fromarray(RGB), "JPEG", progressive=True)
    yield ImageFile("jpg progressive", ".jpg", progressive, np.asarray(Pillow.open(io.BytesIO(progressive))))
    lossy = _saved(Pillow.fromarray(RGB), "AVIF", quality=100, subsampling="4:4:4")
    yield ImageFile("avif RGB", ".avif", lossy, RGB, tolerance=4)


def turned(values: Array, orientation: int) -> Array:
    """Turn values as the EXIF standard describes the eight orientations."""
    turns = {
        1: values, 2: np.fliplr(values), 3: np.rot90(values, 2), 4: np.flipud(values),
        5: np.swapaxes(values, 0, 1), 6: np.rot90(values, -1), 7: np.rot90(np.swapaxes(values, 0, 1), 2),
        8: np.rot90(values),
    }  # fmt: skip
    return turns[orientation]


def _orientations() -> Iterator[ImageFile]:
    for orientation in range(1, 9):
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        jpeg = _saved(Pillow.fromarray(RGB), "JPEG", exif=exif)
        plain = np.asarray(Pillow.open(io.BytesIO(_saved(Pillow.fromarray(RGB), "JPEG"))))
        yield ImageFile(f"jpg exif {orientation}", ".jpg", jpeg, turned(plain, orientation))
        for kind, options in (("PNG", {}), ("WEBP", {"lossless": True})):
            data = _saved(Pillow.fromarray(RGB), kind, exif=exif, **options)
            yield ImageFile(f"{kind} exif {orientation}", f".{kind.lower()}", data, turned(RGB, orientation))
        for values, bits in ((RGB, 8), (GRAY, 8), (DEEP, 16)):
            for compression in ("raw", "tiff_lzw"):
                data = _saved(Pillow.fromarray(values), "TIFF", tiffinfo={274: orientation}, compression=compression)
                yield ImageFile(
                    f"tif {values.dtype} {values.ndim} {compression} orientation {orientation}", ".tif", data,
                    turned(values, orientation), bits, 2**bits - 1,
                )  # fmt: skip


def chunk(name: bytes, content: bytes) -> bytes:
    """Make a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    values: Array, bits: int, colour: int, extra: bytes = b"", size: tuple[int, int] | None = None, lacking: int = 0
) -> bytes:
    """Write a PNG file of any depth and colour type by hand; `lacking` bytes of its pixels are left out."""
    return _png_file(_png_rows(values, bits), bits, colour, size or values.shape[:2], extra, lacking)


def interlaced(values: Array, bits: int, colour: int, lacking: int = 0) -> bytes:
    """Write a PNG file in seven passes, as the standard describes them."""
    starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    passes = [values[top::down, left::across] for top, left, down, across in starts]
    raw = b"".join(_png_rows(part, bits) for part in passes if part.size)
    return _png_file(raw, bits, colour, values.shape[:2], lacking=lacking, method=1)


def _png_rows(values: Array, bits: int) -> bytes:
    flat = values.reshape(values.shape[0], -1)
    if bits == 16:
        rows = flat.astype(">u2").view(np.uint8).reshape(len(flat), -1)
    else:
        digits = np.unpackbits(flat.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - bits :]
        rows = np.packbits(digits.reshape(len(flat), -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def _png_file(
    raw: bytes, bits: int, colour: int, size: tuple[int, ...], extra: bytes = b"", lacking: int = 0, method: int = 0
) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size[1], size[0], bits, colour, 0, 0, method))
    packed = zlib.compress(raw[: len(raw) - lacking])
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _png() -> Iterator[ImageFile]:
    for bits in (1, 2, 4, 8, 16):
        values = _RANDOM.integers(0, 2**bits, (HEIGHT, WIDTH)).astype(np.uint16)
        wide = values if bits == 16 else (values * (255 // (2**bits - 1))).astype(np.uint8)
        yield ImageFile(f"png gray {bits}", ".png", png(values, bits, 0), wide, bits, 65535 if bits == 16 else 255)
        if bits < 16:
            colours = _RANDOM.integers(0, 256, (2**bits, 3), np.uint8)
            for name, extra in (("", b""), (" transparent", chunk(b"tRNS", b"\0"))):
                data = png(values, bits, 3, chunk(b"PLTE", colours.tobytes()) + extra)
                yield ImageFile(f"png palette {bits}{name}", ".png", data, colours[values], bits)
    deep = {"bits": 16, "maximum": 65535}
    rgba, la = np.dstack([DEEP_RGB, DEEP]), np.dstack([DEEP, DEEP[::-1]])
    yield ImageFile("png rgb 16", ".png", png(DEEP_RGB, 16, 2), DEEP_RGB, **deep)
    yield ImageFile("png rgba 16", ".png", png(rgba, 16, 6), DEEP_RGB, alpha=DEEP, **deep)
    yield ImageFile("png la 16", ".png", png(la, 16, 4), DEEP, alpha=DEEP[::-1], **deep)
    yield ImageFile("png gamma", ".png", png(GRAY, 8, 0, chunk(b"gAMA", struct.pack(">I", 100000))), GRAY)
    yield ImageFile("png 12 significant bits", ".png", png(DEEP, 16, 0, chunk(b"sBIT", b"\x0c")), DEEP, **deep)
    pictures = [Pillow.fromarray(RGB), Pillow.fromarray(255 - RGB)]
    animated = _saved(pictures[0], "PNG", save_all=True, append_images=pictures[1:])
    yield ImageFile("png animated", ".apng", animated, RGB, pages=2)
    for mode, stored in (("I;16", "<u2"), ("I;16B", ">u2")):
        picture = Pillow.frombytes(mode, (WIDTH, HEIGHT), DEEP.astype(stored).tobytes())
        yield ImageFile(f"png {mode}", ".png", _saved(picture, "PNG"), DEEP, **deep)
    yield ImageFile("png interlaced", ".png", interlaced(RGB, 8, 2), RGB)
    yield ImageFile("png of opencv", ".png", cv2.imencode(".png", RGB[..., ::-1])[1].tobytes(), RGB)


def tiff(values: Array, **options: Any) -> bytes:
    """Write a TIFF file with tifffile."""
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def packed_tiff(values: Array, bits: int) -> bytes:
    """Write a gray TIFF file whose values of 2 to 14 bits follow each other without gaps."""
    digits = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(HEIGHT, WIDTH, 2), axis=2)[:, :, 16 - bits :]
    data = np.packbits(digits.reshape(HEIGHT, -1), axis=1).tobytes()
    tags = {256: WIDTH, 257: HEIGHT, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: HEIGHT, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + b"\0" * 4


def _tiff() -> Iterator[ImageFile]:
    planes = np.moveaxis
    separate = {"photometric": "rgb", "planarconfig": "separate"}
    black, white, rgb = {"photometric": "minisblack"}, {"photometric": "miniswhite"}, {"photometric": "rgb"}
    alphas = {name: {"extrasamples": [name]} for name in ("unassalpha", "assocalpha", "unspecified")}
    deep = {"bits": 16, "maximum": 65535}
    colormap = _RANDOM.integers(0, 65536, (3, 256)).astype(np.uint16)
    looked_up = planes((colormap >> 8).astype(np.uint8)[:, GRAY], 0, -1)
    yield ImageFile("tif white is zero", ".tif", tiff(GRAY, **white), 255 - GRAY)
    yield ImageFile("tif white is zero 16", ".tif", tiff(DEEP, **white), 65535 - DEEP, **deep)
    yield ImageFile("tif bilevel", ".tif", tiff(BILEVEL > 0, **black), BILEVEL, 1)
    yield ImageFile("tif bilevel white is zero", ".tif", tiff(BILEVEL > 0, **white), 255 - BILEVEL, 1)
    yield ImageFile("tif palette", ".tif", tiff(GRAY, photometric="palette", colormap=colormap), looked_up)
    yield ImageFile("tif planes", ".tif", tiff(planes(RGB, -1, 0), **separate), RGB)
    yield ImageFile("tif planes 16", ".tif", tiff(planes(DEEP_RGB, -1, 0), **separate), DEEP_RGB, **deep)
    yield ImageFile("tif tiles", ".tif", tiff(RGB, tile=(16, 16), **rgb), RGB)
    yield ImageFile("tif tiles gray", ".tif", tiff(GRAY, tile=(16, 16), **black), GRAY)
    yield ImageFile("tif tiles 16", ".tif", tiff(DEEP, tile=(16, 16), **black), DEEP, **deep)
    for order, name in (("<", "little"), (">", "big")):
        yield ImageFile(f"tif 16 {name}", ".tif", tiff(DEEP, byteorder=order, **black), DEEP, **deep)
        yield ImageFile(f"tif rgb 16 {name}", ".tif", tiff(DEEP_RGB, byteorder=order, **rgb), DEEP_RGB, **deep)
        yield ImageFile(f"tif float {name}", ".tif", tiff(DEEP.astype("f4"), byteorder=order, **black), DEEP, 32, None)
    zipped = {"compression": "zlib"}
    for options in (zipped, {**zipped, "predictor": True}, {"compression": "lzma"}, {"bigtiff": True}):
        name = " ".join(map(str, options.values()))
        yield ImageFile(f"tif {name}", ".tif", tiff(RGB, **rgb, **options), RGB)
        yield ImageFile(f"tif 16 {name}", ".tif", tiff(DEEP, **black, **options), DEEP, **deep)
    for compression in ("tiff_lzw", "packbits", "tiff_adobe_deflate"):
        data = _saved(Pillow.fromarray(DEEP), "TIFF", compression=compression)
        yield ImageFile(f"tif 16 {compression}", ".tif", data, DEEP, **deep)
    for name, extra in alphas.items():
        rgba, la = np.dstack([DEEP_RGB, DEEP]), np.dstack([DEEP, DEEP[::-1]])
        yield ImageFile(f"tif rgba {name}", ".tif", tiff(RGBA, **rgb, **extra), RGB, alpha=ALPHA)
        yield ImageFile(f"tif rgba 16 {name}", ".tif", tiff(rgba, **rgb, **extra), DEEP_RGB, alpha=DEEP, **deep)
        yield ImageFile(f"tif la {name}", ".tif", tiff(np.dstack([GRAY, ALPHA]), **black, **extra), GRAY, alpha=ALPHA)
        yield ImageFile(f"tif la 16 {name}", ".tif", tiff(la, **black, **extra), DEEP, alpha=DEEP[::-1], **deep)
    for kind in ("i1", "i2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"):
        values = (GRAY // 2).astype(kind)
        yield ImageFile(f"tif {kind}", ".tif", tiff(values, **black), values, 8 * values.itemsize, None)
    for kind in ("f4", "u4", "f8"):
        yield ImageFile(f"tif rgb {kind}", ".tif", tiff(RGB.astype(kind), **rgb), RGB, 8 * int(kind[1]), None)
    yield ImageFile("tif pages", ".tif", tiff(np.stack([GRAY, 255 - GRAY]), **black), GRAY, pages=2)
    for bits in (2, 4, 10, 12, 14):
        values = _RANDOM.integers(0, 2**bits, (HEIGHT, WIDTH)).astype(np.uint16)
        wide = (values * (255 // (2**bits - 1))).astype(np.uint8) if bits < 8 else values
        yield ImageFile(f"tif {bits} bits", ".tif", packed_tiff(values, bits), wide, bits, max(255, 2**bits - 1))
    for mode in ("CMYK", "YCbCr", "PA"):
        picture = Pillow.fromarray(RGBA if mode == "PA" else RGB).convert(mode)
        alpha, colours = np.asarray(picture.getchannel("A")) if mode == "PA" else None, picture.convert("RGB")
        yield ImageFile(f"tif {mode}", ".tif", _saved(picture, "TIFF"), np.asarray(colours), tolerance=2, alpha=alpha)
    for mode in ("I", "F"):
        picture = Pillow.fromarray(GRAY.astype("i4" if mode == "I" else "f4"))
        yield ImageFile(f"tif {mode}", ".tif", _saved(picture, "TIFF"), GRAY, 32, None)


def _netpbm() -> Iterator[ImageFile]:
    for maximum in (1, 15, 100, 255, 1023, 4095, 65535):
        bits, stored = maximum.bit_length(), np.dtype("u1" if maximum < 256 else ">u2")
        colours = _RANDOM.integers(0, maximum + 1, (HEIGHT, WIDTH, 4))
        wide = np.rint(colours * 255 / maximum).astype(np.uint8) if maximum < 256 else colours.astype(np.uint16)
        says = {"bits": bits, "maximum": max(maximum, 255)}
        for number, channels, suffix in ((2, 1, ".pgm"), (5, 1, ".pgm"), (3, 3, ".ppm"), (6, 3, ".pnm")):
            part = colours[..., :channels]
            text = b"\n".join(b" ".join(b"%d" % value for value in row.ravel()) for row in part) + b"\n"
            body = text if number < 4 else part.astype(stored).tobytes()
            head = b"P%d\n# of a camera\n%d %d\n%d\n" % (number, WIDTH, HEIGHT, maximum)
            plain = wide[..., 0] if channels == 1 else wide[..., :3]
            yield ImageFile(f"P{number} to {maximum}", suffix, head + body, plain, **says)
        kinds = {1: b"GRAYSCALE", 2: b"GRAYSCALE_ALPHA", 3: b"RGB", 4: b"RGB_ALPHA"}
        for channels, kind in kinds.items():
            head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n" % (
                WIDTH, HEIGHT, channels, maximum, kind,
            )  # fmt: skip
            plain = wide[..., 0] if channels < 3 else wide[..., :3]
            alpha = wide[..., channels - 1] if channels in (2, 4) else None
            body = colours[..., :channels].astype(stored).tobytes()
            yield ImageFile(f"P7 {kind.decode()} to {maximum}", ".pam", head + body, plain, alpha=alpha, **says)
    bits_as_text = b"".join(b"%d" % (value == 0) for value in BILEVEL.ravel())
    yield ImageFile("P1", ".pbm", b"P1 %d %d\n" % (WIDTH, HEIGHT) + bits_as_text, BILEVEL, 1)
    for order, sign in (("<", b"-1.0"), (">", b"1.0")):
        for values, letter in ((DEEP, b"f"), (DEEP_RGB, b"F")):
            head = b"P%s\n%d %d\n%s\n" % (letter, WIDTH, HEIGHT, sign)
            data = head + values[::-1].astype(f"{order}f4").tobytes()
            yield ImageFile(f"P{letter.decode()} {order}", ".pfm", data, values, 32, None)


def _bmp() -> Iterator[ImageFile]:
    def file(bits: int, rows: list[bytes], compression: int = 0, palette: bytes = b"", height: int = HEIGHT) -> bytes:
        data = b"".join(row + b"\0" * (-len(row) % 4) if not compression else row for row in rows)
        start = 54 + len(palette)
        return (
            b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
            + struct.pack("<IiiHHII", 40, WIDTH, height, 1, bits, compression, len(data))
            + struct.pack("<iiII", 0, 0, len(palette) // 4, 0)
            + palette + data
        )  # fmt: skip

    yield ImageFile("bmp from the top", ".bmp", file(24, [row[:, ::-1].tobytes() for row in RGB], height=-HEIGHT), RGB)
    colours = _RANDOM.integers(0, 256, (16, 4), np.uint8)
    values = _RANDOM.integers(0, 16, (HEIGHT, WIDTH)).astype(np.uint8)
    looked_up = colours[values][..., 2::-1]
    four = [(row[0::2] << 4 | row[1::2]).tobytes() for row in values[::-1]]
    yield ImageFile("bmp 4 bits", ".bmp", file(4, four, palette=colours.tobytes()), looked_up)
    runs = [b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in values[::-1]] + [b"\0\1"]
    yield ImageFile("bmp runs", ".bmp", file(8, runs, 1, np.tile(colours, (16, 1)).tobytes()), looked_up)
    padded = [np.dstack([row[None, :, ::-1], np.zeros((1, WIDTH, 1), np.uint8)]).tobytes() for row in RGB[::-1]]
    yield ImageFile("bmp 32 bits", ".bmp", file(32, padded), RGB)


def _others() -> Iterator[ImageFile]:
    pictures = [Pillow.fromarray(GRAY), Pillow.fromarray(255 - GRAY)]
    animated = _saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:])
    yield ImageFile("gif animated", ".gif", animated, GRAY, pages=2)
    yield ImageFile("tga top", ".tga", _saved(Pillow.fromarray(RGB), "TGA", orientation=1), RGB)
    yield ImageFile("tga runs", ".tga", _saved(Pillow.fromarray(RGB), "TGA", compression="tga_rle"), RGB)
    deep = {"bits": 16, "maximum": 65535}
    yield ImageFile("jp2 16", ".jp2", _saved(Pillow.fromarray(DEEP), "JPEG2000"), DEEP, **deep)
    rate = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
    large = np.tile(DEEP_RGB, (8, 8, 1))  # OpenCV's encoder takes no small pictures
    yield ImageFile("jp2 rgb 16", ".jp2", cv2.imencode(".jp2", large[..., ::-1], rate)[1].tobytes(), large, **deep)
    several = _saved(Pillow.fromarray(RGB), "MPO", save_all=True, append_images=[Pillow.fromarray(255 - RGB)])
    yield ImageFile("jpg of several", ".jpg", several, np.asarray(Pillow.open(io.BytesIO(several))))
