"""One download of a data set: from the archive of a commit to folders that are known to be whole."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...download import TRIES, Download, Progress, StartAgainError
from ...errors import InputError
from ...files import writing
from ..spec import Pin, Tree
from .compare import read
from .git_tree import Blob, same_tree, tree_id
from .unpack import ArchiveError, CutError, Unpacker, unpack_tar, unpack_zip


@dataclass
class Job:
    """A download in a hidden folder; what is verified or can be gone on with is kept there until `clear`.

    Attributes
    ----------
    pin : what is downloaded.
    hidden : the folder.
    progress, say : as for `fetch`.
    server : the first part of the address.
    """

    pin: Pin
    hidden: Path
    progress: Progress
    say: Callable[[str], None]
    server: str

    @property
    def files(self) -> Path:
        """Where the data set's folders are unpacked."""
        return self.hidden / "files"

    @property
    def url(self) -> str:
        """The address of the archive."""
        return f"{self.server.rstrip('/')}/{self.pin.repository}/tar.gz/{self.pin.commit}"

    def obtain(self, trees: Sequence[Tree], archive: Path | None = None) -> str:
        """Bring folders to `files`, verified.

        Parameters
        ----------
        trees : those that are lacking.
        archive : a file that has been downloaded otherwise; by default it is downloaded.

        Returns
        -------
        The commit; "" where nobody says which.

        Raises
        ------
        InputError
            There is no such archive.
        RunError
            The download failed, or what came is not what was published.
        """
        left = [tree for tree in trees if not self._is_whole(tree)]
        if not left:
            return self.pin.commit
        return self._download(left) if archive is None else self._unpack_file(archive, left)

    def move(self, folder: Path, trees: Sequence[Tree]) -> None:
        """Give folders their place, where nothing is."""
        with writing(folder):
            if not folder.exists():
                self.files.rename(folder)
                return
            for tree in trees:
                place = folder / tree.place
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.is_dir():
                    place.rmdir()  # an empty one
                (self.files / tree.place).rename(place)

    def clear(self) -> None:
        """Delete what is hidden."""
        shutil.rmtree(self.hidden, ignore_errors=True)

    def leave(self) -> None:
        """Delete what is hidden if it is of no use to the next try: an empty folder."""
        with contextlib.suppress(OSError):  # it is not empty, or not there
            self.hidden.rmdir()

    def _download(self, left: list[Tree]) -> str:
        hint = "without a network here, download it elsewhere and give the file with --archive"
        self.say(f"{self.url}" + (f" ({self.pin.size})" if self.pin.size else ""))
        cuts = 0
        while True:
            with Download(self.url, self.hidden / "archive.tar.gz", self.progress, hint) as source:
                try:
                    commit = self._unpack_stream(source, left)
                    source.forget()
                    return commit
                except CutError as error:
                    cuts += 1
                    if source.whole or cuts == TRIES:
                        source.forget()
                        raise ArchiveError(f"{error} ({self.url}): run the same command again") from error
                except ArchiveError as error:
                    source.forget()
                    if not source.resumed:
                        raise ArchiveError(f"{error} ({self.url})") from error
                    self.say("what came does not fit what had been kept: once more, from the beginning")

    def _unpack_stream(self, source: Download, left: list[Tree]) -> str:
        while True:
            try:
                return self._unpack(left, lambda unpacker: unpack_tar(source, unpacker, _Enough(left, unpacker)))
            except StartAgainError:
                self.say("the server does not go on where it was cut: once more, from the beginning")

    def _unpack_file(self, archive: Path, left: list[Tree]) -> str:
        if not archive.is_file():
            raise InputError(f"there is no file {archive}: give the .tar.gz or .zip of {self.pin} with --archive")

        def unpack(unpacker: Unpacker) -> str:
            if archive.suffix.lower() == ".zip":
                unpack_zip(archive, unpacker)
                return ""
            with archive.open("rb") as file:
                return unpack_tar(file, unpacker)

        try:
            return self._unpack(left, unpack)
        except ArchiveError as error:
            raise ArchiveError(f"{archive}: {error}") from error

    def _unpack(self, left: list[Tree], unpack: Callable[[Unpacker], str]) -> str:
        """Unpack what is left, and verify it."""
        for tree in left:
            shutil.rmtree(self.files / tree.place, ignore_errors=True)
            (self.files / tree.path).unlink(missing_ok=True)
        base = f"{self.pin.base}/" if self.pin.base else ""
        unpacker = Unpacker(self.files, {f"{base}{tree.path}": tree.path for tree in left})
        commit = unpack(unpacker)
        if commit and self.pin.commit not in ("HEAD", commit):
            raise ArchiveError(f"the archive is of commit {commit}, not of {self.pin.commit}")
        for tree in left:
            self._verify(tree, self._unzip(tree) if tree.packed else below(tree, unpacker))
        return commit or self.pin.commit.replace("HEAD", "")

    def _unzip(self, tree: Tree) -> dict[str, Blob]:
        """Unpack the archive in the archive."""
        packed = self.files / tree.path
        if not packed.is_file():
            return {}
        unpacker = Unpacker(self.files / tree.place, {".": "."})
        unpack_zip(packed, unpacker)
        packed.unlink()
        return unpacker.files

    def _verify(self, tree: Tree, files: dict[str, Blob]) -> None:
        if not files:
            raise ArchiveError(f"the archive has no {tree.path} of {self.pin}")
        if tree.hash and not same_tree(files, tree.hash):
            raise ArchiveError(
                f"what came is not what was published: git's hash of {tree.path} is {tree_id(files)}, not {tree.hash}"
            )

    def _is_whole(self, tree: Tree) -> bool:
        folder = self.files / tree.place
        return bool(tree.hash) and folder.is_dir() and same_tree(read(folder), tree.hash)


class _Enough:
    """Says whether all folders are there, so that the rest of an archive need not come."""

    def __init__(self, trees: list[Tree], unpacker: Unpacker) -> None:
        self._trees, self._unpacker, self._looked = list(trees), unpacker, 0

    def __call__(self) -> bool:
        count = len(self._unpacker.files)
        if count != self._looked:
            self._trees = [tree for tree in self._trees if not self._is_whole(tree)]
            self._looked = count
        return not self._trees

    def _is_whole(self, tree: Tree) -> bool:
        return bool(tree.hash) and not tree.packed and same_tree(below(tree, self._unpacker), tree.hash)


def below(tree: Tree, unpacker: Unpacker) -> dict[str, Blob]:
    """Give the files of one folder, by their paths in it."""
    start = f"{tree.place}/"
    return {path.removeprefix(start): blob for path, blob in unpacker.files.items() if path.startswith(start)}
