"""What a recipe lets the user choose beside the options of every run: name, type, default and help, declared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_type_hints

from ..errors import InputError, unknown
from ..methods.flag import Flag, Offer
from ..methods.options import in_words, read_value

Colour = Literal["gray", "rgb"]


def setting(default: Any, flag: Flag | None = None, recipes: Sequence[str] = (), changeable: bool = False) -> Any:
    """Declare a field of `Settings`.

    Parameters
    ----------
    default : its value where the user says nothing.
    flag : its own option on the command line; without one it is said by `--set name=value`.
    recipes : those that read it, where not all do.
    changeable : whether a run that goes on may have another value.
    """
    return field(default=default, metadata={"flag": flag, "recipes": tuple(recipes), "changeable": changeable})


@dataclass(frozen=True)
class Settings:
    """The settings of a training run that only one method has: a frozen dataclass whose fields have defaults."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Build them from names and values, or texts.

        Raises
        ------
        InputError
            There is no such setting, or its value cannot be.
        """
        hints = cls.hints()
        content: dict[str, Any] = {}
        for name, value in values.items():
            if name not in hints:
                raise unknown("training option", name, hints)
            try:
                content[name] = read_value(value, hints[name])
            except (ValueError, TypeError):
                raise InputError(f"the setting {name} is {in_words(hints[name])}, not {value!r}") from None
        return cls(**content)

    @classmethod
    def hints(cls) -> dict[str, Any]:
        """Return the type of each setting."""
        types = get_type_hints(cls)
        return {each.name: types[each.name] for each in fields(cls)}

    @classmethod
    def recipes(cls, name: str) -> tuple[str, ...]:
        """Return the recipes that read a setting; none for all of them."""
        return next(each.metadata.get("recipes", ()) for each in fields(cls) if each.name == name)

    @classmethod
    def changeable(cls) -> list[str]:
        """Name the settings that may differ when a run goes on."""
        return [each.name for each in fields(cls) if each.metadata.get("changeable")]

    @classmethod
    def offers(cls, owner: str) -> list[Offer]:
        """List the settings that have an option of their own on the command line."""
        hints = cls.hints()
        return [
            Offer(each.name, owner, hints[each.name], each.default, each.metadata["flag"])
            for each in fields(cls)
            if each.metadata.get("flag")
        ]


@dataclass(frozen=True)
class PatchSettings(Settings):
    """The settings of recipes that learn from random patches.

    Attributes
    ----------
    colour : "gray" learns from luminance, "rgb" from single channels drawn at random.
    patch : side of the patches in pixels.
    patches : patches of each pair in an epoch; None leaves it to the recipe.
    """

    colour: Literal["gray", "rgb"] = setting("gray", Flag("learn from luminance, or from single colour channels."))
    patch: int = setting(64, Flag("side of the random patches, in pixels."))
    patches: int | None = setting(None, Flag("patches of a pair in an epoch.", "the recipe's"))

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, least in (("patch", 16), ("patches", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"--{name} must be at least {least}, not {value}")
