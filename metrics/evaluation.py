"""Score fused images: arrays in, a dict of numbers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, unknown
from .arrays.triple import Image, Triple, feature
from .arrays.types import Array, is_tensor, namespace
from .catalog import METRICS, Metric, get_metric, load_extensions
from .compiler import processor
from .compute import compute
from .inputs.axes import Axes
from .inputs.batches import Batches, chunks, read, triples
from .inputs.policies import Planes, Side, check_sizes, images, names_of
from .inputs.ranges import DataRange, warn_of_faint
from .protocols import PROTOCOLS, Colour, Protocol, get_protocol

LARGEST = 31 << 20  # bytes; the GNU C library adapts to freed blocks of up to 32 MiB
REASONS = 3  # that are told of one metric, where images of a batch differ in them


class Scores(dict[str, Any]):
    """Values by the name or key of the metric; `reasons` says, under the same, why a value is NaN."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons: dict[str, str] = {}


class Sources:
    """Sources whose derived quantities are kept, to score many fused images against them; `prepare` makes them.

    Where `kept` is False only one fused image follows, and what would serve others is not made.
    """

    def __init__(
        self, a: Any, b: Any, batches: Sequence[Batches], further: Sequence[Any] = (), *, kept: bool = True
    ) -> None:
        self.a, self.b, self.further = a, b, tuple(further)  # as they were given
        self.batches, self.kept = batches, kept
        self._sides: dict[tuple[Any, ...], list[Side]] = {}

    def sides(self, key: tuple[Any, ...], sources: Sequence[Planes], colour: Colour) -> list[Side]:
        """Images of the sources under a colour policy, made once per `key`."""
        key = (*key, colour)
        if key not in self._sides:
            self._sides[key] = [images(source, colour, self.kept) for source in sources]
        return self._sides[key]

    def forget(self) -> None:
        """Let go of what was derived."""
        self._sides.clear()


def prepare(a: Any, b: Any, *further: Any, data_range: DataRange | None = None, axes: Axes | None = None) -> Sources:
    """Keep two sources for many fused images: `evaluate(fused, prepare(a, b))` reuses what belongs to the sources.

    More than two, `prepare(a, b, c)`, are compared with by metrics of `Metric.any_number`; what is defined for two has
    no value for them.

    `data_range` and `axes` are those of the sources, as `evaluate` takes them; what it is told then is said of the
    fused image alone. Do not change the arrays afterwards.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = np.zeros((64, 64)), np.tile(np.arange(64.0), (64, 1))
    >>> sources = prepare(a, b)
    >>> [round(evaluate(f, sources, metrics="MSE")["MSE"], 1) for f in (a, b)]
    [666.8, 666.8]
    """
    named = dict(zip(names_of(2 + len(further)), (a, b, *further), strict=True))
    return Sources(a, b, read(named, data_range, axes), further)


def select(protocol: str | Protocol = "film", metrics: str | Iterable[str] | None = None) -> dict[str, Metric]:
    """Look up the metrics to compute, by the name that results show.

    Parameters
    ----------
    protocol : name or record.
    metrics : names within the protocol ("EN"), or keys of any convention ("PSNR@vifb"), in any case, as a list or
        separated by commas; all of the protocol by default.

    Raises
    ------
    InputError
        for an unknown protocol or metric, with the nearest name; or FUSIONBENCH_CPU cannot be met.
    """
    chosen = get_protocol(protocol)
    _get_ready()
    records = [get_metric(key) for key in chosen.metrics]
    names = [record.name for record in records]
    own = {r.name if names.count(r.name) == 1 else r.key: r for r in records}
    if metrics is None:
        return own
    spelled = {record.key.casefold(): name for name, record in own.items()} | {name.casefold(): name for name in own}
    selection: dict[str, Metric] = {}
    for word in metrics.split(",") if isinstance(metrics, str) else metrics:
        name = word.strip()
        if name.casefold() in spelled:
            selection[spelled[name.casefold()]] = own[spelled[name.casefold()]]
        elif "@" in name:
            selection[get_metric(name).key] = get_metric(name)
        else:
            raise unknown("metric", name, [*own, *(key for key in METRICS if key not in chosen.metrics)])
    if not selection:
        raise InputError("no metric is named: leave `metrics` out for all of the protocol")
    return selection


