"""What is read of strangers: each reader with a few small valid files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from fusionbench.datasets import images, load_dataset
from fusionbench.datasets.labels.coco import read_coco
from fusionbench.datasets.labels.masks import read_mask
from fusionbench.datasets.labels.objects import Frame
from fusionbench.datasets.labels.voc import read_voc
from fusionbench.datasets.labels.yolo import read_yolo
from fusionbench.datasets.ranges import parse_ranges
from fusionbench.errors import InputError
from fusionbench.methods import get_method
from fusionbench.methods.film.text.precomputed import Precomputed
from fusionbench.metrics.evaluation import select
from fusionbench.results.manifest import DatasetRecord, Manifest, MethodRecord
from fusionbench.results.profiles import Latency, Profile, read_profiles
from fusionbench.results.records import Record, write_record
from fusionbench.results.rows import Row, header_line, row_line
from fusionbench.results.runs import RunFolder
from fusionbench.results.training import Table, read_training
from fusionbench.sizes import parse_size, parse_size_or_auto

from ..datasets.image_files import GRAY, image_files
from ..datasets.labels import malformed
from . import bundle
from .damage import Way, in_h5, in_json, in_png, in_safetensors, in_zip

Files = dict[str, bytes]
_PAIR = "01"
_IMAGES = {
    "png": (".png",), "jpeg": (".jpg",), "tiff": (".tif", ".tiff"), "bmp": (".bmp", ".dib"),
    "netpbm": (".pgm", ".ppm", ".pnm", ".pbm", ".pam", ".pfm"), "webp": (".webp",), "jpeg2000": (".jp2", ".j2k"),
    "gif": (".gif",), "tga": (".tga",), "avif": (".avif",),
}  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """A way to read a file.

    Attributes
    ----------
    name : what the command calls it.
    make : writes valid files into an empty folder, and gives those that are to be damaged.
    read : reads one.
    deep : damages a file in a way that this format does not notice at once; used for every second input.
    torch : whether it takes PyTorch.
    refused : the files are no valid ones, and read with an error of ours.
    place : what an error names, of a file; by default its path.
    """

    name: str
    make: Callable[[Path], list[Path]]
    read: Callable[[Path], object]
    deep: Way | None = None
    torch: bool = False
    refused: bool = False
    place: Callable[[Path], str] = str

    @property
    def possible(self) -> bool:
        """Whether all that it takes is installed."""
        return not self.torch or find_spec("torch") is not None


def _making(files: Files) -> Callable[[Path], list[Path]]:
    return lambda folder: put(folder, files)


def put(folder: Path, files: Files) -> list[Path]:
    """Write files below a folder."""
    paths = [folder / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return paths


# ------------------------------------------------------------------------------------------------------------- images
def _image_reader(name: str, suffixes: tuple[str, ...]) -> Reader:
    def make(folder: Path) -> list[Path]:
        files = [file for file in image_files() if file.suffix in suffixes]
        return put(folder, {f"{number:03}{file.suffix}": file.data for number, file in enumerate(files)})

    return Reader(name, make, _read_image, in_png if name == "png" else None)


def _read_image(path: Path) -> object:
    with contextlib.suppress(InputError):
        images.probe(path)
    return images.read_picture(path, alpha=True)


# --------------------------------------------------------------------------------------------------------------- texts
def _array(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _make_npy(folder: Path) -> list[Path]:
    values = np.ones((2, 768), np.float32)
    return put(folder, {"01.npy": _array(values), "02.npy": _array(values[None].astype(np.float64))})


def _pair(path: Path, name: str = "") -> Any:
    from fusionbench.datasets.pair import Pair

    return Pair(name or path.stem, path, path, "IVF")


def _read_npy(path: Path) -> object:
    return Precomputed(path.parent).features(_pair(path), GRAY.astype("f4"), GRAY.astype("f4"))


def _make_h5(folder: Path, groups: tuple[str, ...]) -> list[Path]:
    import h5py

    shapes = {"imageA": (1, 8, 9), "imageB": (1, 8, 9), "text": (1, 2, 768)}
    path = folder / "texts.h5"
    with h5py.File(path, "w") as file:
        for group in groups:
            for name, options in ((_PAIR, {}), ("02", {"chunks": True, "compression": "gzip"})):
                values = np.ones(shapes[group], np.float32)
                file.create_dataset(f"{group}/{name}", data=values, **options).attrs["task"] = np.bytes_("IVF")
    return [path]


def _read_h5(path: Path) -> object:
    texts = [Precomputed(path).features(_pair(path, name), *[GRAY.astype("f4")] * 2) for name in (_PAIR, "02")]
    assert all(text.shape[1] == 768 for text in texts)
    return texts


def read_pairs(path: Path) -> object:
    from fusionbench.training.recipes.film.pairs import PairFile

    file = PairFile(path)
    for name in file.names:
        a, b, text = file.read(name)
        assert a.shape == b.shape == file.sizes[name]
        assert all(np.isfinite(values).all() for values in (a, b, text))
        assert text.shape[1] == 768
    return file.names


def _read_caption(path: Path) -> object:
    from fusionbench.methods.film.text.blip2 import Blip2

    return Blip2(texts=path.parent)._paragraph(_pair(path))


# ------------------------------------------------------------------------------------------------------------- weights
def _tensors() -> dict[str, Any]:
    import torch

    return {"a.weight": torch.arange(12.0).reshape(3, 4), "a.bias": torch.ones(3), "n": torch.tensor(7)}


def _make_safetensors(folder: Path) -> list[Path]:
    from fusionbench.weights import save_state

    save_state(folder / "weights.safetensors", _tensors(), {"method": "film"})
    return [folder / "weights.safetensors"]


def _make_torch(folder: Path, zipped: bool) -> list[Path]:
    import torch

    contents = {"bare.pth": _tensors(), "rich.pth": {"epoch": 3, "lr": np.float64(0.1), "model": _tensors(),
                                                     "arrays": {"x": np.arange(4)}, "notes": [None, b"x"]}}  # fmt: skip
    for name, content in contents.items():
        torch.save(content, folder / name, _use_new_zipfile_serialization=zipped)
    return [folder / name for name in contents]


def _make_npz(folder: Path) -> list[Path]:
    np.savez(folder / "weights.npz", **{"a.weight": np.arange(12.0).reshape(3, 4), "a.bias": np.ones(3)})
    return [folder / "weights.npz"]


def _make_jittor(folder: Path) -> list[Path]:
    from fusionbench.weights.jittor import write_jittor

    write_jittor(folder / "weights.pkl", {"a.weight": np.arange(12.0).reshape(3, 4)}, {"method": "film"})
    return [folder / "weights.pkl"]


def _in_jittor(data: bytes, random: Any) -> bytes:
    """Damage the pickle; its checksum is right."""
    import hashlib

    from fusionbench.weights.jittor import HASHED, TRAILER

    from .damage import damage

    body = damage(data[: -HASHED - len(TRAILER)], random)
    return body + hashlib.sha1(body, usedforsecurity=False).digest() + TRAILER


def _make_bundle(folder: Path) -> list[Path]:
    name = "model.ckpt"
    index = bundle.index(bundle.entries())
    return put(folder, {f"{name}.index": index, f"{name}.data-00000-of-00001": bundle.DATA})[:1]


def _make_bundle_data(folder: Path) -> list[Path]:
    _make_bundle(folder)
    return [folder / "model.ckpt.data-00000-of-00001"]


def _make_other(folder: Path) -> list[Path]:
    """Make files that are no weights, and are told from them."""
    from ..weights.test_kinds import FILES

    return put(folder, {f"{name}.pth": make() for name, (make, _) in FILES.items()})


def _make_fused_zip(folder: Path) -> list[Path]:
    for name, packing in (("stored.zip", zipfile.ZIP_STORED), ("packed.zip", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(folder / name, "w", packing) as archive:
            for number in (1, 2):
                archive.writestr(f"a/{number}.png", _png())
    return [folder / "stored.zip", folder / "packed.zip"]


def _read_weights(path: Path) -> object:
    from fusionbench.weights import describe

    return describe(path)


def _read_weight_name(text: str) -> object:
    from fusionbench.weights.fetch import weights_path

    return weights_path(text, "film")


# ------------------------------------------------------------------------------------------------------------- results
def _make_manifests(folder: Path) -> list[Path]:
    method = MethodRecord(name="average", options={"level": 3}, label="average")
    manifest = Manifest(
        method=method, dataset=DatasetRecord(name="toy", split="all", label="toy (all)"), tasks=["IVF"], root="data",
        pairs=["1"], sources={"1": ["ir/1.png", "vi/1.png"]}, skipped={"2": "of another size"},
        environment={"python": "3.12"},
    )  # fmt: skip
    write_record(folder / "run.json", manifest)
    return [folder / "run.json"]


def _read_manifest(path: Path) -> object:
    manifest = RunFolder(path.parent).manifest()
    return manifest and [_written(manifest), *map(manifest.source_files, manifest.pairs)]


def _written(record: Record) -> bytes:
    return json.dumps(record.content(), ensure_ascii=False).encode()


def _make_profiles(folder: Path) -> list[Path]:
    profile = Profile(
        method=MethodRecord(name="average", options={}, label="average"), size=(8, 8), device="cpu", machine="a",
        threads=1, runs=2, environment={"torch": "2.5"}, parameters=None, flops=None, throughput=2.0,
        latency=Latency(median=0.5, low=0.4, high=0.6), peak_memory=None, seconds=[0.5, 0.5],
    )  # fmt: skip
    write_record(folder / "profile/average/8x8-cpu.json", profile)
    return [folder / "profile/average/8x8-cpu.json"]


def _read_profile(path: Path) -> object:
    profiles = read_profiles(path.parent.parent.parent)
    return [(profile.setting, profile.circumstances, _written(profile)) for profile in profiles]


def _make_rows(folder: Path) -> list[Path]:
    """Make a table as it is written, and one without sums, as it was before."""
    rows = [Row("01", metrics={"EN@film": 6.5}, facts={"fused_min": 0.0}, seconds=0.25, sources="ab", image="cd"),
            Row("=x,\n", "failed", 'it says "no"')]  # fmt: skip
    table = header_line(["EN@film"]) + "".join(row_line(row, ["EN@film"]) for row in rows)
    old = "pair,status,reason,seconds,sources,EN@film\n01,ok,,0.25,ab,6.5\n02,failed,why,,ab,\n"
    return put(folder, {"now/metrics.csv": table.encode(), "old/metrics.csv": old.encode()})


_LOSSES = b"step,epoch,stage,learning_rate,loss,pixel\n1,1,IVF,0.1,2.5,1.5\n2,1,IVF,0.1,2.25,\n"


def _make_losses(folder: Path) -> list[Path]:
    put(folder, {"options.json": b"{}"})
    return put(folder, {"losses.csv": _LOSSES, "losses_by_epoch.csv": b"epoch,loss\n1,2.5\n"})


def _read_losses(path: Path) -> object:
    loose = read_training(path.parent, strict=False).losses
    return loose, read_training(path.parent).losses


def _read_table(path: Path) -> object:
    table = Table(path, "step", 2)
    table.add({"step": 3, "loss": 1.0})
    table.close()
    return table.columns


def _make_options(folder: Path) -> list[Path]:
    from fusionbench.training.options import make_options

    make_options({"dataset": "toy", "epochs": 2, "lr": 0.1, "name": "one", "patch": 32}).save(folder)
    return [folder / "options.json"]


def _read_training_options(path: Path) -> object:
    from fusionbench.training.options import load_options
    from fusionbench.training.registry import find_training
    from fusionbench.training.unread import require_known

    options = load_options(path.parent)
    require_known(find_training("u2fusion"), options.settings, str(path))
    return options


# --------------------------------------------------------------------------------------------------------------- lists
def _make_lists(folder: Path) -> list[Path]:
    names = ["FLIR_00006", "FLIR_00018", "日本", "a b"]
    for side in ("ir", "vi"):
        for name in names:
            images.write(folder / "data" / side / f"{name}.png", GRAY)
    rows = "".join(f"{number},ir/{name}.png,vi/{name}.png\n" for number, name in enumerate(names))
    return put(folder, {
        "names.txt": "\n".join(names).encode(), "paths.txt": "".join(f"D:\\x\\ir\\{n}.png\n" for n in names).encode(),
        "table.csv": f"id,ir,vis\n{rows}".encode(), "gb.txt": "\n".join(names).encode("gb18030"),
        "wide.txt": "\n".join(names).encode("utf-16"), "list.json": json.dumps({"test": names}).encode(),
        "python.txt": repr(names).encode(), "records.json": json.dumps([{"ir": n, "id": 3} for n in names]).encode(),
    })  # fmt: skip


def _read_list(path: Path) -> object:
    return load_dataset(path.parent / "data", split=path, on_error="skip").pairs


# -------------------------------------------------------------------------------------------------------------- labels
_PLACES: dict[str, int | None] = {"person": 0, "bicycle": 1, "car": 2, "dog": None}


def _read_coco(path: Path) -> object:
    file = read_coco(path)
    return [file.boxes(image, _PLACES, _FRAME) for image in file.images]


_FRAME = Frame((malformed.HEIGHT, malformed.WIDTH), ((malformed.HEIGHT, malformed.WIDTH),))
_VOC = malformed.voc(malformed.box(1, 2, 9, 9), malformed.box(0, 0, 30, 20, "dog") + "<difficult>1</difficult>")
_COCO = malformed.coco([malformed.found(), malformed.found(id=8, category_id=3, iscrowd=1)])
_MASK = malformed.png(np.arange(600).reshape(20, 30) % 9)
_VOCS = {"1.xml": _VOC, "2.xml": _VOC.decode().encode("utf-16"), "3.xml": b'<?xml version="1" encoding="gbk"?>' + _VOC}
_YOLOS = {"1.txt": b"0 0.5 0.5 0.1 0.1\n2 0.25 0.25 0.5 0.5\n", "2.txt": b""}


# ----------------------------------------------------------------------------------------- what stands on command lines
def _words(
    name: str, read: Callable[[str], object], *valid: str, beside: Files | None = None, torch: bool = False
) -> Reader:
    """Make a reader of texts of the command line, which hold any bytes but zero; files lie beside them."""

    def make(folder: Path) -> list[Path]:
        put(folder, beside or {})
        return put(folder, {f"{number}.txt": text.encode() for number, text in enumerate(valid)})

    def read_words(path: Path) -> object:
        return read(os.fsdecode(path.read_bytes().replace(b"\0", b"")))

    return Reader(name, make, read_words, torch=torch, place=lambda path: "")


def _read_size(text: str) -> object:
    with contextlib.suppress(InputError):
        parse_size_or_auto(text)
    return parse_size(text)


_CODE = b"""from fusionbench.methods import Method
class Mine(Method):
    name, tasks, reference, quantise = "mine", ("IVF",), "none", "clip"
    def fuse(self, a, b, **context): return a
