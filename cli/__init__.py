"""The front door: the `fusionbench` command. Each command imports what it needs, so that --help answers at once."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated

import typer

from ..errors import FusionBenchError, InputError
from ..extras import sentence
from ..version import __version__
from . import (
    agree,
    compare,
    data,
    doctor,
    export,
    fuse,
    look,
    prepare,
    profile,
    reference,
    report,
    run,
    tasks,
    tasks_table,
    tasks_train,
    train,
    weights,
)
from .synonyms import FuseCommand, PrepareCommand, ProfileCommand

app = typer.Typer(
    name="fusionbench",
    help="Image-fusion benchmark: from a data set and a method to a leaderboard of defined numbers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
datasets_app = typer.Typer(help="Look at data sets, and get them.", no_args_is_help=True)
prepare_app = typer.Typer(help="Bring data into the form that a method trains on.", no_args_is_help=True)
doctor_app = typer.Typer()
reference_app = typer.Typer(help="List, add and verify results of published methods.", no_args_is_help=True)
tasks_app = typer.Typer(help="Score what fused images are worth to a detector and a segmenter.", no_args_is_help=True)
weights_app = typer.Typer(help="List, fetch, convert and look at weights.", no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fusionbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options before the command; `main` reads --debug itself."""


app.command(cls=run.RunCommand)(run.run)
app.command()(run.score)
app.command(cls=FuseCommand)(fuse.fuse)
app.command(cls=ProfileCommand)(profile.profile)
app.command()(export.export)
app.command(cls=train.TrainCommand)(train.train)
app.command()(compare.compare_backends)
app.add_typer(prepare_app, name="prepare")
prepare_app.command(cls=PrepareCommand)(prepare.film)
app.command()(report.report)
app.command()(report.table)
app.command()(report.figure)
app.command()(report.plot)
app.command()(agree.agree)
app.command("list")(look.list_)
app.command()(look.explain)
app.add_typer(datasets_app, name="datasets")
datasets_app.command("check")(look.check)
datasets_app.command("fetch")(data.fetch)
app.add_typer(doctor_app, name="doctor")
doctor_app.callback(invoke_without_command=True)(doctor.everything)
doctor_app.command()(doctor.jittor)
doctor_app.command()(doctor.compiler)
app.add_typer(reference_app, name="reference")
reference_app.command("list")(reference.list_)
reference_app.command()(reference.add)
reference_app.command()(reference.verify)
app.add_typer(tasks_app, name="tasks")
tasks_app.command()(tasks.run)
tasks_app.command()(tasks.score)
tasks_app.command()(tasks_table.table)
tasks_app.command()(tasks_train.train)
tasks_app.command()(tasks_train.export)
tasks_app.command()(tasks.figure)
app.add_typer(weights_app, name="weights")
weights_app.command("list")(weights.list_)
weights_app.command()(weights.fetch)
weights_app.command()(weights.convert)
weights_app.command()(weights.info)


def _say(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Show a warning as what it says, without a line of code."""
    typer.echo(f"warning: {message}", err=True)


def main() -> None:
    """Run the command line; errors made on purpose, and interruptions, are one sentence and an exit code."""
    debug = "--debug" in sys.argv[1:]
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # σ and ↑ are no reason to end where output is not UTF-8
    signals = interruptible()
    if not debug:
        warnings.showwarning = _say
    try:
        app()
    except FusionBenchError as error:
        if debug:
            raise
        typer.echo(f"fusionbench: {error}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        said = sentence(error)
        if debug or not said:
            raise
        typer.echo(f"fusionbench: {said}", err=True)
        sys.exit(InputError.exit_code)
    except (KeyboardInterrupt, SystemExit):  # typer makes the latter of the former
        if not signals:
            raise
        typer.echo(
            "fusionbench: interrupted; what was finished is kept, and the same command goes on from there", err=True
        )
        sys.exit(128 + signals[0])


def interruptible() -> list[int]:
    """Let Ctrl-C, SIGTERM and SIGHUP end a command in order, and a second one at once.

    Returns
    -------
    The signals that have come.
    """
    came: list[int] = []

    def end(number: int, frame: object) -> None:
        came.append(number)
        if len(came) > 1:
            os._exit(128 + number)
        raise KeyboardInterrupt(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, end)
    return came
