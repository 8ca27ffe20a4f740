"""The options of a run that goes on are of their types, or one sentence names the file and the key."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from fusionbench.errors import InputError
from fusionbench.training import TrainOptions, resume

DATA = json.dumps(asdict(TrainOptions(settings={"patch": 32})), indent=2).encode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": "two"}, "its 'batch_size' is no whole number"),
        ({"lr": float("nan")}, "its 'lr' is no number"),
        ({"dataset": [1]}, "its 'dataset' is no list of texts"),
        ({"settings": []}, "its 'settings' is no object"),
        ({"rgbt": 1}, "its 'rgbt' is no truth value"),
        ({"batch_size": 0}, "--batch-size must be at least 1"),
        ({"batch_sjze": 4}, "its 'batch_sjze' is no option"),
    ],
)
def test_the_key_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    (tmp_path / "options.json").write_text(json.dumps(json.loads(DATA) | changes))
    with pytest.raises(InputError, match=said) as raised:
        resume(tmp_path)
    assert "options.json cannot be read" in str(raised.value)
    assert "start a new run" in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"seed": 1, "seed": 2}'])
def test_what_is_no_object(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "options.json").write_bytes(data)
    with pytest.raises(InputError, match=r"options\.json cannot be read"):
        resume(tmp_path)


@pytest.mark.slow
def test_a_saved_state_of_which_a_part_does_not_fit(tmp_path: Path, small: dict[str, Any]) -> None:
    """Every part is taken away, or is something else: one sentence names the file, and nothing is trained."""
    torch = pytest.importorskip("torch")
    from fusionbench.training import train

    folder = train(**small | {"epochs": 1})
    path = folder / "checkpoints" / "last.pt"
    whole = torch.load(path, weights_only=True)
    progress, network = whole["progress"] | {"epoch": 0}, whole["network"]
    first = next(iter(network))
    content = whole | {"progress": progress}
    cases = [
        *({key: value for key, value in content.items() if key != lost} for lost in content if lost != "memory"),
        *(content | {key: other} for key in ("network", "optimiser", "lr") for other in ("x", {}, [3])),
        *(
            content | {"progress": progress | change}
            for change in ({"step": "1"}, {"batch": -1}, {"sums": 3}, {"x": 0})
        ),
        content | {"network": network | {first: torch.zeros(2, 2)}},
    ]
    losses = (folder / "losses.csv").read_bytes()
    for case in cases:
        torch.save(case, path)
        with pytest.raises(InputError, match=r"cannot go on from .*last\.pt: the file is damaged, or of another run"):
            resume(folder, epochs=2)
        assert (folder / "losses.csv").read_bytes() == losses
