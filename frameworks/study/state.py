"""The state of a run that is not finished, from which it goes on: weights, optimiser, and what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files import write_bytes
from ..jittor.pipe import Seconds
from ..jittor.proxy import JittorModel
from .torch_model import TorchModel

Model = TorchModel | JittorModel
Result = dict[str, Any]


def save(file: Path, run: Mapping[str, Any], model: Model, result: Result) -> None:
    """Save the state of a run, with what it has given so far."""
    memory = model.memory()
    parts = {"weights": model.weights(), "m": memory["m"], "v": memory["v"]}
    arrays = {f"{part}/{name}": value for part, state in parts.items() for name, value in state.items()}
    record = {**result, "took": seconds(model), "run": run, "step": memory["step"]}
    write_arrays(file, arrays | {"record": np.array(json.dumps(record))})


def resume(file: Path, run: Mapping[str, Any], model: Model) -> Result | None:
    """Bring a model to a saved state; return what the run had given, None where there is no such state."""
    if not file.is_file():
        return None
    with np.load(file) as arrays:
        record: Result = json.loads(str(arrays["record"]))
        if record.pop("run") != run:
            return None
        weights, m, v = ({key.removeprefix(part): arrays[key] for key in arrays if key.startswith(part)}
                         for part in ("weights/", "m/", "v/"))  # fmt: skip
    model.load(weights)
    model.remember({"step": record.pop("step"), "m": m, "v": v})
    for call, taken in record.pop("took").items():
        model.seconds[call] = [Seconds(**each) for each in taken] + model.seconds.get(call, [])
    return record


def seconds(model: Model) -> dict[str, list[dict[str, float]]]:
    """List what each call has taken, in this process and in those before it."""
    return {call: [asdict(each) for each in taken] for call, taken in model.seconds.items()}


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name, whole or not at all."""
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(file, buffer.getvalue())
