"""From a data set to the H5 file that FILM is trained on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import h5py
import numpy as np

from ....datasets.catalog import find_spec
from ....datasets.dataset import FusionDataset, require_pairs
from ....datasets.h5 import entry_in, group_in, open_h5, telling_damage
from ....datasets.h5pairs import GROUPS, Image
from ....datasets.images import to_gray
from ....datasets.load import load_dataset
from ....datasets.pair import Pair, Task
from ....datasets.ranges import RangeOption
from ....datasets.spec import TASKS
from ....errors import InputError, unknown
from ....files import sha256_of, writing
from ....methods.film.text import TextSource, make_text
from ....methods.film.text.captions import read_captions, require_all
from ....methods.film.text.trained import published
from .pairs import PairFile

Size = Literal["small", "native"]
Portrait = Literal["upright", "transposed"]
Progress = Callable[[int, int, str], None]
SMALL = (288, 384)


def prepare(
    dataset: str | Path, *, split: str | None = "train", size: Size = "small", text: str = "auto",
    data_root: str | Path | None = None, out: str | Path = "VLFDataset_h5", task: Task | None = None,
    a: str | None = None, b: str | None = None, small: tuple[int, int] = SMALL, portrait: Portrait = "upright",
    limit: int | None = None, range: RangeOption = None, rgbt: bool = False, captions: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:  # fmt: skip
    """Write the pairs of a data set, with their text, into an H5 file.

    The same call again goes on where it stopped; a finished file is checked and left as it is.

    Parameters
    ----------
    dataset, split, data_root, task, a, b, limit, range, rgbt : as `load_dataset` takes them. The VLF data set is found
        as any other (`data_root="VLFDataset"`).
    size : "small" brings landscape and square images to 288x384 and portrait ones to 384x288, by bilinear
        interpolation, as the published script does for training; test splits and medical pairs keep their size there,
        and here. "native" keeps every size.
    text : a source as `make_text` takes it; "auto" takes the published features beside the images
        (`TextFeature/<task>/<data set>`) where there are any, else "describe".
    out : folder of the file `<data set>_<split>.h5`.
    small : height and width of "small", for smaller machines.
    portrait : the published script turns portrait images over their diagonal, which mirrors them and swaps what the
        text calls left and above; "transposed" does the same, "upright" leaves them standing.
    captions : a file of paragraphs on the pairs, as `read_captions` takes it, which BLIP-2 embeds; `text` is "auto"
        then, or names the model, "blip2:FOLDER".
    progress : called with the number of pairs done, the number of all, and the name of the pair.

    Returns
    -------
    The file.

    Raises
    ------
    InputError
        The data set or a text is not there, the pair is named; or there is a file of other settings already.
    RunError
        The disk is full; or what was written does not read back as it should.
    """
    for name, value, known in (("size", size, get_args(Size)), ("portrait", portrait, get_args(Portrait))):
        if value not in known:
            raise unknown(name, value, known)
    data = load_dataset(
        _folder(dataset, data_root), data_root, split, task=task, a=a, b=b, limit=limit, range=range, rgbt=rgbt
    )
    require_pairs(data)
    if captions is not None:
        data, text = _with_captions(data, Path(captions), "blip2" if text == "auto" else text)
    source = make_text(text if text != "auto" else _published_text(data.pairs) or "describe")
    settings = {
        "dataset": data.name, "split": data.split, "size": size, "small": list(small), "portrait": portrait,
        "text": source.record,
        **({} if range is None else {"range": data.ranges.record}), **({"rgbt": True} if rgbt else {}),
        **({} if captions is None else {"captions": sha256_of(Path(captions))}),
    }  # fmt: skip
    target = Path(out) / f"{data.name}_{data.split}.h5"
    if target.exists():
        _check_same(target, settings, data.pairs)
        return target
    source.check(data.pairs)
    partial = target.with_name(f"{target.name}.partial")
    with writing(partial), telling_damage(partial, also=()):
        partial.parent.mkdir(parents=True, exist_ok=True)
        with _open_partial(partial, settings) as file:
            for number, pair in enumerate(data.pairs, start=1):
                if pair.name not in file["text"]:  # which is written last: a pair that has it is whole
                    _write(file, data, pair, source, lambda image, p=pair: _sized(image, p, settings, small))  # type: ignore[misc]
                if progress is not None:
                    progress(number, len(data), pair.name)
        _check_written(partial, data.pairs)
        partial.replace(target)
    return target


def _folder(dataset: str | Path, data_root: str | Path | None) -> str | Path:
    """Find a data set of the VLF data that the catalogue knows by no name, or by another."""
    if find_spec(str(dataset)) is None and data_root is not None:
        for task in TASKS:
            for top in ("Image", "VLFDataset/Image"):
                folder = Path(data_root).expanduser() / top / task / dataset
                if folder.is_dir():
                    return folder
    return dataset


def _with_captions(data: FusionDataset, path: Path, text: str) -> tuple[FusionDataset, str]:
    """Give each pair its paragraph, and the text source that embeds these."""
    kind, _, texts = text.partition("@")
    if kind.partition(":")[0] != "blip2" or texts:
        what = f"captions are embedded by blip2 or blip2:MODEL, not by {text!r}"
        raise InputError(f"{what}: leave --text or --captions out")
    captions = read_captions(path)
    require_all(captions, (pair.name for pair in data.pairs), path)
    return replace(data, pairs=tuple(replace(pair, text=captions[pair.name]) for pair in data.pairs)), text


def _published_text(pairs: Sequence[Pair]) -> str | None:
    """Find the text features that are published beside the images."""
    folder = published(pairs[0]) if pairs else None
    return f"precomputed:{folder}" if folder else None


def _open_partial(path: Path, settings: dict[str, Any]) -> h5py.File:
    """Open the unfinished file to go on with it; start anew where it has other settings or did not survive."""
    text = json.dumps(settings, sort_keys=True)
    if path.exists() and _is_sound(path, text):
        return h5py.File(path, "a")
    file = h5py.File(path, "w")
    file.attrs["settings"], file.attrs["complete"] = text, False
    for group in GROUPS:
        file.create_group(group)
    return file


def _is_sound(path: Path, settings: str) -> bool:
    """Whether an unfinished file has these settings, and all that is in it can be read."""
    try:
        with open_h5(path) as file:
            if file.attrs.get("settings") != settings:
                return False
            for group in GROUPS:
                found = group_in(file, group)
                for name in found if found is not None else ():
                    entry_in(found, name)[()]
            return all(group_in(file, group) is not None for group in GROUPS)
    except InputError:
        return False


def _write(
    file: h5py.File, dataset: FusionDataset, pair: Pair, source: TextSource, sized: Callable[[Image], Image]
) -> None:
    if "/" in pair.name:
        raise InputError(f"pair {pair.name!r} cannot be stored: an H5 file takes no name with a slash")
    a, b = (to_gray(image) for image in dataset.read(pair))
    text = source.features(pair, a / np.float32(255), b / np.float32(255))
    for group, values in (("imageA", sized(a)[None] / np.float32(255)), ("imageB", sized(b)[None] / np.float32(255)),
                          ("text", text[None])):  # fmt: skip
        if pair.name in file[group]:  # of a process that was killed between two of them
            del file[group][pair.name]
        entry = file[group].create_dataset(pair.name, data=values, dtype=np.float32)
        # of fixed length: the library can hang on texts of any length where a file is damaged
        entry.attrs["task"] = np.bytes_(pair.task)
    file.flush()  # after each pair, so that a killed process loses one pair at most


def _sized(image: Image, pair: Pair, settings: dict[str, Any], small: tuple[int, int]) -> Image:
    """Bring a gray image (H, W) in 0..255 to the size that it is stored in."""
    if settings["size"] == "native" or settings["split"] == "test" or pair.task == "MIF":
        return image
    height, width = image.shape
    transposed = settings["portrait"] == "transposed" and height >= width
    wanted = small[::-1] if height > width or transposed else small
    resized = np.asarray(cv2.resize(image, (wanted[1], wanted[0]), interpolation=cv2.INTER_LINEAR))
    return np.ascontiguousarray(resized.T if transposed else resized, dtype=np.float32)


def _check_same(path: Path, settings: dict[str, Any], pairs: Sequence[Pair]) -> None:
    with open_h5(path) as file:
        same = file.attrs.get("settings") == json.dumps(settings, sort_keys=True)
        wanted, groups = {pair.name for pair in pairs}, [group_in(file, group) for group in GROUPS]
        same = same and all(group is not None and wanted == set(group) for group in groups)
    if not same:
        raise InputError(f"{path} is there already, of other pairs or settings: delete it, or choose another --out")
    PairFile(path)


def _check_written(path: Path, pairs: Sequence[Pair]) -> None:
    """Read everything back, and mark the file as complete."""
    with h5py.File(path, "a") as file:
        wanted = {pair.name for pair in pairs}
        for group in GROUPS:
            for name in set(file[group]) - wanted:  # of an earlier, wider selection
                del file[group][name]
        file.attrs["complete"] = True
    try:
        content = PairFile(path)
        for name in content.names:
            for image in content.read(name)[:2]:
                if not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
                    raise InputError(f"the images of pair {name!r} are not in [0, 1]")
        if set(content.names) != wanted:
            raise InputError("pairs are missing")
    except InputError as error:
        path.unlink()
        raise InputError(f"what was written to {path} is not right, and was deleted ({error}): try again") from error
