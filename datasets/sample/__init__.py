"""The data set `sample`: synthetic pairs for all four tasks, for demos and tests.

Its scores say nothing about a method's worth. It is computed at first use, always the same, and kept in the cache
folder (FUSIONBENCH_CACHE, else fusionbench in XDG_CACHE_HOME or ~/.cache) with the hash of each file; where one is
damaged or was changed, all are made again.

- IVF: outdoor scenes, ray cast in the visible and, by temperature and emissivity, in the thermal infrared. What is seen
  in each pixel is known: boxes of people and cars, and masks, lie beside the images.
- MIF: slices of a head from tissue tables (MRI with CT, PET, SPECT).
- MEF, MFF: photographs that scikit-image ships (astronaut: NASA; coffee: R. Michetti; chelsea: S. van der Walt;
  rocket: SpaceX; all in the public domain or CC0), darkened, brightened and defocused by camera models. The photograph
  is the ideal fused image. One exposure pair is of the computed night scene, and has none.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ...errors import RunError
from ...files import cache_folder, write_text
from ..images import Image, write
from ..labelled import SAMPLE_BOXED
from ..labels.write import voc_text
from ..pair import Colour, Pair, Task
from . import brain, objects, photos, render, scene
from .shapes import Floats

# Several pairs are made of these.
_SCENES = {"night-street": "night", "night-exposure": "night", "window": "coffee", "coffee": "coffee"}
VERSION = 2  # of the files: the cache folder is named after it
SUMS = "SHA256SUMS"
Computed = tuple[str, tuple[Image, ...]]


# Name, task, colour and whether there is an ideal image: known without computing anything.
_PAIRS: tuple[tuple[str, Task, Colour, bool], ...] = (
    ("night-street", "IVF", "b", False),
    ("day-yard", "IVF", "b", False),
    ("smoke", "IVF", "b", False),
    ("mri-ct", "MIF", "none", False),
    ("mri-pet", "MIF", "b", False),
    ("mri-spect", "MIF", "b", False),
    ("rocket", "MEF", "both", True),
    ("window", "MEF", "both", True),
    ("night-exposure", "MEF", "both", False),
    ("astronaut", "MFF", "both", True),
    ("coffee", "MFF", "both", True),
    ("chelsea", "MFF", "both", True),
)


def pairs() -> list[Pair]:
    """Give the pairs of the sample set, which are computed if they are not in the cache as they were written.

    Raises
    ------
    InputError
        If the cache folder cannot be written to.
    RunError
        If the disk is full.
    """
    folder = cache_folder() / f"sample-{VERSION}"
    pairs = [_pair(folder, *row) for row in _PAIRS]
    images = [path for pair in pairs for path in (pair.a, pair.b, pair.truth) if isinstance(path, Path)]
    if not _is_whole(folder, [*images, *(path for pair in pairs for path in _labels(folder, pair.name))]):
        _fill(folder)
    return pairs


def _pair(folder: Path, name: str, task: Task, colour: Colour, has_truth: bool) -> Pair:
    a, b, truth = (folder / task / side / f"{name}.png" for side in ("a", "b", "truth"))
    return Pair(name, a, b, task, colour, truth if has_truth else None, scene=_SCENES.get(name))


def _labels(folder: Path, name: str) -> list[Path]:
    """Name the files of a pair's labels, where it has some: those that `labelled.SAMPLE_LABELS` declares."""
    files = folder / "IVF" / "Annotations" / f"{name}.xml", folder / "IVF" / "Labels" / f"{name}.png"
    return list(files) if name in objects.VIEWS else []


def _is_whole(folder: Path, files: Sequence[Path]) -> bool:
    """Whether these are the files that were written, byte by byte."""
    try:
        return all(path.is_file() for path in files) and (folder / SUMS).read_text("utf-8") == _sums(folder, files)
    except (OSError, UnicodeDecodeError):
        return False


def _sums(folder: Path, files: Iterable[Path]) -> str:
    """Hash files, a line each as `sha256sum` writes it, so that `sha256sum -c` can check them too."""
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in sorted(files))
    return "".join(lines)