def evaluate(
    fused: Any,
    a: Any,
    b: Any = None,
    protocol: str | Protocol = "film",
    metrics: str | Iterable[str] | None = None,
    *,
    data_range: DataRange | None = None,
    axes: Axes | None = None,
) -> Scores:
    """Score fused images against their two sources.

    Parameters
    ----------
    fused, a, b : images of equal size, uint8 or real numbers in 0..255: NumPy arrays, torch tensors on any device,
        Pillow images, or what has `__array__`. (H, W) or (H, W, 1) is gray, (H, W, 3) RGB; (N, H, W), (N, H, W, 1) or
        (N, 1, H, W) is a batch of gray images, (N, H, W, 3) or (N, 3, H, W) one of RGB. A list of single images may
        mix sizes. In place of `a` and `b`, one `Sources` from `prepare`.
    protocol : which conventions and colour policy; see `PROTOCOLS`.
    metrics : a part of them, see `select`; keys of another protocol bring that protocol's colour policy with them.
    data_range : what the numbers mean, where they are not 0..255: the number of white (1, 65535), black and white
        ((-1, 1)), or one of these for each image, {"fused": 1, "a": 255, "b": 255}. They are brought to 0..255 and
        clipped there. Said once, it holds for every image that is not uint8, or for all where all are uint8.
    axes : which axis is which, where a shape can be read in several ways: "HW", "HWC", "CHW", "NHW", "NHWC" or "NCHW",
        for all images with that many axes, or one for each image, {"fused": "CHW"}. (3, H, W) needs it, unless the
        number of images in `fused`, `a` and `b` decides.

    Returns
    -------
    Scores
        Metric name -> float for one triple, (N,) float64 array for a batch or list; tensors for tensors, with a
        gradient where the metric is declared differentiable. NaN where the definition gives no value, the image is too
        small, or the metric failed; `.reasons` says why.

    Raises
    ------
    InputError
        for an unknown name, shapes that differ or can be read in several ways, numbers outside 0..255 or the stated
        range, fractions in 0..1 without `data_range`, NaN, masked pixels, or a type that is no image.

    Warns
    -----
    RangeWarning
        where an image is so dark beside its partners that its numbers may have another unit: fractions (or a mask of 0
        and 1) that end 32 times below the brightest pixel of the three; and where numbers outside the stated range are
        clipped.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    >>> scores = evaluate(ramp, ramp, ramp.T, metrics=["EN", "SF"])
    >>> {name: round(value, 6) for name, value in scores.items()}
    {'EN': 6.0, 'SF': 1.0}
    """
    names = select(protocol, metrics)
    by_key = score(fused, a, b, [record.key for record in names.values()], protocol, data_range=data_range, axes=axes)
    scores = Scores({name: by_key[record.key] for name, record in names.items()})
    scores.reasons = {n: by_key.reasons[record.key] for n, record in names.items() if record.key in by_key.reasons}
    return scores


def score(
    fused: Any,
    a: Any,
    b: Any,
    keys: Iterable[str],
    protocol: str | Protocol = "film",
    *,
    data_range: DataRange | None = None,
    axes: Axes | None = None,
) -> Scores:
    """Score fused images as `evaluate` does, in the metrics of these keys; values and reasons come by key.

    `b` is None where `a` is a pair from `prepare`.
    """
    _get_ready()
    chosen, records = get_protocol(protocol), [get_metric(key) for key in keys]
    if (b is None) != isinstance(a, Sources):
        raise InputError("give two sources a and b, or one pair from prepare(a, b)")
    if isinstance(a, Sources):
        sources, three = a, (*read({"fused": fused}, data_range, axes, a.batches), *a.batches)
    else:
        three = tuple(read({"fused": fused, "a": a, "b": b}, data_range, axes))
        sources = Sources(a, b, three[1:], kept=False)
    if len({side.count for side in three}) > 1:
        named = zip(["fused", *names_of(len(three) - 1)], three, strict=True)
        raise InputError(f"the batches differ in length: {', '.join(f'{name} {side.count}' for name, side in named)}")
    warn_of_faint([side.extents for side in three])
    parts: list[Part] = []
    order: list[int] = []
    for where, triple in triples(three):
        check_sizes(*triple)
        for start, part in chunks(triple):
            with np.errstate(all="ignore"):  # 0/0 is NaN with a reason, not a warning
                parts.append(_score_chunk(part, sources, (*where, start), chosen, records))
            if sources is not a:  # nobody comes back to them, and each image's features are 26 MB at 480 x 640
                sources.forget()
        order += where
    return _joined(parts, order, three[0])


