"""A sentence about a pair, from what can be measured in it: the text where there is no language model.

It is a stand-in. The published features come from paragraphs that a large language model wrote, through BLIP-2; these
come from a dozen measured facts, each word embedded at random, and know nothing of what is in the picture. A network
trained with these features must be run with them.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any

import numpy as np

from ....datasets.pair import Pair
from ..features import WIDTH, Features
from .cache import cached, key_of
from .source import Gray, TextSource

VERSION = "1"  # of the sentences and the embedding; it counts in the cache's keys

NAMES = {
    "IVF": ("infrared", "visible"),
    "MIF": ("magnetic resonance", "functional"),
    "MEF": ("overexposed", "underexposed"),
    "MFF": ("near focus", "far focus"),
}
_TASKS = {
    "IVF": "infrared and visible images of one scene",
    "MIF": "medical images of one slice",
    "MEF": "two exposures of one scene",
    "MFF": "two focal planes of one scene",
}
_BRIGHTNESS = (
    (0.08, "almost black"), (0.2, "very dark"), (0.35, "dark"), (0.5, "of medium brightness"), (0.65, "bright"),
    (0.8, "very bright"), (2, "almost white"),
)  # fmt: skip
_CONTRAST = ((0.04, "hardly any"), (0.1, "low"), (0.18, "moderate"), (0.26, "high"), (2, "extreme"))
_SHARPNESS = ((0.008, "blurred"), (0.02, "soft"), (0.045, "sharp"), (2, "full of fine detail"))
_HOT = ((0.0005, "no"), (0.01, "few"), (0.05, "some"), (0.2, "many"), (2, "mostly"))
_AGREEMENT = ((-0.2, "contradict each other"), (0.2, "have little in common"), (0.6, "agree in part"), (2, "agree"))


class Describe(TextSource):
    """The offline default; see the top of the module."""

    name = "describe"

    def features(self, pair: Pair, a: Gray, b: Gray) -> Features:
        """Embed the sentence about the pair."""
        key = key_of(self.name, VERSION, pair.task, a, b)
        return cached(key, lambda: embed(describe(pair.task, a, b)))

    @property
    def record(self) -> dict[str, Any]:
        """Say that it is a stand-in."""
        return {"source": self.name, "version": VERSION, "note": "measured facts in a fixed embedding: a stand-in"}


def describe(task: str, a: Gray, b: Gray) -> str:
    """Say what can be measured in a pair.

    Parameters
    ----------
    task : "IVF", "MIF", "MEF" or "MFF".
    a, b : (H, W) float32 in [0, 1].

    Examples
    --------
    >>> black, half = np.zeros((8, 8), np.float32), np.full((8, 8), 0.5, np.float32)
    >>> print(describe("MFF", black, half)[:107])
    Fuse two focal planes of one scene. The near focus image is almost black, with hardly any contrast, blurred
    """
    first, second = NAMES[task]
    light, detail = (float(b.mean() - a.mean()), _detail(b) - _detail(a))
    brighter = f"the {second if light > 0 else first} image is brighter" if abs(light) > 0.02 else "both are as bright"
    sharper = f"the {second if detail > 0 else first} image has more detail"
    return (
        f"Fuse {_TASKS[task]}. {_facts(first, a)} {_facts(second, b)} "
        f"The images {_word(_correlation(a, b), _AGREEMENT)}; {brighter}; "
        f"{sharper if abs(detail) > 0.002 else 'both are alike in detail'}."
    )


def embed(sentence: str) -> Features:
    """Embed a sentence: for each word a fixed vector of unit-variance noise, plus a faint one for its place.

    Parameters
    ----------
    sentence : any text with at least one word.

    Returns
    -------
    (L, 768) float32, L the number of words.

    Examples
    --------
    >>> features = embed("one and one")
    >>> features.shape, bool(abs(features[0] - features[2]).mean() < abs(features[0] - features[1]).mean())
    ((3, 768), True)
    """
    words = re.findall(r"\w+", sentence.lower())
    return np.stack([vector(word) + np.float32(0.1) * vector(f"place {i}") for i, word in enumerate(words)])


@lru_cache(maxsize=1024)
def vector(word: str) -> Features:
    """Draw the vector of a word: a function of the word alone, the same on every machine."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    # PCG64's integers are promised to stay as they are; those of standard_normal are not.
    uniform = np.random.PCG64(seed).random_raw(WIDTH).astype(np.float64) / 2**64
    return ((uniform - 0.5) * 12**0.5).astype(np.float32)


def _facts(name: str, image: Gray) -> str:
    mean, deviation = float(image.mean()), float(image.std())
    hot = float((image > min(0.9, mean + 2.5 * deviation)).mean()) if deviation > 1e-6 else 0.0
    return (
        f"The {name} image is {_word(mean, _BRIGHTNESS)}, with {_word(deviation, _CONTRAST)} contrast, "
        f"{_word(_detail(image), _SHARPNESS)}, with {_word(hot, _HOT)} hot regions."
    )


def _detail(image: Gray) -> float:
    """Mean step between neighbouring pixels."""
    steps = [np.abs(np.diff(image, axis=axis)).mean(dtype=np.float64) for axis in (0, 1) if image.shape[axis] > 1]
    return float(np.mean(steps)) if steps else 0.0


def _correlation(a: Gray, b: Gray) -> float:
    x, y = a - a.mean(dtype=np.float64), b - b.mean(dtype=np.float64)
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 1e-9 else 0.0


def _word(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    return next(word for limit, word in steps if value < limit)