def _fill(folder: Path) -> None:
    """Write all files beside the folder, then give them its name: it is there whole or not at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
            whole = Path(place) / "whole"
            tasks = {name: task for name, task, *_ in _PAIRS}
            for name, images in make():
                for side, image in zip(("a", "b", "truth"), images, strict=False):
                    write(whole / tasks[name] / side / f"{name}.png", image)
            for name in filter(tasks.__contains__, objects.VIEWS):
                boxes, mask = objects.labels(*objects.VIEWS[name]())
                annotation, labels = _labels(whole, name)
                write(labels, mask)
                write_text(annotation, voc_text(f"{name}.png", (mask.shape[0], mask.shape[1]), boxes, SAMPLE_BOXED))
            write_text(whole / SUMS, _sums(whole, filter(Path.is_file, whole.rglob("*.*"))))
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)  # it lacks files, or some are not as they were
            _rename(whole, folder)
    except OSError as error:
        raise RunError(
            f"cannot keep the sample set in {folder.parent}: {error.strerror or error}; "
            "set FUSIONBENCH_CACHE to a folder that can be written to"
        ) from error


def _rename(whole: Path, folder: Path) -> None:
    try:
        whole.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, with the same files
            raise


def make() -> Iterator[Computed]:
    """Compute the pairs: the name of each, its sources, and the ideal fused image where there is one."""
    yield from _outdoors()
    yield "mri-ct", brain.mri_ct(brain.Slice(256, 1))
    yield "mri-pet", brain.mri_pet(brain.Slice(256, 5, 0.9, lesion=(0.34, -0.28)))
    yield "mri-spect", brain.mri_spect(brain.Slice(288, 8, 1.35))
    yield from _exposures()
    yield from _focuses()


def _outdoors() -> Iterator[Computed]:
    light, heat = render.render(*scene.night_street())
    yield "night-street", (_thermal(heat, 1), _visible(light, 1.15, 1, noise=2.5))
    yield "night-exposure", photos.exposure_pair(_glare(light)[60:, 80:], (4.2, -0.6), 3)
    light, heat = render.render(*scene.day_yard())
    yield "day-yard", (_thermal(heat, 2), _visible(light, 1.1, 2))
    light, heat = render.render(*scene.smoke())
    yield "smoke", (_thermal(heat, 3), _visible(light, 1.0, 3))


def _exposures() -> Iterator[Computed]:
    rocket = photos.photograph("rocket.jpg", (0, 427, 0, 640), (480, 320))
    yield "rocket", (*photos.exposure_pair(photos.linear(rocket), (2.6, -2.2), 1), rocket)
    coffee = photos.photograph("coffee.png", (30, 400, 60, 430), (320, 320))
    light = photos.linear(coffee) * photos.window_light(320, 320, (0.1, 0.1), 6)
    yield "window", (*photos.exposure_pair(light, (2.4, -2.4), 2), coffee)


def _focuses() -> Iterator[Computed]:
    outline = [(0.04, 1.0), (0.03, 0.9), (0.055, 0.56), (0.14, 0.46), (0.225, 0.4), (0.24, 0.32), (0.3, 0.295),
               (0.355, 0.29), (0.3, 0.21), (0.295, 0.12), (0.335, 0.06), (0.42, 0.03), (0.52, 0.04), (0.575, 0.1),
               (0.585, 0.18), (0.54, 0.265), (0.505, 0.3), (0.57, 0.36), (0.6, 0.44), (0.67, 0.53), (0.705, 0.6),
               (0.715, 0.685), (0.81, 0.67), (0.91, 0.73), (0.98, 0.89), (0.98, 1.0)]  # fmt: skip
    astronaut = photos.photograph("astronaut.png", (0, 512, 0, 512), (384, 384))
    yield "astronaut", (*photos.focus_pair(astronaut, photos.cut_out(384, 384, outline), 4.5, 2), astronaut)
    coffee = photos.photograph("coffee.png", (0, 400, 0, 600), (480, 320))
    yield "coffee", (*photos.focus_pair(coffee, photos.ramp(320, 480, 0.1, 0.95), 6), coffee)
    chelsea = photos.photograph("chelsea.png", (0, 300, 0, 451), (432, 288))
    depth = photos.dome(288, 432, (0.72, 0.55), 0.95)
    yield "chelsea", (*photos.focus_pair(chelsea, depth, 5), chelsea)


def _visible(light: Floats, exposure: float, seed: int, noise: float = 1.0) -> Image:
    """Take a picture with an everyday camera: glare, vignetting, noise, 8 bits."""
    rng = np.random.default_rng(seed)
    height, width = light.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    vignette = 1 - 0.35 * (np.square(y / height - 0.5) + np.square(x / width - 0.5))
    picture = exposure * _glare(light) * vignette[..., None]
    spread = noise * np.sqrt(np.maximum(picture, 0) * 6e-5 + 1e-6)
    return photos.encode((picture + spread * rng.standard_normal(picture.shape)).astype(np.float32))


def _glare(light: Floats) -> Floats:
    """Scatter a little of what is brighter than white, as lenses do."""
    import cv2

    excess = np.maximum(light - 1, 0)
    halo = sum(share * cv2.GaussianBlur(excess, (0, 0), sigma) for share, sigma in ((0.25, 2.5), (0.12, 9), (0.08, 28)))
    return np.asarray(light + halo, np.float32)


def _thermal(heat: Floats, seed: int) -> Image:
    """Take a picture with a thermal camera: soft optics, noise, uneven columns, automatic gain."""
    import cv2

    rng = np.random.default_rng(seed)
    soft = np.asarray(cv2.GaussianBlur(heat.astype(np.float64), (0, 0), 0.9), np.float64)
    soft = soft + 0.004 * rng.standard_normal(soft.shape) + 0.002 * rng.standard_normal((1, soft.shape[1]))
    low, high = np.percentile(soft, (1.5, 99.8))
    return np.asarray(np.round(255 * np.clip((soft - low) / (high - low), 0, 1) ** 1.15), np.uint8)
