"""The fused images of a run's folder: how they get there, and how they are read again to be scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import read, write
from ..files import link, read_kept, sha256_once, write_bytes
from ..results import Row, RunFolder
from .origin import digest_written

if TYPE_CHECKING:
    from ..methods import Fused


def write_images(folder: RunFolder, name: str, fused: Fused, copy: bool) -> str:
    """Store the images of a pair, each encoded once, and return what `digest_images` says of them.

    One that lies somewhere already as a run writes it is linked, or copied where `copy` says so.
    """
    image, colour = folder.image(name), folder.image(name, "colour")
    if fused.colour is None:  # of another image, before
        colour.unlink(missing_ok=True)
    if fused.file is not None and _is_plain(read_kept(fused.file)):
        if copy:
            write_bytes(image, read_kept(fused.file), durable=False)
        else:
            link(fused.file, image)
        return sha256_once(fused.file)[:16]
    written = [write(image, fused.image, durable=False)]
    if fused.colour is not None:
        written.append(write(colour, fused.colour, durable=False))
    return digest_written(written)


def _is_plain(content: bytes) -> bool:
    """Whether a file is a PNG of 8 bits, gray or RGB, as a run writes them."""
    return content[:8] == b"\x89PNG\r\n\x1a\n" and content[24:25] == b"\x08" and content[25:26] in (b"\0", b"\2")


def read_images(folder: RunFolder, before: Row) -> tuple[Row, Fused]:
    """Read the images of a pair that was fused before, and begin a row with what stays true of its own."""
    from ..methods import Fused

    colour = folder.image(before.pair, "colour")
    image = read(folder.image(before.pair)).astype(np.uint8)
    row = replace(before, reason=_lasting_reason(before))
    return row, Fused(image, read(colour).astype(np.uint8) if colour.exists() else None, row.seconds)


def _lasting_reason(row: Row) -> str:
    """Keep of a row's reason what was done about the size, and why metrics that are kept have no value."""
    from ..methods.fit import size_note

    size = size_note(row.reason)
    others = row.reason.removeprefix(size).split("; ")
    return "; ".join(filter(None, [size, *(part for part in others if part.partition(": ")[0] in row.metrics)]))
