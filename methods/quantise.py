"""From a method's [0, 1] to 8 bit: the rules that the field's codes follow.

The rule changes EN, SD, SF and AG of the same network output, by far more than methods differ: stretching to 0..255
raises all of them. So a run records the name of its rule, and nothing is stretched unless the rule says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown

Floats = NDArray[np.floating[Any]]
_ROUNDING = 1e-5  # a range below this is float32 rounding on a constant image, and stretching it would make noise


@dataclass(frozen=True)
class Rule:
    """One way from [0, 1] to 8 bit.

    Attributes
    ----------
    name : as the manifest records it.
    summary : what it does.
    used_by : whose code does so.
    levels : from floats to 0..255 before the last step, in the type of the input.
    truncates : whether the last step drops the fraction instead of rounding half up.
    """

    name: str
    summary: str
    used_by: str
    levels: Callable[[Floats], Floats]
    truncates: bool = False


def _clipped(image: Floats) -> Floats:
    return np.clip(image, 0, 1) * 255


def _stretched(image: Floats) -> Floats:
    """Stretch the image's own range to 0..255; a constant image, which has none, is only clipped."""
    low, high = image.min(), image.max()
    return (image - low) / (high - low) * 255 if high - low > _ROUNDING else _clipped(image)


def _scaled(image: Floats) -> Floats:
    """Scale the image's maximum to 255; negative values, and an image without positive ones, become black."""
    high = image.max()
    return np.clip(image, 0, None) / high * 255 if high > 0 else np.zeros_like(image)


RULES = {
    rule.name: rule
    for rule in (
        Rule("round", "clip to [0, 1], times 255, rounded half up", "fusionbench's own methods", _clipped),
        Rule(
            "truncate",
            "clip to [0, 1], times 255, the fraction dropped",
            "many PyTorch codes, where `astype(uint8)` ends the chain, ports of U2Fusion among them",
            _clipped,
            truncates=True,
        ),
        Rule(
            "minmax",
            "each image's own range stretched to 0..255, rounded half up",
            "U2Fusion's published images (SciPy's old imsave)",
            _stretched,
        ),
        Rule(
            "minmax-truncate",
            "each image's own range stretched to 0..255, the fraction dropped",
            "FILM, CDDFuse",
            _stretched,
            truncates=True,
        ),
        Rule("max", "each image's maximum scaled to 255, rounded half up", "U2Fusion's code since late 2023", _scaled),
    )
}


def quantise(image: Floats, rule: str) -> NDArray[np.uint8]:
    """Turn one fused image into 8 bit.

    Parameters
    ----------
    image : float, about [0, 1], one image of any shape; finite. The arithmetic is done in its own type: the codes that
        the rules are named after work in float32, and in float64 a level in some thousands falls on the other side.
    rule : a name in `RULES`.

    Returns
    -------
    uint8 of the same shape.

    Raises
    ------
    InputError
        No rule has this name; or it is "none", which is for methods that give 8 bit themselves.

    Examples
    --------
    >>> fused = np.array([0.2, 0.5, 0.6], dtype=np.float32)
    >>> for name in RULES:
    ...     print(name, quantise(fused, name))
    round [ 51 128 153]
    truncate [ 51 127 153]
    minmax [  0 191 255]
    minmax-truncate [  0 191 255]
    max [ 85 213 255]
    """
    if rule == "none":
        raise InputError("the rule 'none' is for methods that give 8 bit themselves; state how [0, 1] becomes 8 bit")
    if rule not in RULES:
        raise unknown("8-bit rule", rule, RULES)
    levels = RULES[rule].levels(image)
    return np.floor(levels if RULES[rule].truncates else levels + 0.5).astype(np.uint8)