def _get_ready() -> None:
    """Do what is done once in a process, before anything is computed; raises where FUSIONBENCH_CPU cannot be met."""
    processor()
    load_extensions()
    _keep_freed_memory()


@cache
def _keep_freed_memory() -> None:
    """Make the C library reuse the memory of freed arrays: fresh pages cost a fault each, as much as the arithmetic.

    glibc maps big blocks afresh, and unmaps them when freed, until it sees that a program frees such blocks ("dynamic
    mmap threshold", mallopt(3)). One block of the largest size that counts shows it; it is never touched and so costs
    no memory. At most twice its size of free memory stays in the process. Elsewhere this does nothing.
    """
    np.empty(LARGEST, dtype=np.uint8)


def _home(record: Metric, protocol: Protocol) -> Protocol:
    """The protocol whose colour policy a metric follows: the given one where it lists the metric."""
    if record.key in protocol.metrics:
        return protocol
    return next((p for p in PROTOCOLS.values() if record.key in p.metrics), protocol)


class Part(NamedTuple):
    """Values (N,) of one chunk and why some are missing, by key."""

    values: dict[str, Array]
    reasons: dict[str, list[str]]


def _score_chunk(
    triple: tuple[Planes, ...],
    sources: Sources,
    where: tuple[int, ...],
    protocol: Protocol,
    records: Iterable[Metric],
) -> Part:
    """Score one chunk in every metric."""
    f, *planes = triple
    n, size = f.shape[0], min(f.shape[-2:])
    fused_images: dict[str, Side] = {}
    part = Part({}, {})
    for record in records:
        colour = _home(record, protocol).colour
        if colour not in fused_images:
            fused_images[colour] = images(f, colour)
        sides = sources.sides(where, planes, colour)
        three = _matched([fused_images[colour], *sides], record.channels)
        part.values[record.key], part.reasons[record.key] = compute(record, three, n, size)
    return part


def _matched(sides: Sequence[Side], channels: str) -> Triple:
    """Pick the images for one way of joining channels; a one-channel image serves each channel of its partners."""
    three = [side[channels] for side in sides]
    shapes = {image.pixels.shape for image in three}
    if len(shapes) > 1:
        widest = max(shapes, key=lambda shape: (shape[0], shape[2]))
        three = [image if image.pixels.shape == widest else _repeated(image, widest) for image in three]
    return Triple(*three)


@feature
def _repeated(image: Image, shape: tuple[int, ...]) -> Image:
    """Repeat the planes of (N, H, W) to (3 N, H, W) or (N, H, 3 W)."""
    xp, copies = image.xp, [image.pixels] * 3
    beside = shape[0] == image.pixels.shape[0]
    return Image(xp.concat(copies, axis=-1) if beside else xp.reshape(xp.stack(copies, axis=1), shape), image.kept)


def _joined(parts: Sequence[Part], order: list[int], fused: Batches) -> Scores:
    """Put the chunks together, in the order of the input."""
    scores = Scores()
    for key, first in parts[0].values.items():
        column = namespace(first).concat([part.values[key] for part in parts]) if len(parts) > 1 else first
        if order != sorted(order):
            column = column[np.argsort(order).tolist()]
        if fused.tensors and not is_tensor(column):
            import torch

            column = torch.from_numpy(column)
        scores[key] = column if not fused.single else column[0] if is_tensor(column) else float(column[0])
        reasons = list(dict.fromkeys(why for part in parts for why in part.reasons[key]))
        if reasons:
            more = f"; and {len(reasons) - REASONS} other reasons" if len(reasons) > REASONS else ""
            scores.reasons[key] = "; ".join(reasons[:REASONS]) + more
    return scores
