"""The loop: stages, epochs, steps.

Order, patches and all that is random are functions of the seed and of where the run is. So a run that was killed and
resumed goes through the same numbers as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from ..errors import FusionBenchError, InputError, RunError
from .engine import Engine
from .journal import Journal
from .options import TrainOptions
from .recipe import Batch, Recipe, Samples, TrainingStage
from .state import Progress, load_run, save_run, save_weights, taking_over

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_ORDER, _STEP = 1, 2  # which draw a random generator is for
SHOWN = 4  # pictures in the journal


class Loop:
    """One run on one device (of several, maybe).

    Parameters
    ----------
    fabric : launched.
    options : of the run.
    recipe : what is learnt.
    folder : of the run; what lies there is gone on with.
    engine : what computes.
    """

    def __init__(self, fabric: Fabric, options: TrainOptions, recipe: Recipe, folder: Path, engine: Engine) -> None:
        self.fabric, self.options, self.recipe, self.folder, self.engine = fabric, options, recipe, folder, engine
        self.progress = Progress()
        if recipe.batch_size % fabric.world_size:
            raise InputError(
                f"a batch of {recipe.batch_size} cannot be dealt out to {fabric.world_size} devices evenly"
            )
        for stage in recipe.stages:
            if len(stage.samples) < recipe.batch_size:
                raise InputError(
                    f"there are only {len(stage.samples)} samples to learn {stage.name} from, fewer than a batch of "
                    f"{recipe.batch_size}: add data, take more --patches of each pair, or choose a smaller --batch-size"
                )

    def run(self, quiet: bool = False) -> None:
        """Train from where the run is to its end."""
        saved = load_run(self.folder)
        if saved is not None:
            with taking_over(self.folder):
                self.progress = saved["progress"]
                self.recipe.network.load_state_dict(saved["network"])
                self.recipe.remember(saved["memory"])
        self.engine.start()
        with Journal(
            self.folder, self.progress, list(self.recipe.columns), self.fabric.is_global_zero, quiet
        ) as journal:
            for number in range(self.progress.stage, len(self.recipe.stages)):
                if number > self.progress.stage:
                    self.progress = Progress(number, step=self.progress.step, epochs=self.progress.epochs)
                    saved = None
                self._stage(journal, saved)

    def _stage(self, journal: Journal, saved: Mapping[str, Any] | None) -> None:
        """Learn one stage, from where the run is in it."""
        progress, stage = self.progress, self.recipe.stages[self.progress.stage]
        if not progress.prepared:
            self.recipe.begin(progress.stage, self._consecutive)
            progress.prepared = True
        self.engine.begin(stage)
        optimiser, schedule = self.engine.optimiser, self.engine.schedule
        if saved is None:
            self._save()
        else:
            with taking_over(self.folder):
                optimiser.load_state_dict(saved["optimiser"])
                if schedule is not None:
                    schedule.load_state_dict(saved["schedule"])
                if saved["lr"] != self.recipe.lr:
                    rescale(optimiser, schedule, self.recipe.lr / saved["lr"])
        while progress.epoch < stage.epochs:
            self._epoch(stage, journal)

    def _epoch(self, stage: TrainingStage, journal: Journal) -> None:
        """Learn from all samples once, measure, and keep the weights."""
        progress, optimiser, schedule = self.progress, self.engine.optimiser, self.engine.schedule
        order = self.order(stage)
        journal.begin_epoch(f"{stage.name} [{progress.epoch + 1}/{stage.epochs}]", len(order), progress.batch)
        self.engine.train()
        for batch in self._batches(stage.samples, order[progress.batch :], progress.epoch):
            rate = float(optimiser.param_groups[0]["lr"])
            losses = self.step(batch)
            for name, value in losses.items():
                progress.sums[name] = progress.sums.get(name, 0.0) + value
            progress.batch += 1
            progress.step += 1
            journal.step(stage.name, progress.epochs + 1, progress.step, losses, rate)
            if self.fabric.is_global_zero:
                self.recipe.after_step(self.folder, progress.epochs + 1, progress.batch)
            if progress.step % self.options.save_every == 0 and progress.batch < len(order):
                self._save()
        rate = float(optimiser.param_groups[0]["lr"])
        if schedule is not None:
            schedule.step()
        means = {name: total / len(order) for name, total in progress.sums.items()}
        held_out, pictures = self._measure(stage)
        progress.epoch, progress.batch, progress.sums = progress.epoch + 1, 0, {}
        progress.epochs += 1
        loss = (held_out or means)["loss"]
        best = loss < progress.best
        progress.best = min(loss, progress.best)
        if self.fabric.is_global_zero:
            self.engine.collect()
            kinds = {"every": self.options.checkpoints == "every", "pkl": self.options.format == "pkl"}
            save_weights(self.folder, self.recipe, progress, loss, best, **kinds)
        journal.epoch(stage.name, progress, means, held_out, rate, pictures)
        self._save()

    def step(self, batch: Batch) -> dict[str, float]:
        """Take one step; the losses are means over all devices."""
        progress = self.progress
        seed = [self.options.seed, _STEP, progress.stage, progress.epoch, progress.batch]
        values = self.engine.step(self._to_device(batch), np.random.default_rng(seed))
        if not np.isfinite(values["loss"]):
            raise RunError(self._not_finite(batch, values["loss"]))
        return values

    def _not_finite(self, batch: Batch, loss: float) -> str:
        """Say at which step and with which pair the loss was lost."""
        guilty = []
        for i, name in enumerate(batch["name"]):
            one = {key: value[i : i + 1] for key, value in batch.items()}
            if not np.isfinite(self.engine.measure(self._to_device(one))["loss"]):
                guilty.append(name)
        names = guilty or list(batch["name"])
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")
        return (
            f"the loss is {loss} at step {self.progress.step + 1}, with {'pair' if len(names) == 1 else 'the pairs'} "
            f"{shown}: the run stops; its last good state is kept, go on from it with a smaller --lr"
        )

    def _measure(self, stage: TrainingStage) -> tuple[dict[str, float], Mapping[str, Tensor]]:
        """Measure the losses of the held-out samples, and take pictures of the first."""
        count = len(stage.held_out)
        if not count:
            return {}, {}
        self.recipe.network.eval()
        size = self.recipe.batch_size
        order = [list(range(i, min(i + size, count))) for i in range(0, count, size)]
        sums: dict[str, float] = {}
        pictures: Mapping[str, Tensor] = {}
        for batch in self._batches(stage.held_out, order, 0, deal=False):
            moved = self._to_device(batch)
            weight = len(batch["name"]) / count
            for name, loss in self.engine.measure(moved).items():
                sums[name] = sums.get(name, 0.0) + loss * weight
            pictures = pictures or self.engine.pictures(
                {key: value[:SHOWN] if hasattr(value, "__len__") else value for key, value in moved.items()}
            )
        return sums, pictures

    def order(self, stage: TrainingStage) -> list[list[int]]:
        """Deal the samples of this epoch into whole batches; what is left over is dropped."""
        size = self.recipe.batch_size
        draw = np.random.default_rng([self.options.seed, _ORDER, self.progress.stage, self.progress.epoch])
        shuffled = draw.permutation(len(stage.samples)).tolist()
        return [shuffled[i : i + size] for i in range(0, len(shuffled) - size + 1, size)]

    def _batches(self, samples: Samples, order: list[list[int]], epoch: int, deal: bool = True) -> Iterator[Batch]:
        """Load batches; each device takes its share."""
        samples.epoch = epoch
        if deal:
            order = [indices[self.fabric.global_rank :: self.fabric.world_size] for indices in order]
        if not order:
            return
        workers = self.options.workers
        loader: DataLoader[Batch] = DataLoader(
            range(len(samples)), batch_sampler=order, num_workers=workers,  # type: ignore[arg-type]
            collate_fn=partial(_load, samples),
            multiprocessing_context="fork" if workers and torch.device(self.fabric.device).type == "cpu" else None,
        )  # fmt: skip
        for batch in loader:
            if isinstance(batch, FusionBenchError):
                raise batch
            yield batch

    def _consecutive(self, stage: int, draw: int) -> Batch:
        """Give a batch of consecutive samples of a stage, from a random place."""
        samples, size = self.recipe.stages[stage].samples, self.recipe.batch_size
        start = int(
            np.random.default_rng([self.options.seed, _ORDER, stage, 10**6, draw]).integers(len(samples) - size + 1)
        )
        return self._to_device(collate([samples[i] for i in range(start, start + size)]))

    def _to_device(self, batch: Batch) -> Batch:
        moved: Batch = self.fabric.to_device(batch)
        return moved

    def _save(self) -> None:
        """Save the state, unless the last step has spoilt the weights: then the one before is the last good state."""
        self.engine.collect()
        if self.fabric.is_global_zero and all(bool(p.isfinite().all()) for p in self.recipe.network.parameters()):
            save_run(self.folder, self.progress, self.recipe, self.engine.optimiser, self.engine.schedule)
        self.fabric.barrier()


def rescale(optimiser: Any, schedule: Any, factor: float) -> None:
    """Change the learning rate of a run that goes on."""
    for group in optimiser.param_groups:
        group["lr"] *= factor
        if "initial_lr" in group:
            group["initial_lr"] *= factor
    if schedule is not None:
        schedule.base_lrs = [rate * factor for rate in schedule.base_lrs]


def _load(samples: Samples, indices: list[int]) -> Batch | FusionBenchError:
    """Read a batch, or say what is wrong: of what a worker process raises, PyTorch would make a traceback."""
    try:
        return collate([samples[i] for i in indices])
    except FusionBenchError as error:
        return error


def collate(samples: list[Batch]) -> Batch:
    """Stack the tensors of samples; everything else becomes a list."""
    return {
        key: default_collate([sample[key] for sample in samples])
        if isinstance(samples[0][key], Tensor)
        else [sample[key] for sample in samples]
        for key in samples[0]
    }
