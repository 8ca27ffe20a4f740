"""A command line that fuses a whole folder in one start."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from ...datasets.dataset import FusionDataset
from ...datasets.finding.folders import below, images_in
from ...datasets.images import write
from ...datasets.pair import Pair
from ...errors import InputError, RunError
from ...files import write_text
from ...foreign.process import run_command
from ..method import Advance, Image, Read, silent
from ._fused import assign, collect, key_of, read_fused, some
from .cmd import ADVICE, Command

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ORIGINS = "origins.json"


class FolderCommand(Command):
    """A command line, run once for all pairs: it reads two folders of PNG files and writes a third, as test scripts do.

    The words `{a_dir}`, `{b_dir}` and `{out_dir}` in the command become the folders of the sources and of the fused
    images to write. Both sources of a pair have the same name in their folders: that of the pair, where it is made of
    plain letters. The fused image is found by this name, as in a `folder:` of images.

    What was fused when a run is stopped is not fused again. The time of a single pair is not known.

    Parameters
    ----------
    command : for instance `python test.py --ir_dir {a_dir} --vi_dir {b_dir} --save_dir {out_dir}`.
    timeout : seconds for one pair; after as many times that as there are pairs, the command is killed.
    images : where below `{out_dir}` the images lie: a folder, or a template of paths: "Gray/{name}_fused.png".
    """

    computes = False
    needed: ClassVar[Sequence[str]] = ("a_dir", "b_dir", "out_dir")
    places: ClassVar[Sequence[str]] = needed

    def __init__(self, command: str, timeout: float = 600.0, images: str = "") -> None:
        super().__init__(command, timeout)
        self.images = images
        if Path(images).is_absolute() or ".." in Path(images).parts:
            raise InputError(f"option 'images' is a place below {{out_dir}}, not {images!r}")
        self._results: dict[tuple[str, str], Path | RunError] = {}

    def expect(self, dataset: FusionDataset) -> None:
        """Refuse scenes of more than two sources, which would have to be fused in several starts."""
        _refuse_more(dataset)

    def fuse_all(self, pairs: Sequence[Pair], read: Read, place: Path, advance: Advance = silent) -> None:
        """Start the command on the pairs of which `place` has no image yet."""
        _refuse_more(pairs)
        if clash := next((p.name for p in pairs if not isinstance(p.a, Path) and key_of(p) in self._results), ""):
            raise InputError(f"two data sets in memory have a pair {clash!r}: run {self.label} on one after the other")
        origins, now, left = _take_back(place, place / "out" / self.images), {}, []
        for pair, name in zip(pairs, _names(pairs), strict=True):
            try:
                a, b = read(pair)
            except Exception:  # whatever a file makes a decoder raise: its own row will say it
                continue
            now[name] = self._origin(a, b, pair)
            image = _whole(place / "done", name) if origins.get(name) == now[name] else None
            if image is not None:
                self._results[key_of(pair)] = image
                advance(1, pair.name)
                continue
            left.append((pair, replace(pair, name=name, a=place / "a" / f"{name}.png", b=place / "b" / f"{name}.png")))
            write(place / "a" / f"{name}.png", a)
            write(place / "b" / f"{name}.png", b)
        write_text(place / _ORIGINS, json.dumps(now))
        if left:
            problem = self._start_once(place, len(left), advance)
            found = self._find(place, [file for _, file in left])
            there = some(_images(place / "out")) or "no image"
            for pair, file in left:
                nothing = RunError(f"the command wrote no image for {file.name} to {{out_dir}}, which has {there}")
                self._results[key_of(pair)] = found.get(file.name) or problem or nothing

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image:
        """Read what the command made of the pair; it is started for this one alone where it was not for all."""
        if key_of(pair) not in self._results:
            with tempfile.TemporaryDirectory(prefix="fusionbench-") as folder:
                self.fuse_all([pair], lambda _: (a, b), Path(folder))
                return _read(self._results.pop(key_of(pair)))
        return _read(self._results[key_of(pair)])

    def close(self) -> None:
        """Forget what was fused."""
        self._results.clear()

    def _origin(self, a: Image, b: Image, pair: Pair) -> str:
        """Hash what the image follows from, beside the pair's name."""
        digest = hashlib.sha256(repr((self._words, a.shape, b.shape)).encode())
        for part in (a.tobytes(), b.tobytes(), *(str(file.stat().st_mtime_ns).encode() for file in self.files(pair))):
            digest.update(part)
        return digest.hexdigest()

    def _start_once(self, place: Path, pairs: int, advance: Advance) -> RunError | None:
        """Run the command; return what went wrong, if something did."""
        folders = {f"{key}_dir": place / key for key in ("a", "b", "out")}
        folders["out_dir"].mkdir(parents=True, exist_ok=True)
        done = 0

        def count() -> None:
            nonlocal done
            there = min(sum(len(images_in(folder)) for folder in below(folders["out_dir"])), pairs)
            advance(max(there - done, 0), self.label)
            done = max(there, done)

        words = [word.format(**{key: str(folder) for key, folder in folders.items()}) for word in self._words]
        try:
            run_command(words, self._start, self.timeout * pairs, count, ADVICE)
        except RunError as error:
            return error
        finally:
            count()
        return None

    def _find(self, place: Path, left: Sequence[Pair]) -> dict[str, Path | RunError]:
        """Find the image of each pair by its name; an error where it is not clear which one that is."""
        assigned = assign(_images(place / "out" / self.images), left, (), [self.label])
        found: dict[str, Path | RunError] = {}
        for pair in left:
            files, unclear = assigned.files.get(key_of(pair), []), assigned.unclear.get(key_of(pair))
            if unclear or len(files) > 1:
                several = some(unclear or [path.name for path in files])
                found[pair.name] = RunError(
                    f"which of {several} in {{out_dir}} is the image of {pair.name} is not clear: say where they lie "
                    "with [images=…]"
                )
            elif files:
                found[pair.name] = files[0]
        return found


