"""What a run has to do: which pairs, by which methods, scored in which metrics, and what of it is there already."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..datasets import FusionDataset, Pair
from ..errors import InputError
from ..files import check_writable
from ..foreign.contained import is_users
from ..methods.verified import year_of
from ..metrics import get_metric
from ..metrics.evaluation import select
from ..metrics.temporal import MEASURES
from ..results import DatasetRecord, MethodRecord, Row, RunFolder, run_folder
from ..results.records import Record, plain
from ..results.unfinished import unfinished
from .origin import digest_images, digest_sources, fingerprint, same_origin
from .scoring import Keys
from .seen import Seen
from .task import PairTask, Target

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

    from ..methods import Method

REFERENCE = "reference"  # the protocol of what compares with ideal images
FIRST = ""  # stands among the pairs of a run that ended for what a method does before the first one


def choose_metrics(protocols: Sequence[str], metrics: Sequence[str] | None) -> Keys:
    """Find the metric keys that each protocol scores; with `metrics`, those of them that are named.

    Raises
    ------
    InputError
        An unknown protocol, or a metric that is in none of the protocols.
    """
    if metrics is None or len(protocols) == 1:
        return {name: tuple(metric.key for metric in select(name, metrics).values()) for name in protocols}
    keys: dict[str, tuple[str, ...]] = dict.fromkeys(protocols, ())
    for metric in metrics:
        owners = [name for name in protocols if _has(name, metric)]
        for name in owners or protocols[:1]:  # in none of them: let `select` say so
            keys[name] += tuple(record.key for record in select(name, [metric]).values())
    return {name: chosen for name, chosen in keys.items() if chosen}


def metrics_on(dataset: FusionDataset, keys: Keys, all_of_them: bool) -> Keys:
    """Fit the metric keys to the ideal images of a data set, and to the number of its sources.

    Where no pair has an ideal image, what compares with it is left out. Where every pair has one and `all_of_them` are
    wanted, the protocol `reference` joins the others. Where every pair has more than two sources, what compares with
    two is left out.

    Raises
    ------
    InputError
        Nothing is left.
    """
    ideal = [pair.truth is not None for pair in dataset]
    if all_of_them and ideal and all(ideal):
        keys = choose_metrics(tuple(dict.fromkeys([*keys, REFERENCE])), None)
    kept = keys if any(ideal) or not ideal else _without(keys, "ideal")
    names = ", ".join(key for own in keys.values() for key in own)
    if not kept:
        raise InputError(f"{dataset.label} has no ideal images, with which {names} would compare: choose other metrics")
    kept = _without(kept, "two_sources") if ideal and all(pair.further for pair in dataset) else kept
    if not kept:
        raise InputError(
            f"the scenes of {dataset.label} have more than two sources, and {names} compare with two: "
            "choose other metrics"
        )
    return kept


def _without(keys: Keys, trait: str) -> Keys:
    """Leave out the metrics that have a trait, and protocols of which none is left."""
    kept = {name: tuple(key for key in own if not getattr(get_metric(key), trait)) for name, own in keys.items()}
    return {name: own for name, own in kept.items() if own}


def _has(protocol: str, metric: str) -> bool:
    return metric.casefold() in (name.casefold() for name in select(protocol))


@dataclass
class Trial:
    """One method on one data set: its folder, and what is stored there."""

    method: Method
    spec: str | bytes | Method
    device: str
    dataset: FusionDataset
    keys: Keys
    folder: RunFolder
    rows: dict[str, Row] = field(default_factory=dict)
    damage: str = ""  # what is said of damaged rows
    deadly: set[str] = field(default_factory=set)  # pairs at which an earlier run ended

    def __post_init__(self) -> None:
        self.seen = Seen(self.folder)

    def configuration(self) -> dict[str, Any]:
        """What must be equal for two commands to share the folder: fields of its manifest."""
        data = self.dataset
        return {
            "method": describe_method(self.method),
            "dataset": DatasetRecord(name=data.name, split=data.split, label=data.label, pairs=data.pair_list),
            "size_policy": data.size_policy,
            "range": data.ranges.record,
            "rgbt": data.rgbt,
        }

    def look(self) -> None:
        """Read what is there, and refuse results of another configuration, and a folder that cannot be written to."""
        check_writable(self.folder.path)
        manifest = self.folder.manifest()
        for name, value in self.configuration().items() if manifest else ():
            before = getattr(manifest, name)
            if before != value:
                raise InputError(
                    f"{self.folder.path} holds results of another configuration (its {name} was "
                    f"{before.content() if isinstance(before, Record) else before}): choose another folder with "
                    "--out, or delete that one"
                )
        rows, self.damage = self.folder.table_with_damage()
        self.rows = self._untimed(rows)
        self.deadly = unfinished(self.folder.path)

    def open(self) -> bool:
        """Lock the folder, and make it if need be; say whether what is there changed since `look`."""
        self.deadly = unfinished(self.folder.path)
        keys = [key for keys in self.keys.values() for key in keys]
        before, stored = self.rows, self.folder.open([*keys, *(MEASURES if self.dataset.video else ())])
        self.rows = self._untimed(stored)
        for name, row in self.rows.items():
            if row is not stored[name]:
                self.folder.append(row)
        return self.rows != before

    def _untimed(self, rows: dict[str, Row]) -> dict[str, Row]:
        """Leave out the seconds of a method that does not compute; rows of before hold those of reading a file."""
        if self.method.computes:
            return rows
        return {name: row if math.isnan(row.seconds) else replace(row, seconds=math.nan) for name, row in rows.items()}

    def missing(self, pair: str) -> Keys:
        """Which metrics the stored row of the pair lacks, by protocol."""
        row = self.rows.get(pair)
        have = row.metrics if row is not None and row.status == "ok" else {}
        missing = {name: tuple(key for key in keys if key not in have) for name, keys in self.keys.items()}
        return {name: keys for name, keys in missing.items() if keys}

    def target(self, pair: Pair, digest: Callable[[], Digest | None], named: Sequence[Path]) -> Target | None:
        """Say what has to be done for the pair; None where its row is complete and what it came from is the same.

        Parameters
        ----------
        digest : hashes the sources, where that is called for; None where they cannot be read.
        named : the files that the method's options name.
        """
        row = self.rows.get(pair.name)
        if row is None or row.status != "ok" or not self._is_same(row, pair, digest, named):
            return Target(self.spec, self.method.label, self.device, self.folder.path, self.keys)
        missing = self.missing(pair.name)
        if not missing and "fused_max" in row.facts:  # a row of before has no facts: its image is looked at again
            return None
        return Target(self.spec, self.method.label, self.device, self.folder.path, missing, row)

    def _is_same(self, row: Row, pair: Pair, digest: Callable[[], Digest | None], named: Sequence[Path]) -> bool:
        """Whether the image of a row is the one that was scored, and what it came from is what it was."""
        state = self.seen.state(pair, row, [*self._files(pair), *named])
        if self.seen.knows(state):
            return True
        # where the image is another, somebody replaced it; rows of before do not tell
        same = self.folder.image(pair.name).exists() and row.image in ("", digest_images(self.folder, pair.name))
        sources = digest() if same else None
        if sources is None or not same_origin(row.sources, self._mark(pair, sources)):
            return False
        self.seen.add(state)
        return True

    def _files(self, pair: Pair) -> list[Path]:
        """Name the files of the method; none where that fails: doing the pair will say why."""
        try:
            return self.method.files(pair)
        except BaseException as error:
            if is_users(error):
                raise
            return []

    def _mark(self, pair: Pair, digest: Digest) -> str:
        """Hash what the pair's result would follow from; "" where that fails: doing the pair will say why."""
        try:
            return fingerprint(digest, self.method, pair)
        except BaseException as error:
            if is_users(error):
                raise
            return ""


