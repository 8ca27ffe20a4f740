"""Sequences: a folder for each scene, whose images are its sources, as exposures and focus distances are published."""

from __future__ import annotations

from pathlib import Path

from .finding.folders import below, images_in, short
from .finding.names import TRUTH_WORDS, alike, natural
from .finding.sources import DatasetFiles, SourceFiles
from .spec import SPLITS, Layout

_TRUTHS = {alike(word) for word in TRUTH_WORDS if word != "f"}  # f may stand behind a to e
_FEW_SCENES = 2  # so many folders may as well be those of two sources
_MANY_SOURCES = 16  # of one scene; who has more says so


def find_sequences(root: Path) -> DatasetFiles | None:
    """Take each folder with images, at any depth below `root`, for a scene, or `root` itself where no other has any.

    The sources of a scene are its images in natural order ("2" before "10"), two or more; scenes may differ in number.
    An image called `gt` (or another word for the ideal image) is no source, and images in a folder called so are the
    ideal images of the scenes that they are named after. The first folder may name a split.

    Returns
    -------
    DatasetFiles or None
        None where there is no image at all.
    """
    folders = [folder for folder in below(root) if images_in(folder)]
    scenes = [folder for folder in folders if folder != root] or folders
    sides: list[SourceFiles] = []
    truth, unclear = SourceFiles(), dict[str, str]()
    for folder in scenes:
        parts = folder.relative_to(root).parts
        split = parts[0].casefold() if len(parts) > 1 and parts[0].casefold() in SPLITS else None
        parts = parts[1:] if split else parts
        images = sorted(images_in(folder), key=lambda path: natural(path.name))
        if parts and alike(parts[-1]) in _TRUTHS:
            for path in images:
                truth.add("/".join([*parts[:-1], path.stem]), split, path)
            continue
        name = "/".join(parts) or root.resolve().name
        sources = [path for path in images if alike(path.stem) not in _TRUTHS]
        for path in images:
            if alike(path.stem) in _TRUTHS:
                truth.add(name, split, path)
        if len(sources) < 2:
            unclear[name] = f"{short(folder, root)} has {len(sources)} image: a sequence has two or more"
        sides += [SourceFiles() for _ in range(len(sources) - len(sides))]
        for side, path in zip(sides, sources, strict=False):
            side.add(name, split, path)
    if not sides:
        return None
    a, b, *further = [*sides, SourceFiles()][: max(2, len(sides))]
    layout = Layout("{name}/*", "{name}/*")
    return DatasetFiles(root, layout, a, b, truth, unclear, further=tuple(further), ragged=True)


def hint_of_sequences(root: Path) -> str:
    """Offer --sequences where many folders hold a few images each; empty where they do not."""
    files = find_sequences(root)
    if files is None or files.unclear or len(files.names) <= _FEW_SCENES or len(files.sides) > _MANY_SOURCES:
        return ""
    return "; if each of these folders is a scene, and its images are the sources, say --sequences"
