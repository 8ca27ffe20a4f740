"""Stored runs with pictures, with names of any kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fusionbench.results import run_folder

from ...results.storing import store


def picture(seed: int, size: tuple[int, int] = (48, 64), channels: int = 0) -> Image.Image:
    """A smooth picture that differs by seed, (H, W)."""
    y, x = np.mgrid[: size[0], : size[1]]
    layers = [127 + 120 * np.sin((x * (1 + seed % 5) + y * (1 + c)) / 20 + seed) for c in range(channels or 1)]
    array = np.stack(layers, -1).astype(np.uint8)
    return Image.fromarray(array if channels else array[..., 0])


def store_runs(
    root: Path,
    methods: Sequence[str] = ("average", "laplacian", "gff"),
    pairs: Sequence[str] = ("p0", "p1", "p2", "p3"),
    datasets: Sequence[str] = ("Set",),
    failed: Sequence[tuple[str, str]] = (),
    skip: Sequence[tuple[str, str]] = (),
    size: tuple[int, int] = (48, 64),
    colour: bool = True,
) -> Path:
    """Store runs; `failed` holds (method, pair) that failed, `skip` (method, pair) without any row."""
    out = root / "runs"
    files = root / "sources"
    files.mkdir()
    sources: dict[str, list[str]] = {}
    for i, pair in enumerate(pairs):
        sources[pair] = [str(files / f"{i}a.png"), str(files / f"{i}b.png")]
        picture(i, size).save(sources[pair][0])
        picture(i + 7, size, 3).save(sources[pair][1])
    random = np.random.default_rng(0)
    for dataset in datasets:
        for m, method in enumerate(methods):
            drawn = (random.random((len(pairs), 3)) + np.array([m, 0, -0.5])).tolist()
            values = [
                None if (method, pair) in skip else "failed" if (method, pair) in failed else row
                for pair, row in zip(pairs, drawn, strict=True)
            ]
            store(out, method, values, dataset, seconds=0.01 * (m + 1), names=pairs, sources=sources, tasks=["IVF"])
            folder = run_folder(out, dataset, method)
            for kind, channels in (("fused", 0), ("colour", 3)) if colour else (("fused", 0),):
                for i, (pair, value) in enumerate(zip(pairs, values, strict=True)):
                    if isinstance(value, list):
                        path = folder.image(pair, kind)  # type: ignore[arg-type]
                        path.parent.mkdir(exist_ok=True)
                        picture(i + m, size, channels).save(path)
    return out


def content(path: Path) -> Any:
    """Read what a data script hands over."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text[text.index("(") + 1 : text.rindex(")")])
