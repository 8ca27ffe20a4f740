"""The labels of the outdoor scenes: which objects are seen, and where."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..labelled import SAMPLE_BOXED, SAMPLE_CLASSES
from ..labels.records import Boxes
from . import scene
from .render import Camera, Scene, seen

# By the pair of the sample set that shows them.
VIEWS: dict[str, Callable[[], tuple[Scene, Camera]]] = {
    "night-street": scene.night_street,
    "day-yard": scene.day_yard,
    "smoke": scene.smoke,
}
_LEAST = 6  # pixels of an object that is labelled
_HIDDEN = 0.25  # of an object that is labelled as difficult, less than this share is seen


def labels(view: Scene, camera: Camera) -> tuple[Boxes, NDArray[np.uint8]]:
    """Label a scene.

    Returns
    -------
    boxes : of what is seen of each person and car; ignored, where most of it stands behind something.
    mask : uint8, shape (H, W): the class of each pixel, as places in `SAMPLE_CLASSES`.
    """
    owner = seen(view, camera)
    kinds = [*(group.kind for group in view.groups), "sky", "ground"]
    mask = np.array([SAMPLE_CLASSES.index(kind) for kind in kinds], np.uint8)[owner]
    corners, places, hard = [], [], []
    for number, group in enumerate(view.groups):
        rows, columns = np.nonzero(owner == number)
        if group.kind in SAMPLE_BOXED and len(rows) >= _LEAST:
            alone = np.count_nonzero(seen(Scene((group,), view.ground), camera) == 0)
            corners.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
            places.append(SAMPLE_BOXED.index(group.kind))
            hard.append(len(rows) < _HIDDEN * alone)
    table, never = np.array(corners, np.float64).reshape(-1, 4), np.zeros(len(places), bool)
    return Boxes(table, np.array(places, np.int64), never, np.array(hard, bool)), mask
