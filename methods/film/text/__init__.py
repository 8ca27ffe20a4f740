"""Text for FILM: (L, 768) features of each pair, from one of several sources.

=================== ==============================================================================================
`describe`          a sentence about the pair from measured facts, in a fixed, seeded embedding: a stand-in that needs
                    nothing, not a language model
`none`              no text: the ablation
`blip2`             BLIP-2's text features, of the pair's own text, or else of captions that BLIP-2 writes;
                    `blip2:MODEL` is another model, `blip2@FOLDER` reads `FOLDER/<name>.txt`, `blip2:MODEL@FOLDER` both
PATH                `precomputed`: a folder of `.npy` files, or an H5 file
`auto`              what the weights were trained with, see `trained`
=================== ==============================================================================================
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ....errors import unknown
from .describe import Describe
from .precomputed import Precomputed
from .source import NoText, TextSource

SOURCES = ("describe", "none", "blip2", "blip2:MODEL", "blip2@FOLDER", "precomputed:PATH")

__all__ = ["SOURCES", "TextSource", "make_text"]


def make_text(spec: str, device: str = "cpu") -> TextSource:
    """Make the source that a word or a path names.

    Parameters
    ----------
    spec : see the top of the module; MODEL is a folder or a name on the model hub.
    device : where a model computes.

    Raises
    ------
    InputError
        There is no such source, nothing at the path, or what the source needs is not installed.
    """
    kind, _, argument = spec.partition(":")
    if kind == "precomputed" and argument:
        return Precomputed(argument)
    if blip2 := re.fullmatch(r"blip2(?::(?P<model>[^@]+))?(?:@(?P<texts>.+))?", spec):
        from .blip2 import MODEL, Blip2

        return Blip2(blip2["model"] or MODEL, blip2["texts"], device=device)
    if spec == "describe":
        return Describe()
    if spec == "none":
        return NoText()
    path = Path(spec).expanduser()
    if path.exists() or os.sep in spec or path.suffix in (".h5", ".hdf5"):
        return Precomputed(path)
    raise unknown("source of text", spec, SOURCES)
