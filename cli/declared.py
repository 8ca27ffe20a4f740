"""Commands with options that methods and recipes declare; these are looked up when the command is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from typer.main import get_command

from .synonyms import FamiliarCommand

if TYPE_CHECKING:
    from ..methods.flag import Offer


class DeclaredCommand(FamiliarCommand):
    """A command that takes, besides the options of its function, those that `offers` lists.

    Their values are not arguments of the function: `declared` reads them from its context.
    """

    def offers(self) -> Iterable[Offer]:
        """List the options."""
        raise NotImplementedError

    def words(self) -> Mapping[str, str]:
        """Return the help of the function's own options that depends on what is declared, by parameter."""
        return {}

    @cached_property
    def by_name(self) -> dict[str, Offer]:
        """The options by parameter; what several own is one."""
        return {offer.name: offer for offer in self.offers()}

    @cached_property
    def _parameters(self) -> list[Any]:
        """Have Typer make what stands on the command line out of a function's signature."""

        def nothing(**values: object) -> None:
            pass

        nothing.__signature__ = Signature([_parameter(offer) for offer in self.by_name.values()])  # type: ignore[attr-defined]
        app = typer.Typer(add_completion=False)
        app.command()(nothing)
        for parameter in self.params:
            if parameter.name in (words := self.words()):
                parameter.help = words[parameter.name]  # type: ignore[attr-defined]
        return list(get_command(app).params)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return all options, `--help` last."""
        *own, ask = super().get_params(ctx)
        return [*own, *self._parameters, ask]

    def invoke(self, ctx: Any) -> Any:
        """Call the function, without the declared options."""
        ctx.obj = {name: ctx.params.pop(name) for name in self.by_name}
        return super().invoke(ctx)


def declared(context: typer.Context) -> dict[str, Any]:
    """Return the values of declared options that were given."""
    command = context.command
    assert isinstance(command, DeclaredCommand)
    values = {name: value for name, value in context.obj.items() if value is not None and value is not False}
    return {name: command.by_name[name].flag.value or value for name, value in values.items()}


def _parameter(offer: Offer) -> Parameter:
    takes = offer.flag.value is None
    help_ = f"For {offer.owner}: {offer.flag.help}"
    option = typer.Option(
        offer.spelling, help=help_, show_default=(offer.flag.default or str(offer.default)) if takes else False
    )
    hint = Annotated[Optional[offer.hint], option] if takes else Annotated[bool, option]  # noqa: UP045
    return Parameter(offer.name, Parameter.KEYWORD_ONLY, default=None if takes else False, annotation=hint)
