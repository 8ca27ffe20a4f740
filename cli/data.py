"""Commands that get data sets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from . import show
from .options import Root

if TYPE_CHECKING:
    from ..datasets import DatasetSpec
    from ..datasets.fetch import FetchResult


def fetch(
    names: Annotated[
        list[str],
        typer.Argument(help="Names that `fusionbench list datasets` shows.", metavar="NAME", show_default=False),
    ],
    data_root: Root = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            help="In place of https://codeload.github.com: ADDRESS/OWNER/REPOSITORY/tar.gz/COMMIT.",
            envvar="FUSIONBENCH_MIRROR", show_default=False,
        ),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="The .tar.gz or .zip of the commit, downloaded already; for one data set.")
    ] = None,
) -> None:  # fmt: skip
    """Download data sets into the data folder, verified; what is there is never overwritten.

    An interrupted download goes on with the same command.
    """
    if archive is not None and len(names) != 1:
        raise InputError("--archive is of one data set: name one")
    for name in names:
        typer.echo("\n".join(_lines(_fetch(name, data_root, mirror, archive))))


def ensure(
    datasets: Sequence[str], data_root: Path | None, wanted: bool | None, first: Callable[[], object] = lambda: None
) -> None:
    """Fetch those data sets that are not found.

    Parameters
    ----------
    datasets : names; what the catalogue does not know is left alone.
    wanted : fetch, do not, or (None) ask where somebody sits at a terminal.
    first : called before anything is downloaded; raises where all would be for nothing.

    Raises
    ------
    InputError
        It is wanted, and a data set that is not found cannot be fetched, or none is one that could be.
    """
    from ..datasets.catalog import find_spec

    known = [spec for name in datasets if (spec := find_spec(name)) is not None]
    missing = [spec for spec in known if spec.make is None and _is_missing(spec, data_root)]
    if wanted:
        for spec in missing:
            if spec.pin is None:
                raise InputError(f"{spec.name} cannot be fetched by a command: {spec.obtain}")
        if all(spec.pin is None for spec in known):
            raise InputError(f"--fetch has nothing to fetch for {', '.join(datasets)}: leave it out")
    for spec in missing:
        if spec.pin is not None and (wanted or (wanted is None and _agreed(spec, data_root))):
            first()
            print("\n".join(_lines(_fetch(spec.name, data_root))), file=sys.stderr)


def _fetch(name: str, data_root: Path | None, mirror: str | None = None, archive: Path | None = None) -> FetchResult:
    from rich.console import Console

    from ..datasets.fetch import fetch as fetch_dataset

    console = Console(stderr=True)

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)

    with show.bytes_bar(console) as progress:
        return fetch_dataset(name, data_root, mirror=mirror, archive=archive, progress=progress, say=say)


def _is_missing(spec: DatasetSpec, data_root: Path | None) -> bool:
    from ..datasets.locate import locate

    try:
        locate(spec.name, data_root, None, None, None)
    except InputError:
        return True
    return False


def _agreed(spec: DatasetSpec, data_root: Path | None) -> bool:
    """Ask whether to fetch; nobody is asked where there is nobody to answer."""
    from ..datasets.locate import data_folder

    if not (sys.stdin.isatty() and sys.stderr.isatty()) or spec.pin is None:
        return False
    size = f", {spec.pin.size}" if spec.pin.size else ""
    where = data_folder(data_root)
    print(
        f"{spec.name} is not found in {where}. It is published at {spec.pin}{size}; licence: {spec.licence}.",
        file=sys.stderr,
    )
    return typer.confirm(f"Fetch it into {where}?", default=False, err=True)


def _lines(done: FetchResult) -> list[str]:
    """Say what has been fetched, and under which licence."""
    spec, pin = done.spec, done.spec.pin
    assert pin is not None
    state = "verified by git's hashes" if done.verified else "not verified, as no hash of it is known"
    text = [f"{spec.name}: {done.pairs} pairs at {done.root}, {state}" + ("" if done.new else " (already there)")]
    commit = f", commit {done.commit}" if done.commit else ""
    text.append(f"  from     https://github.com/{pin.repository}{commit}")
    text += [f"  folder   {tree.place}" + (f"  {tree.hash}" if tree.hash else "") for tree in pin.trees]
    text += [f"  note     {note}" for note in done.notes]
    text.append(f"  licence  {spec.licence}")
    text.append(f"  cite     {spec.citation}" + (f", doi:{spec.doi}" if spec.doi else ""))
    text += [f"  split    {split.name}: the test pairs of {split.whose}" for split in spec.splits]
    return text
