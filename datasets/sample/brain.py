"""The medical pairs of the data set `sample`: slices of a head, made of tissues whose properties are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..images import Image
from .shapes import Floats, f32, noise, rough

# T1 and T2 in milliseconds at 1.5 tesla, proton density, Hounsfield units, uptake of FDG, perfusion: rounded
# textbook values.
_TISSUES = {
    "air": (1, 1, 0.0, -1000, 0.0, 0.0),
    "scalp": (280, 80, 0.9, -50, 0.12, 0.1),
    "skull": (350, 4, 0.1, 900, 0.04, 0.03),
    "fluid": (4000, 1600, 1.0, 6, 0.03, 0.02),
    "gray": (950, 100, 0.82, 38, 1.0, 1.0),
    "white": (600, 78, 0.7, 29, 0.35, 0.35),
    "nuclei": (850, 88, 0.8, 39, 1.05, 1.1),
    "tumour": (1150, 135, 0.86, 47, 1.6, 0.5),
    "oedema": (1250, 160, 0.88, 21, 0.25, 0.2),
    "calcification": (400, 10, 0.3, 320, 0.1, 0.1),
}
_CODE = {name: code for code, name in enumerate(_TISSUES)}
_TABLE = f32(list(_TISSUES.values()))
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Slice:
    """A cut through the head.

    Attributes
    ----------
    size : of the image, in pixels.
    seed : of folds and noise.
    ventricles : scale of the fluid-filled ventricles.
    lesion : x and y of a tumour (-1..1), or None.
    """

    size: int
    seed: int
    ventricles: float = 1.0
    lesion: tuple[float, float] | None = None


def mri_ct(cut: Slice) -> tuple[Image, Image]:
    """Image a slice with T2-weighted MRI, which shows soft tissue, and CT, which shows bone."""
    labels = _labels(cut)
    rng = np.random.default_rng(cut.seed)
    units = _TABLE[labels, 3] + 14 * rng.standard_normal(labels.shape)
    window = np.clip((_blur(units, 0.8) + 60) / 260, 0, 1)
    return _mri(labels, rng, repeat=4000, echo=100), _to_8_bit(window)


def mri_pet(cut: Slice) -> tuple[Image, Image]:
    """Image a slice with T1-weighted MRI and FDG-PET in pseudo-colour."""
    labels = _labels(cut)
    rng = np.random.default_rng(cut.seed)
    return _mri(labels, rng, repeat=550, echo=14), _emission(_TABLE[labels, 4], rng, 0.013 * cut.size)


def mri_spect(cut: Slice) -> tuple[Image, Image]:
    """Image a slice with T2-weighted MRI and perfusion SPECT in pseudo-colour, the blurrier of the two."""
    labels = _labels(cut)
    rng = np.random.default_rng(cut.seed)
    return _mri(labels, rng, repeat=4000, echo=85), _emission(_TABLE[labels, 5], rng, 0.022 * cut.size)


def _labels(cut: Slice) -> Labels:
    """Draw the tissues, from the outside to the inside."""
    axis = (np.arange(cut.size) + 0.5) / cut.size * 2 - 1
    x, y = (f32(grid).ravel() for grid in np.meshgrid(axis, axis))
    point = np.stack([x, y, np.full_like(x, 3.7 * cut.seed)], axis=1)
    wave = 0.03 * (noise(point * f32([3, 3, 1])) - 0.5)
    radius = np.hypot(x / 0.74, y / 0.92 + 0.03 * np.abs(x)) + wave
    labels = np.full(x.shape, _CODE["air"], np.uint8)
    for limit, tissue in ((1.0, "scalp"), (0.945, "skull"), (0.865, "fluid"), (0.835, "gray")):
        labels[radius < limit] = _CODE[tissue]
    _fold(labels, point, radius)
    _nuclei(labels, x + 0.5 * wave, y, cut.ventricles)
    if cut.lesion is not None:
        _lesion(labels, point, cut.lesion)
    return labels.reshape(cut.size, cut.size)


def _fold(labels: Labels, point: Floats, radius: Floats) -> None:
    """Separate cortex and white matter along furrows that run inwards from the surface."""
    x, y = point[:, 0], point[:, 1]
    depth = 0.835 - radius
    angle = np.arctan2(y, np.abs(x))
    bend = rough(point * f32([4, 4, 1]) + f32(9), 3)
    furrow = np.abs(np.sin(10 * angle + 13 * bend + 6 * depth))  # 0 in the middle of a furrow
    reach = f32(0.1) + f32(0.22) * noise(point * f32([5, 5, 1]) + f32(33))  # some furrows are deep, others shallow
    middle = np.abs(x) + 0.02 * (bend - 0.5)
    cleft = (np.abs(y) > 0.24) & (depth > 0)
    brain = depth > 0
    cortex = (depth < 0.055) | (furrow < 0.62) & (depth < reach + 0.04) | cleft & (middle < 0.06)
    labels[brain & ~cortex] = _CODE["white"]
    labels[brain & ((furrow < 0.2) & (depth < reach) | cleft & (middle < 0.014))] = _CODE["fluid"]


def _nuclei(labels: Labels, x: Floats, y: Floats, ventricles: float) -> None:
    """Put in the deep gray matter and the ventricles, the same on both sides."""
    side = np.abs(x)

    def ellipse(centre: tuple[float, float], axes: tuple[float, float], turn: float) -> NDArray[np.bool_]:
        c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        u, v = side - f32(centre[0]), y - f32(centre[1])
        return np.asarray(np.hypot((c * u + s * v) / axes[0], (c * v - s * u) / axes[1]) < 1)

    labels[ellipse((0.12, 0.1), (0.085, 0.13), -20)] = _CODE["nuclei"]  # thalamus
    labels[ellipse((0.26, -0.06), (0.055, 0.14), -14)] = _CODE["nuclei"]  # putamen
    labels[ellipse((0.13, -0.17), (0.05, 0.08), 18)] = _CODE["nuclei"]  # caudate
    for centre, axes, turn in (((0.07, -0.16), (0.035, 0.14), 14), ((0.13, 0.27), (0.04, 0.13), -28)):
        labels[ellipse(centre, (axes[0] * ventricles, axes[1] * ventricles), turn)] = _CODE["fluid"]
    labels[(side < 0.012 * ventricles) & (np.abs(y - 0.04) < 0.12)] = _CODE["fluid"]
    labels[np.hypot(side - 0.0, y - 0.19) < 0.022] = _CODE["calcification"]  # pineal gland


def _lesion(labels: Labels, point: Floats, place: tuple[float, float]) -> None:
    ragged = 0.11 * (rough(point * f32([9, 9, 1]) + f32(21), 3) - 0.5)
    away = np.hypot(point[:, 0] - f32(place[0]), point[:, 1] - f32(place[1])) + ragged
    inside = (labels == _CODE["white"]) | (labels == _CODE["gray"])
    labels[inside & (away < 0.2)] = _CODE["oedema"]
    labels[(away < 0.11) & (labels != _CODE["skull"]) & (labels != _CODE["scalp"])] = _CODE["tumour"]
    labels[away < 0.045] = _CODE["fluid"]  # its dead core


def _mri(labels: Labels, rng: np.random.Generator, repeat: float, echo: float) -> Image:
    """Apply the spin-echo equation, the coil's uneven gain, and Rician noise."""
    t1, t2, density = (_TABLE[labels, column] for column in range(3))
    signal = _blur(density * (1 - np.exp(-repeat / t1)) * np.exp(-echo / t2), 0.6)
    size = labels.shape[0]
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    signal = signal * (1.06 - 0.5 * (x * x + y * y))
    spread = 0.012 * signal.max()
    first, second = spread * rng.standard_normal((2, *labels.shape))
    magnitude = np.hypot(signal + first, second)
    return _to_8_bit(magnitude / np.percentile(magnitude, 99.7))


def _emission(activity: Floats, rng: np.random.Generator, spread: float) -> Image:
    """Blur tracer activity as a tomograph does, add noise, and colour it."""
    import cv2

    counts = _blur(activity, spread) * 900
    noisy = _blur(rng.poisson(counts).astype(np.float64), spread / 3)
    level = np.clip(noisy / np.percentile(noisy, 99.8), 0, 1)
    rgb = cv2.cvtColor(cv2.applyColorMap(_to_8_bit(level), cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    return _to_8_bit(rgb / 255 * np.clip(level * 6, 0, 1)[..., None])  # no activity is black, not blue


def _blur(values: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    import cv2

    return np.asarray(cv2.GaussianBlur(np.asarray(values, np.float64), (0, 0), sigma))


def _to_8_bit(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Round values in 0..1 to 8 bits."""
    return np.asarray(np.round(255 * np.clip(values, 0, 1)), np.uint8)