def _refuse_more(pairs: Sequence[Pair]) -> None:
    for pair in pairs:
        if pair.further:
            raise InputError(
                f"a command of folders takes two sources, and {pair.name} has {len(pair.sources)}: give one of files, "
                "with {a}, {b} and {out}, which fuses them one after another"
            )


def _read(result: Path | RunError) -> Image:
    if isinstance(result, RunError):
        raise RunError(str(result)) from result.__cause__
    return read_fused(result)


def _names(pairs: Sequence[Pair]) -> list[str]:
    """Name the files of pairs: as the pairs, but for names that are no plain letters, or alike but for their case."""
    count = Counter(pair.name.casefold() for pair in pairs)
    plain = [_PLAIN.fullmatch(pair.name) and count[pair.name.casefold()] == 1 for pair in pairs]
    hashes = (hashlib.sha256(pair.name.encode("utf-8", "surrogateescape")).hexdigest()[:12] for pair in pairs)
    return [pair.name if own else f"pair{other}" for pair, own, other in zip(pairs, plain, hashes, strict=True)]


def _images(out: Path) -> dict[str, list[Path]]:
    """List what is there as `collect` does; nothing, where it would object."""
    try:
        return collect(out)
    except InputError:
        return {}


def _take_back(place: Path, out: Path) -> dict[str, str]:
    """Put what an earlier start has made into the folder "done", clear the others, and return the origins by name."""
    try:
        origins = {str(name): str(origin) for name, origin in json.loads((place / _ORIGINS).read_text()).items()}
    except (OSError, ValueError, AttributeError):  # there was none, or it was not written to its end
        origins = {}
    pairs = [Pair(name, place / "a" / f"{name}.png", place / "b" / f"{name}.png", "IVF") for name in origins]
    for (name, _), files in assign(_images(out), pairs, (), ()).files.items():
        (place / "done").mkdir(exist_ok=True)
        files[0].replace(place / "done" / (name + files[0].suffix))
    for folder in ("a", "b", "out"):
        shutil.rmtree(place / folder, ignore_errors=True)
    return origins


def _whole(folder: Path, name: str) -> Path | None:
    """Return the image of a name, if there is one that can be read to its end."""
    for path in (path for path in folder.glob("*") if path.stem == name):
        with contextlib.suppress(RunError):
            read_fused(path)
            return path
    return None