"""
_METHODS = (
    "mine.py:Mine", "average", "laplacian[levels=5]", "five=laplacian[levels=5,quantise=minmax]", "folder:fused",
    "film[text=none]", "cmd[timeout=3]:python fuse.py {a} {b} {out}",
)  # fmt: skip


def _png() -> bytes:
    return next(file.data for file in image_files() if file.name == "png L")


_SPLIT = {"data/ir/1.png": _png(), "data/vi/1.png": _png(), "data/test.txt": b"1"}


READERS = (
    *(_image_reader(name, suffixes) for name, suffixes in _IMAGES.items()),
    Reader("npy", _make_npy, _read_npy, place=lambda path: str(path.parent)),
    Reader("h5-text", lambda folder: _make_h5(folder, ("text",)), _read_h5, in_h5),
    Reader("h5-pairs", lambda folder: _make_h5(folder, ("imageA", "imageB", "text")), read_pairs, in_h5),
    Reader("captions", _making({"01.txt": "A car, fährt.".encode(), "02.txt": b"one\ntwo\r\n"}), _read_caption),
    Reader("safetensors", _make_safetensors, _read_weights, in_safetensors, torch=True),
    Reader("torch", lambda folder: _make_torch(folder, zipped=True), _read_weights, in_zip, torch=True),
    Reader("torch-legacy", lambda folder: _make_torch(folder, zipped=False), _read_weights, torch=True),
    Reader("npz", _make_npz, _read_weights, in_zip, torch=True),
    Reader("jittor", _make_jittor, _read_weights, _in_jittor, torch=True),
    Reader("tensorflow-index", _make_bundle, _read_weights, bundle.in_index, torch=True),
    Reader("tensorflow-data", _make_bundle_data, _read_weights, torch=True, place=lambda path: path.stem),
    Reader("fused-zip", _make_fused_zip, lambda path: get_method(f"folder:{path}"), in_zip),
    Reader("no-weights", _make_other, _read_weights, torch=True, refused=True),
    Reader("manifests", _make_manifests, _read_manifest, in_json),
    Reader("profiles", _make_profiles, _read_profile, in_json),
    Reader("rows", _make_rows, lambda path: RunFolder(path.parent).table_with_damage()),
    Reader("losses", _make_losses, _read_losses, place=lambda path: str(path.parent)),
    Reader("losses-to-go-on", _making({"losses.csv": _LOSSES}), _read_table),
    Reader("training-options", _make_options, _read_training_options, in_json),
    Reader("voc", _making(_VOCS), lambda path: read_voc(path, _PLACES, _FRAME)),
    Reader("yolo", _making(_YOLOS), lambda path: read_yolo(path, ("person", "bicycle", "car"), _PLACES, _FRAME)),
    Reader("coco", _making({"1.json": _COCO}), _read_coco, in_json),
    Reader("masks", _making({"1.png": _MASK}), lambda path: read_mask(path, [*range(8), None], _FRAME), in_png),
    Reader("lists", _make_lists, _read_list, place=lambda path: path.name),
    _words("splits", lambda text: load_dataset("data", split=text), "all", "test", beside=_SPLIT),
    _words("methods", get_method, *_METHODS, beside={"mine.py": _CODE, "fused/01.png": b""}),
    _words("ranges", parse_ranges, "full", "a=minmax", "b=percentile:1,99", "7000,8760"),
    _words("sizes", _read_size, "480x640", "1x99999"),
    _words("metrics", lambda text: select("film", text.split(",")), "EN,MI", "Qabf@film"),
    _words("weight-names", _read_weight_name, "film-fusionbench", "0.txt#model", torch=True),
)
