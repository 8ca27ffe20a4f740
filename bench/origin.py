"""What a result follows from, as hashes: sources, the method's files, the ideal image, the image that was scored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import Pair
from ..datasets.images import content_of, is_there
from ..files import is_file, read_kept, sha256_once
from ..results import RunFolder
from ..results.runs import KINDS

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

    from ..methods import Method


def digest_sources(pair: Pair) -> Digest:
    """Hash all sources: the bytes of the files, or the arrays."""
    digest = hashlib.sha256()
    for source in pair.sources:
        digest.update(content_of(source) if isinstance(source, Path) else np.ascontiguousarray(source).tobytes())
    return digest


def digest_images(folder: RunFolder, pair: str) -> str:
    """Hash the stored images of a pair, which were scored: 16 hexadecimal digits; "" where there are none."""
    images = [folder.image(pair, kind) for kind in KINDS]
    present = [image for image in images if is_file(image)]
    return digest_written(read_kept(image) for image in present) if present else ""


def digest_written(contents: Iterable[bytes]) -> str:
    """Hash images as `digest_images` does, from what was written."""
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16]


def fingerprint(sources: Digest, method: Method, pair: Pair) -> str:
    """Hash what a result follows from: 16 hexadecimal digits of the sources and the files of the method's code.

    Where the method's options name files, a plus and 8 digits of these follow; where there is an ideal image, a tilde
    and 8 digits of it.
    """
    code, named, own = sources.copy(), hashlib.sha256(), method.named_files()
    for digest, files in ((code, method.files(pair)), (named, own)):
        for file in files:
            digest.update(bytes.fromhex(sha256_once(file)))
    mark = code.hexdigest()[:16] + (f"+{named.hexdigest()[:8]}" if own else "")
    return with_ideal(mark, pair)


def with_ideal(mark: str, pair: Pair) -> str:
    """Make a fingerprint tell the ideal image that is there now; rows of before do not name it."""
    truth, mark = pair.truth, mark.partition("~")[0]
    if truth is None or (isinstance(truth, Path) and not is_there(truth)):
        return mark
    if isinstance(truth, Path) and is_file(truth):
        digest = sha256_once(truth)  # each method asks for it
    else:
        content = content_of(truth) if isinstance(truth, Path) else truth.tobytes()
        digest = hashlib.sha256(content).hexdigest()
    return f"{mark}~{digest[:8]}"


def same_origin(before: str, now: str) -> bool:
    """Whether two fingerprints are of one origin; files that options named and that are gone may be what they were.

    So may an ideal image that one of them does not name.
    """
    (method_before, _, ideal_before), (method, _, ideal) = before.partition("~"), now.partition("~")
    (code_before, _, named_before), (code, _, named) = method_before.partition("+"), method.partition("+")
    same_named = named_before == named or not named or not named_before
    return code_before == code and same_named and (ideal_before == ideal or not ideal or not ideal_before)
