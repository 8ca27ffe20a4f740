"""Options of the command line that a method or a recipe declares, beside `--option` and `--set`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flag:
    """How the command line spells an option that only some methods or recipes have.

    Attributes
    ----------
    help : what it is.
    default : how the help describes the default; "" shows its value.
    spelling : by default that of the option's name, "--ewc-lambda".
    value : what it stands for where it takes no argument; None takes one.
    """

    help: str
    default: str = ""
    spelling: str = ""
    value: str | None = None


@dataclass(frozen=True)
class Offer:
    """A declared option with whose it is, its type and its default."""

    name: str
    owner: str
    hint: Any
    default: Any
    flag: Flag

    @property
    def spelling(self) -> str:
        """What stands on the command line: "--vgg"."""
        return self.flag.spelling or f"--{self.name.replace('_', '-')}"
