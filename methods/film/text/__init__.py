"""Text for FILM: (L, 768) features of each pair, from one of several sources.

=================== ==============================================================================================
`describe`          a sentence about the pair from measured facts, in a fixed, seeded embedding: a stand-in that needs
                    nothing, not a language model
`none`              no text: the ablation
`blip2`, `blip2:M`  BLIP-2's text features, of the pair's own text or of captions that BLIP-2 writes
PATH                `precomputed`: a folder of `.npy` files, or an H5 file
=================== ==============================================================================================
"""

from __future__ import annotations

import os
from pathlib import Path

from ....errors import unknown
from .describe import Describe
from .source import WIDTH, Features, NoText, Precomputed, TextSource, checked

SOURCES = ("describe", "none", "blip2", "blip2:MODEL", "precomputed:PATH")

__all__ = ["SOURCES", "WIDTH", "Describe", "Features", "NoText", "Precomputed", "TextSource", "checked", "make_text"]


def make_text(spec: str) -> TextSource:
    """Make the source that a word or a path names.

    Parameters
    ----------
    spec : "describe", "none", "blip2", "blip2:MODEL" (a folder or a name on the model hub, of the model that embeds),
        "precomputed:PATH", or the path alone.

    Raises
    ------
    InputError
        There is no such source, nothing at the path, or what the source needs is not installed.
    """
    kind, _, argument = spec.partition(":")
    if kind == "precomputed" and argument:
        return Precomputed(argument)
    if kind == "blip2":
        from .blip2 import Blip2

        return Blip2(argument) if argument else Blip2()
    if spec == "describe":
        return Describe()
    if spec == "none":
        return NoText()
    path = Path(spec).expanduser()
    if path.exists() or os.sep in spec or path.suffix in (".h5", ".hdf5"):
        return Precomputed(path)
    raise unknown("source of text", spec, SOURCES)
