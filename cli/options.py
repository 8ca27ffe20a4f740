"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..datasets.spec import DatasetSpec, NamedSplit

Dataset = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset", "-d", help="A data set by name, a folder or a zip (with --a, --b), or an H5 file of FILM."
    ),
]
Root = Annotated[
    Path | None,
    typer.Option("--data-root", help="Where the data sets lie.", envvar="FUSIONBENCH_DATA", show_default="./data"),
]
Split = Annotated[
    str | None,
    typer.Option(
        help="Which names: test, train, all, one that ships (film50 of RoadScene), or a list of names.",
        show_default="test, or what ships, if there is one",
    ),
]
Fetch = Annotated[
    bool | None,
    typer.Option(
        "--fetch/--no-fetch",
        help="Download a data set that is not found, as `fusionbench datasets fetch` does.",
        show_default="ask, on a terminal",
    ),
]
LearnSplit = Annotated[
    str | None, typer.Option("--split", help="A split or a list of names.", show_default="all but test")
]
FolderA = Annotated[
    str | None,
    typer.Option("--a", help="Where source a lies (infrared, MRI …): a sub-folder, or files as in 'ir/IR{name}.png'."),
]
FolderB = Annotated[
    str | None,
    typer.Option("--b", help="Where source b lies (visible, CT …): a sub-folder, or files as in 'vis/VIS{name}.png'."),
]
Further = Annotated[
    list[str] | None,
    typer.Option(
        "--further",
        help="Where a further source lies, after a and b, said as --a is; once for each.",
    ),
]
Sequences = Annotated[
    bool,
    typer.Option(
        "--sequences",
        help="Each folder is a scene: its images, two or more, are its sources, in the order of their names.",
    ),
]
Video = Annotated[
    bool,
    typer.Option(
        "--video",
        help="The images are frames of a video, in natural order (of several, a folder each): adds measures of what "
        "differs from frame to frame. Video files need no word.",
    ),
]
TaskOption = Annotated[
    Literal["IVF", "MIF", "MEF", "MFF"] | None, typer.Option("--task", help="For a folder: its task.")
]
Pairs = Annotated[
    Path | None,
    typer.Option(
        help="A table of pairs in place of a folder: columns name, a, b (c, … for further sources), or two columns of "
        "paths, seen from the table."
    ),
]
PairsOrNames = Annotated[
    str | None,
    typer.Option(
        "--pairs",
        help="Only these pairs: names with commas between, a file that lists them, or a list that ships, "
        "RoadScene/film50; or, in place of a data set, a table of pairs: columns name, a, b (c, … for further "
        "sources), or two columns of paths, seen from the table.",
    ),
]
PairNames = Annotated[
    str | None,
    typer.Option(
        "--pairs",
        help="Only these pairs: names with commas between, or a file that lists them; "
        "or a list that ships: RoadScene/film50.",
    ),
]
Common = Annotated[bool, typer.Option("--common", help="Compare on the pairs that all of the methods have.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first pairs.")]
Protocols = Annotated[
    list[str] | None,
    typer.Option("--protocol", "-p", help="Whose conventions to follow; may be given again.", show_default="film"),
]
Metrics = Annotated[str | None, typer.Option(help="Only these metrics, separated by commas.", show_default="all")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder of the results.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", "-j", min=1, help="How many pairs to work on at once.", show_default="as many as cores"),
]


OnErrorOption = Annotated[
    Literal["stop", "skip"], typer.Option(help="A pair that cannot be read: stop at once, or skip it.")
]
TrainOnError = Annotated[
    Literal["stop", "skip"] | None,
    typer.Option(
        help="What cannot be read or is smaller than a patch: stop before anything is learnt, or skip it.",
        show_default="skip photographs, stop at pairs",
    ),
]
BatchOption = Annotated[
    str,
    typer.Option(
        help="How many pairs of one size a network takes in one call: a number; or auto, which is 1 on the processor, "
        "and on a card as many as have room, at most 16."
    ),
]
ScoreOnOption = Annotated[
    str,
    typer.Option(
        help="The device that computes metrics: cpu; cuda, which gives values equal to 1e-6, of 16 pairs at once; "
        "or auto, a card for as long as it is the faster."
    ),
]
PrecisionOption = Annotated[
    Literal["float32", "tf32", "bf16"] | None,
    typer.Option(
        help="In which numbers networks compute: float32, with TF32 off on a card, too; or tf32 or bf16, by which gray "
        "levels change, under a label that says so.",
        show_default="float32",
    ),
]
SizeOption = Annotated[
    Literal["error", "crop", "resize"],
    typer.Option(
        help="Sources or fused images of another size: an error; crop to the common part from the top left corner; or "
        "resize b and the fused image to a."
    ),
]


RangeRules = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        help="How values deeper than 8 bits become 0..255: full, minmax, percentile:1,99, or two values LO,HI; with a= "
        "or b= before it for one source. May be given again.",
        show_default="full",
    ),
]
Rgbt = Annotated[
    bool,
    typer.Option("--rgbt", help="Each image file is a pair: its fourth channel is a (thermal), its colours are b."),
]