def describe_method(method: Method) -> MethodRecord:
    """What the records say of a method."""
    return MethodRecord(
        label=method.label,
        name=method.name,
        options=plain(method.options),
        quantise=method.quantise,
        reference=method.reference,
        year=year_of(method.reference),
        venue=method.venue,
        title=method.paper_name,
        weights=plain(getattr(method, "weights_record", None)) or None,
    )


def make_trials(
    methods: Iterable[tuple[str | bytes | Method, Method]],
    datasets: Sequence[tuple[FusionDataset, Keys]],
    out: Path,
    device: str,
) -> list[Trial]:
    """Combine every method with every data set, which comes with the metrics that are wanted on it."""
    chosen = list(methods)
    trials = [
        Trial(method, spec, device, dataset, keys, run_folder(out, dataset.label, method.label))
        for dataset, keys in datasets
        for spec, method in chosen
    ]
    paths = [trial.folder.path for trial in trials]
    for trial in trials:
        if paths.count(trial.folder.path) > 1:
            raise InputError(f"{trial.method.label} on {trial.dataset.label} is asked for twice")
    return trials


def make_tasks(
    trials: Sequence[Trial],
    at_once: int = 1,
    timeout: float | None = None,
    copy: bool = False,
    score_on: str = "cpu",
) -> list[PairTask]:
    """List what is left to do: a task for each pair that lacks something, with every method it lacks it of.

    `at_once` is how many of them will be worked on beside each other, `timeout` how many seconds a method may take;
    `copy` and `score_on`: see `PairTask`.
    """
    tasks = []
    for dataset in {id(trial.dataset): trial.dataset for trial in trials}.values():
        mine = [(trial, _named(trial.method)) for trial in trials if trial.dataset is dataset]
        for trial, _ in mine:
            trial.seen.begin()
        for pair in dataset:
            digest = cache(partial(_digest, pair))  # a first run need not read everything beforehand
            targets = tuple(each for trial, named in mine if (each := trial.target(pair, digest, named)) is not None)
            if targets:
                reading = dataset.size_policy, targets, dataset.ranges, dataset.rgbt
                tasks.append(PairTask(pair, *reading, at_once, timeout, copy, score_on))
    return tasks


def _named(method: Method) -> list[Path]:
    """Name the files of a method's options; none where that fails: doing a pair will say why."""
    try:
        return method.named_files()
    except BaseException as error:
        if is_users(error):
            raise
        return []


def _digest(pair: Pair) -> Digest | None:
    """Hash the sources of a pair; None where they cannot be read: doing the pair will say why."""
    try:
        return digest_sources(pair)
    except Exception:
        return None
