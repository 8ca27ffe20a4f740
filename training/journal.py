"""What is told of a run while it goes: tables, TensorBoard, the picture of the curves, the progress bar."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..drawing.losses import plot_losses
from ..errors import InputError, RunError
from ..results.tables import count
from ..results.training import EPOCHS, STEPS, Table, read_training
from .state import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from torch import Tensor

CURVES, EVENTS = "loss_curves.png", "tensorboard"
LOG = "log.txt"
REDRAWN = 30.0  # seconds at least between two pictures of the curves, which take longer than many a short epoch


@contextmanager
def telling_full_disk(folder: Path) -> Iterator[None]:
    """Turn the system's error of a full disk into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RunError(
                f"cannot write into {folder}: the disk is full; make room and resume the run: "
                "all up to its last saved state is kept"
            ) from error
        raise


def log(folder: Path, sentence: str) -> None:
    """Append a line to the run's log, with the time in UTC."""
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')}  {sentence}\n")


class Journal(AbstractContextManager["Journal"]):
    """The record of a run, in its folder. On all devices but the first it is silent.

    Parameters
    ----------
    folder : of the run.
    progress : where the run goes on; later lines, of a run that was killed, are cut off.
    columns : of the losses, all that any stage has.
    speaks : whether this is the first device.
    quiet : show no progress bar.
    """

    def __init__(self, folder: Path, progress: Progress, columns: list[str], speaks: bool, quiet: bool = False) -> None:
        self.folder, self.speaks, self.columns = folder, speaks, columns
        self._bar: Bar | None = None
        self._drawn = time.monotonic()
        if not speaks:
            return
        from torch.utils.tensorboard import SummaryWriter

        self.steps = Table(folder / STEPS, "step", progress.step, columns)
        self.epochs = Table(folder / EPOCHS, "epoch", progress.epochs, columns)
        for table in (self.steps, self.epochs):
            if table.damaged:
                log(folder, f"{count(table.damaged)} of {table.path.name} left out")
        self.writer = SummaryWriter(str(folder / EVENTS), purge_step=progress.step + 1 if progress.step else None)
        self._bar = None if quiet else _make_bar()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Draw the curves a last time, and close files and bar, whatever happened."""
        if not self.speaks:
            return
        if self._bar is not None:
            self._bar.stop()
        self.steps.close()
        self.epochs.close()
        try:
            self.writer.close()
            self._draw()
        except Exception:
            if kind is None:  # else the first error is the one to tell
                raise

    def _draw(self) -> None:
        """Draw the curves, if there is a step."""
        try:
            run = read_training(self.folder)
        except InputError:
            return
        plot_losses([run], self.folder / CURVES, dpi=150)

    def begin_epoch(self, title: str, batches: int, done: int) -> None:
        """Start a line of the progress bar."""
        if self._bar is not None:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.start()
            self._bar.add_task(title, total=batches, completed=done, note="")

    def step(self, stage: str, epoch: int, number: int, losses: Mapping[str, float], lr: float) -> None:
        """Record a step."""
        if not self.speaks:
            return
        values = {column: repr(losses[column]) if column in losses else "" for column in self.columns}
        self.steps.add({"step": number, "epoch": epoch, "stage": stage, **values, "learning_rate": repr(lr)})
        for name, value in losses.items():
            self.writer.add_scalar(f"step/{name}", value, number)
        self.writer.add_scalar("step/learning_rate", lr, number)
        if self._bar is not None:
            parts = {name: value for name, value in losses.items() if name != "loss"} or losses
            note = ", ".join(f"{name}={value:.4g}" for name, value in [("learning_rate", lr), *parts.items()])
            self._bar.update(self._bar.task_ids[-1], advance=1, note=note)

    def epoch(
        self, stage: str, progress: Progress, trained: Mapping[str, float], held_out: Mapping[str, float], lr: float,
        pictures: Mapping[str, Tensor],
    ) -> None:  # fmt: skip
        """Record an epoch: means of the losses, images, and the curves drawn anew."""
        if not self.speaks:
            return
        row: dict[str, Any] = {"epoch": progress.epochs, "step": progress.step, "stage": stage}
        for prefix, losses in (("", trained), ("validation_", held_out)):
            row |= {prefix + c: repr(losses[c]) if c in losses else "" for c in self.columns}
        self.epochs.add({**row, "learning_rate": repr(lr)})
        for kind, losses in (("train", trained), ("validation", held_out)):
            for name, value in losses.items():
                self.writer.add_scalar(f"{kind}/{name}", value, progress.epochs)
        for title, images in pictures.items():
            self.writer.add_image(title, _grid(images), progress.epochs)
        self.writer.flush()
        if time.monotonic() > self._drawn + REDRAWN:
            self._draw()
            self._drawn = time.monotonic()
        validation = {"validation loss": held_out["loss"]} if held_out else {}
        said = ", ".join(f"{name} {value:.4g}" for name, value in {**trained, **validation}.items())
        line = f"epoch {progress.epochs} ({stage}): {said}"
        log(self.folder, line)
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, soft_wrap=True)


def _grid(images: Tensor) -> Any:
    """Put images side by side, (N, C, H, W) to (C, H, N * W), 8 bit."""
    import torch

    row = torch.cat(list(images.detach().float().cpu().clamp(0, 1)), dim=-1)
    return (row * 255).round().to(torch.uint8).numpy()


def _make_bar() -> Bar | None:
    """Make the progress bar; where the output is no terminal, the lines of the epochs alone are printed."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True)
