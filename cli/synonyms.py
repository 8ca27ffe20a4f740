"""Names that options have in other scripts: they are understood, and a line says what they are called here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand

_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class Synonym:
    """What another script's option is here.

    Attributes
    ----------
    option : of ours; "" where nothing has to be said.
    value : our value of theirs; None leaves the option alone, as it is ours as well.
    flag : it needs no value; True or False may follow, and is the value. Alone it is True.
    reason : why nothing has to be said.
    """

    option: str
    value: Callable[[str], str | None] = str
    flag: bool = False
    reason: str = ""


class FamiliarCommand(TyperCommand):
    """A command that understands the options of other scripts, which `--help` does not show."""

    synonyms: ClassVar[Mapping[str, Synonym]] = {}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Translate, say so in one line, and go on as ever."""
        args, notes = translated(args, self.synonyms)
        if notes:
            typer.echo(f"fusionbench: here {', '.join(notes)}", err=True)
        return super().parse_args(ctx, args)


def translated(args: Sequence[str], synonyms: Mapping[str, Synonym]) -> tuple[list[str], list[str]]:
    """Put our options in the place of synonyms.

    Returns
    -------
    args, notes
        What each synonym is here, in words.

    Examples
    --------
    >>> translated(["--num_epochs", "3", "--lr=1e-4"], {"--num_epochs": Synonym("--epochs")})
    (['--epochs', '3', '--lr=1e-4'], ['--num_epochs is --epochs'])
    """
    result: list[str] = []
    notes: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*result, word, *rest], notes
        name, equals, joined = word.partition("=")
        synonym = synonyms.get(name)
        told = [joined] if equals else rest[:1] if synonym and (not synonym.flag or _is_truth(rest[:1])) else []
        value = told[0] if told else "True"
        ours = synonym.value(value) if synonym and (told or synonym.flag) else None
        if synonym is None or ours is None:
            result.append(word)
            continue
        rest = rest if equals else rest[len(told) :]
        if synonym.option and value != "None":
            result += [synonym.option, ours]
        written = synonym.option + (f" {ours}" if ours != value else "")
        notes.append(f"{name} is {written}" if synonym.option else f"{name} is not needed: {synonym.reason}")
    return result, notes


def _is_truth(words: Sequence[str]) -> bool:
    return any(word.lower() in _YES + _NO for word in words)


def _colour(gray: bool) -> Callable[[str], str]:
    return lambda text: "gray" if gray is (text.lower() not in _NO) else "rgb"


def _photographs(text: str) -> str:
    """Take a folder in which images lie for ordinary photographs, one with folders for a data set."""
    from ..datasets.finding.folders import expanded, images_in
    from ..training.photographs import PHOTOS

    known = text.startswith(PHOTOS) or not images_in(expanded(Path(text)))
    return text if known else f"{PHOTOS}{text}"


_DEVICE = {"--device": Synonym("--device", lambda text: "cuda" if text.lower() == "gpu" else None)}
_WEIGHTS = {name: Synonym("--weights") for name in ("--ckpt_path", "--resume_path")}
_SHOWN = Synonym("", flag=True, reason="progress is always shown")

COMPUTE = _DEVICE | _WEIGHTS
TRAIN = {
    **_DEVICE, **_WEIGHTS,
    "--image_path": Synonym("--dataset", _photographs),
    "--gray": Synonym("--colour", _colour(gray=True), flag=True),
    "--rgb": Synonym("--colour", _colour(gray=False), flag=True),
    "--train_num": Synonym("--train-num"),
    "--batch_size": Synonym("--batch-size"),
    "--num_workers": Synonym("--workers"),
    "--num_epochs": Synonym("--epochs"),
    "--learning_rate": Synonym("--lr"),
    "--output": _SHOWN,
}  # fmt: skip
PREPARE = {
    "--img_text_path": Synonym("--data-root"),
    "--h5_path": Synonym("--out"),
    "--dataset_name": Synonym("--dataset"),
    "--dataset_mode": Synonym("--split"),
    "--task_name": Synonym("", reason="the data set says its task"),
}


class FuseCommand(FamiliarCommand):
    """`fuse`."""

    synonyms = COMPUTE


class ProfileCommand(FamiliarCommand):
    """`profile`."""

    synonyms = _DEVICE


class PrepareCommand(FamiliarCommand):
    """`prepare film`."""

    synonyms = PREPARE
