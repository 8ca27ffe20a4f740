"""How values deeper than 8 bits become 0..255: the rule by which a source is read, once, for everybody."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .formats.picture import Header

Image = NDArray[Any]
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RULE = re.compile(rf"(?:(full|minmax)|(percentile:)?({_NUMBER}),({_NUMBER}))")
RULES = "full, minmax, percentile:1,99, or two values as 7000,8760"


@dataclass(frozen=True)
class Rule:
    """Which values become 0 and 255; between them it is linear, beyond them it is cut off.

    Attributes
    ----------
    kind : "full" takes 0 and the largest value that the file can hold: 65535, or what its header says (4095).
        "minmax" takes the smallest and the largest value of the image, "percentile" two percentiles of its values,
        "limits" two values that hold for every image. A colour image has one range for its three channels.
    low, high : the percentiles, or the limits.
    """

    kind: Literal["full", "minmax", "percentile", "limits"] = "full"
    low: float = 0
    high: float = 0

    def __str__(self) -> str:
        if self.kind in ("full", "minmax"):
            return self.kind
        return f"{'percentile:' if self.kind == 'percentile' else ''}{_text(self.low)},{_text(self.high)}"

    def eight_bit(self, pixels: Image, maximum: int | None) -> NDArray[np.uint8]:
        """Bring an image to 0..255, rounded (halves to even).

        Parameters
        ----------
        pixels : (H, W) or (H, W, 3); uint8 is returned as it is, whatever the rule.
        maximum : the value of white where the file tells one, else None.

        Raises
        ------
        InputError
            The values have no known range, and the rule gives none.

        Examples
        --------
        >>> Rule("limits", 7000, 8760).eight_bit(np.array([[6500, 7000, 7880, 9000]], np.uint16), 65535)
        array([[  0,   0, 128, 255]], dtype=uint8)
        >>> Rule().eight_bit(np.array([[0, 257, 65535]], np.uint16), 65535)
        array([[  0,   1, 255]], dtype=uint8)
        """
        if pixels.dtype == np.uint8 and maximum == 255:
            return pixels
        low, high = self.limits(pixels, maximum)
        values = np.asarray(pixels, np.float64)
        if high <= low:  # one value everywhere: there is nothing to stretch
            return np.where(values > low, 255, 0).astype(np.uint8)
        return np.rint(np.clip((values - low) * 255 / (high - low), 0, 255)).astype(np.uint8)

    def limits(self, pixels: Image, maximum: int | None) -> tuple[float, float]:
        """Find the values that become 0 and 255."""
        if self.kind == "limits":
            return self.low, self.high
        if self.kind == "minmax":
            return float(pixels.min()), float(pixels.max())
        if self.kind == "percentile":
            low, high = np.percentile(pixels, (self.low, self.high))
            return float(low), float(high)
        if maximum is None:
            raise InputError(without_range(str(pixels.dtype)))
        return 0.0, float(maximum)


@dataclass(frozen=True)
class Ranges:
    """The rules of the two sources.

    Attributes
    ----------
    a, b : the rules.
    asked : which source each rule that somebody gave is for: "a", "b", or "ab".
    """

    a: Rule = Rule()
    b: Rule = Rule()
    asked: tuple[str, ...] = ()

    def __getitem__(self, side: str) -> Rule:
        return self.b if side == "b" else self.a if side == "a" else Rule()

    @property
    def record(self) -> dict[str, str]:
        """The rules as a manifest holds them, and `parse_ranges` reads them."""
        return {"a": str(self.a), "b": str(self.b)}

    def without_effect(self, deep: Collection[str], names: str) -> str | None:
        """Say that a rule that somebody gave has nothing to do; None where all is well.

        "full" for one source, said beside a rule that has something to do, is no mistake.

        Parameters
        ----------
        deep : the sources that have values deeper than 8 bits.
        names : of the data sets.
        """
        idle = [sides for sides in self.asked if not set(sides) & set(deep)]
        wrong = idle if len(idle) == len(self.asked) else [sides for sides in idle if self[sides].kind != "full"]
        if not wrong:
            return None
        whose = "no source" if len(wrong[0]) > 1 else f"no source {wrong[0]}"
        return f"--range has no effect: {whose} of {names} has more than 8 bits per channel; leave it out"


FULL = Ranges()
RangeOption = str | Sequence[str] | Ranges | None


def parse_ranges(rules: RangeOption | dict[str, str]) -> Ranges:
    """Read a rule for both sources, or several as "a=RULE" and "b=RULE"; the later of two counts.

    Raises
    ------
    InputError
        It is no such rule.

    Examples
    --------
    >>> parse_ranges(["minmax", "b=full"]).record
    {'a': 'minmax', 'b': 'full'}
    >>> str(parse_ranges("a=percentile:1,99").a)
    'percentile:1,99'
    """
    if rules is None or isinstance(rules, Ranges):
        return rules or FULL
    if isinstance(rules, dict):
        rules = [f"{side}={rule}" for side, rule in rules.items()]
    by_side, asked = {"a": Rule(), "b": Rule()}, []
    for text in [rules] if isinstance(rules, str) or not isinstance(rules, Sequence) else rules:
        front, equals, back = str(text).partition("=")
        side = front.strip() if equals else "ab"
        if side not in ("a", "b", "ab") or (equals and side == "ab"):
            raise InputError(f"a range is RULE, a=RULE or b=RULE, not {text!r}")
        by_side |= dict.fromkeys(side, _parse(back if equals else front))
        asked.append(side)
    return Ranges(**by_side, asked=tuple(asked))


def without_range(values: str) -> str:
    """Say that values have no known range."""
    return (
        f"its values ({values}) have no range that is known beforehand: "
        "say which becomes black and white with --range minmax, percentile:1,99 or two values"
    )


def refusal(header: Header, rule: Rule) -> str | None:
    """Say why a file of this header cannot be read by a rule; None where it can."""
    unknown = header.kind != "uint" or header.bits > 16
    return without_range(header.values) if unknown and rule.kind == "full" else None


def _text(number: float) -> str:
    """Write a number so that it reads back as the same."""
    short = f"{number:.12g}"
    return short if float(short) == number else repr(number)


def _parse(text: str) -> Rule:
    match = _RULE.fullmatch(re.sub(r"\s", "", text))
    if match is None:
        raise InputError(f"{text!r} is no range: give {RULES}")
    if match[1]:
        return Rule(match[1])  # type: ignore[arg-type]
    low, high = float(match[3]), float(match[4])
    if not 0 < high - low < np.inf or (match[2] and not (low >= 0 and high <= 100)):
        what = "percentiles from 0 to 100" if match[2] else "values"
        raise InputError(f"{text!r} is no range: give two {what}, the smaller one first")
    return Rule("percentile" if match[2] else "limits", low, high)
