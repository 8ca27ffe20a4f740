"""What would fail for every pair is found once, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..datasets import Pair
from ..errors import FusionBenchError, InputError, SetupError, one_line, unknown
from ..extras import sentence
from ..foreign.contained import contained, is_users

if TYPE_CHECKING:
    from ..methods import Method


def check_method(method: Method, device: str, pairs: Sequence[Pair]) -> None:
    """Make sure of the device, the precision, the 8-bit rule, and of what the method itself needs.

    Parameters
    ----------
    method : is used later, too, so that what it loads is loaded once.
    device : that was asked for; the method may have another.
    pairs : of one data set.

    Raises
    ------
    FusionBenchError
        No pair could be fused.
    """
    from ..devices.names import check_device
    from ..methods.precision import check_precision

    if getattr(method, "backend_record", None) is None:  # else: it does not compute in torch, and knows its devices
        for name in dict.fromkeys((device, method.device)):
            check_device(name)
    check_precision(method)
    _check_rule(method)
    ask(method, method.check, pairs)


def ask(method: Method, call: Callable[..., object], *arguments: Any) -> None:
    """Call a function of a method before the first pair.

    Raises
    ------
    InputError
        It raised something, whatever that was.
    """
    try:
        contained(method.label, call, *arguments)
    except FusionBenchError:
        raise
    except BaseException as error:
        if is_users(error):
            raise
        why = sentence(error) or one_line(error)
        raise InputError(f"method {method.label!r} cannot be used: {why}") from error


def _check_rule(method: Method) -> None:
    from ..methods import Method
    from ..methods.quantise import RULES

    rule = method.quantise
    if rule not in RULES and rule != "none":
        raise unknown(f"8-bit rule of method {method.label!r}", str(rule), [*RULES, "none"])
    if rule == "none" and type(method).fuse_images is Method.fuse_images:
        raise InputError(
            f"method {method.label!r} has the 8-bit rule 'none', which is for methods that give 8 bit themselves: "
            f"choose one of {', '.join(RULES)}"
        )


def lacking(error: BaseException) -> str:
    """Say what a method lacks for every pair, if that is why it failed for one: a module, a program that starts.

    Only what was raised, and what its raiser names as the cause, counts: an ImportError that somebody dealt with does
    not.

    Returns
    -------
    The sentence; "" where the failure may be this pair's alone.
    """
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, ModuleNotFoundError) and current.name:
            general = f"the module {current.name!r} is not installed; install it into this environment"
            return sentence(current) or general
        if isinstance(current, ImportError | SetupError):
            return str(current)
        current = current.__cause__
    return ""
