"""The bundled triple on which `explain` shows what each convention gives: small, synthetic but natural.

`python -m fusionbench.metrics.guide.example` paints it anew.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 160
NAMES = ("fused", "ir", "vi")


@cache
def example() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Read the bundled triple.

    Returns
    -------
    tuple
        Fused, infrared (source a) and visible (source b), each uint8 (160, 160), read-only.

    Examples
    --------
    >>> [image.shape for image in example()]
    [(160, 160), (160, 160), (160, 160)]
    """
    images = []
    for name in NAMES:
        data = np.frombuffer(files(__package__).joinpath("data", f"{name}.png").read_bytes(), dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        image.setflags(write=False)
        images.append(image)
    return images[0], images[1], images[2]


def _blur(image: NDArray[Any], sigma: float) -> NDArray[Any]:
    return cv2.GaussianBlur(image, (0, 0), sigma)


def paint() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Make the triple from scikit-image's `camera` (a CC0 photograph by Lav Varshney).

    The visible image is the photograph at dusk, with noise. In the infrared one the dark coat is warm, the rest faint
    and soft. The fused image is their mean with the detail of both, each by its share of it, raised.
    """
    from skimage.data import camera

    rng = np.random.default_rng(160)
    scene = cv2.resize(camera(), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)
    dusk = 235 * (scene / 255) ** 1.4 + rng.normal(0, 3, scene.shape)
    warm = np.clip((85 - _blur(scene, 0.8)) / 45, 0, 1)
    thermal = 20 + 0.4 * _blur(scene, 1.2) + 110 * _blur(warm, 1.0) + rng.normal(0, 2, scene.shape)
    vi, ir = (np.clip(np.rint(x), 0, 255) for x in (dusk, thermal))
    base_ir, base_vi = _blur(ir, 3), _blur(vi, 3)
    share = _blur(np.abs(ir - base_ir), 4) / (_blur(np.abs(ir - base_ir), 4) + _blur(np.abs(vi - base_vi), 4))
    detail = 1.6 * (share * (ir - base_ir) + (1 - share) * (vi - base_vi))
    fused = np.clip(np.rint((base_ir + base_vi) / 2 + detail), 0, 255)
    return fused.astype(np.uint8), ir.astype(np.uint8), vi.astype(np.uint8)


def main() -> None:
    """Write the triple to the package's data folder."""
    folder = Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    for name, image in zip(NAMES, paint(), strict=True):
        cv2.imwrite(str(folder / f"{name}.png"), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