AgainstOption = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="reference[:METHOD,...]",
        help="Put published methods' results that ship beside yours, on the common pairs of TNO or VIFB.",
    ),
]


def _set_weights_root(folder: Path | None) -> Path | None:
    """Let this process, and workers that it starts, find weights below a folder."""
    if folder is not None:
        from ..weights.fetch import VARIABLE

        if not folder.expanduser().is_dir():
            raise InputError(f"--weights-root is {folder}, which is no folder: give the one that the weights lie below")
        os.environ[VARIABLE] = str(folder.expanduser().absolute())
    return folder


WeightsRoot = Annotated[
    Path | None,
    typer.Option(
        "--weights-root",
        callback=_set_weights_root,
        help="A folder, anywhere below which published weights are found by name and hash.",
        show_default="FUSIONBENCH_WEIGHTS",
    ),
]


Keep = Annotated[
    Literal["code"] | None,
    typer.Option(help="What to keep beside the results: code, the sources that ran.", show_default="nothing"),
]


def batch_size(text: str) -> int | Literal["auto"]:
    """Read --batch."""
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise InputError(f"--batch {text}: give a number of pairs, at least 1, or auto")
    return int(text)


def names_of(text: str | None) -> list[str] | None:
    """Split a list of names at its commas; None where there is none."""
    return None if text is None else [name for name in (part.strip() for part in text.split(",")) if name]


def datasets_of(names: list[str] | None, pairs: Path | None) -> list[str]:
    """Give the data sets that a command names, and a list of pairs as one of them."""
    from ..datasets.finding.pairlist import PAIRS

    return [*(names or ()), *([] if pairs is None else [f"{PAIRS}{pairs}"])]


def pairs_asked(datasets: list[str] | None, pairs: str | None) -> tuple[list[str], Path | list[str] | None]:
    """Tell a table of pairs, which is one more data set, from names of pairs, which choose some of a data set.

    Returns
    -------
    datasets, pairs
        The names, or the file that lists them; None for all pairs.

    Raises
    ------
    InputError
        The names are for several data sets.
    """
    from ..datasets.finding.lists import SUFFIXES
    from ..datasets.finding.names import fold
    from ..datasets.finding.pairlist import read_pairs

    if pairs is None:
        return datasets_of(datasets, None), None
    if shipped := shipped_list(pairs):
        spec, split = shipped
        if datasets and [fold(name) for name in datasets] != [fold(spec.name)]:
            raise InputError(f"--pairs {pairs} chooses pairs of {spec.name}: name it alone with --dataset, or none")
        return [f"{spec.name}/{split.name}"], None
    file = Path(pairs).expanduser()
    if file.suffix.lower() in SUFFIXES or file.is_file():
        try:
            if datasets and file.is_file():
                read_pairs(file)
            return datasets_of(datasets, file), None
        except InputError:  # no table: a list of names
            chosen: Path | list[str] = file
    else:
        chosen = names_of(pairs) or []
    if not datasets or len(datasets) > 1:
        raise InputError(f"--pairs {pairs} chooses pairs of one data set: name it with one --dataset")
    return datasets_of(datasets, None), chosen


def shipped_list(pairs: str) -> tuple[DatasetSpec, NamedSplit] | None:
    """Find the list of pairs that ships and that --pairs cites, as RoadScene/film50; None for names and files.

    Raises
    ------
    InputError
        The data set is known, but not the list.
    """
    from ..datasets.catalog import find_spec, parse_name

    if "/" not in pairs or Path(pairs).expanduser().exists():
        return None
    name, part = parse_name(pairs)
    spec = find_spec(name) if part else None
    if spec is None:
        return None
    split = next((each for each in spec.splits if each.name.casefold() == part), None)
    if split is None:
        raise InputError(f"--pairs {pairs} cites no list that ships with {spec.name}: take --split {part}")
    return spec, split


def names_listed(pairs: str | None) -> list[str] | None:
    """Read names of pairs with commas between, or those that a file lists; None where nothing was given."""
    from ..results.part import names_in

    if pairs is None:
        return None
    file = Path(pairs).expanduser()
    return names_in(file) if file.is_file() or file.suffix.lower() == ".txt" else names_of(pairs)


def folders_of(a: str | None, b: str | None) -> dict[str, str]:
    """Give where the sources lie, by the names of `load_dataset`; nothing for what was not said."""
    return {name: value for name, value in (("a", a), ("b", b)) if value}


def pairs_of(texts: list[str], option: str) -> dict[str, str]:
    """Read name=value texts; an InputError names the option where one is not of this form."""
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{option} takes name=value, not {text!r}")
        if name in pairs:
            raise InputError(f"{option} {name} is given twice: leave one out")
        pairs[name] = value
    return pairs
