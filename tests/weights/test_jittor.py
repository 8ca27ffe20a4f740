"""Checkpoints of Jittor: read without it and without running their code, and written for it."""

from __future__ import annotations

import builtins
import hashlib
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fusionbench.errors import InputError
from fusionbench.frameworks.jittor.environment import environment
from fusionbench.methods.film.checkpoints import shapes
from fusionbench.weights import convert, load_state, save_state
from fusionbench.weights.jittor import write_jittor

TRAILER = b"HCAJSLHD"


def sealed(body: bytes) -> bytes:
    """A pickle as `jt.save` ends it."""
    return body + hashlib.sha1(body).digest() + TRAILER


def saved(path: Path, content: Any) -> Path:
    path.write_bytes(sealed(pickle.dumps(content, 4)))
    return path


ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "turned": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "steps": np.array([3], dtype=np.int32),
    "big-endian": np.array([1.5, -2], dtype=">f4"),
    "half": np.array([0.5], dtype=np.float16),
}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_numpy_arrays_are_read(tmp_path: Path, wrapped: bool, prefix: str) -> None:
    model = OrderedDict((prefix + name, array) for name, array in ARRAYS.items())
    optimiser = {"lr": np.float32(1e-5), "m": [np.zeros(2, np.float32)], "betas": (0.9, 0.999)}
    content = {"model": model, "epoch": 5, "optimizer1": optimiser} if wrapped else model
    state = load_state(saved(tmp_path / "ckpt_5.pkl", content))
    assert state.format == "Jittor file"
    assert list(state.tensors) == list(ARRAYS)
    for name, tensor in state.tensors.items():
        np.testing.assert_array_equal(tensor.numpy(), ARRAYS[name])


def film_arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(3)
    return {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes().items()}


def test_there_and_back_gives_the_same_numbers(tmp_path: Path) -> None:
    arrays = film_arrays()
    saved(tmp_path / "ckpt_5.pkl", {"model": arrays, "epoch": 5})
    report = convert(tmp_path / "ckpt_5.pkl", tmp_path / "film.safetensors")
    assert report.method == "film"
    assert report.metadata["origin_form"] == "Jittor"
    assert report.metadata["converted_from"] == "ckpt_5.pkl (Jittor file)"
    back = convert(tmp_path / "film.safetensors", tmp_path / "film.pkl")
    assert (back.format, back.method, back.parameters) == ("Jittor file", "film", 2_070_235)
    assert back.metadata["origin_form"] == "Jittor"
    assert "format" not in back.metadata
    tensors = load_state(tmp_path / "film.pkl").tensors
    assert all(np.array_equal(tensors[name].numpy(), array) for name, array in arrays.items())
    convert(tmp_path / "film.pkl", tmp_path / "again.pkl")
    assert load_state(tmp_path / "again.pkl").tensors.keys() == tensors.keys()
    first = (tmp_path / "film.pkl").read_bytes()
    convert(tmp_path / "film.safetensors", tmp_path / "film.pkl")
    assert (tmp_path / "film.pkl").read_bytes() == first


def test_what_is_written_is_an_ordinary_pickle_with_its_checksum(tmp_path: Path) -> None:
    arrays = {"a": np.float32(2.5), "b": ARRAYS["turned"]}
    write_jittor(tmp_path / "w.pkl", arrays, {"grid": "96x128"})
    data = (tmp_path / "w.pkl").read_bytes()
    body = data[:-28]
    assert data == sealed(body)
    content = pickle.loads(body)
    assert content["model"]["a"].shape == ()
    np.testing.assert_array_equal(content["model"]["b"], arrays["b"])
    assert b"_core" not in body  # a name that numpy 1 on older Pythons does not have
    assert load_state(tmp_path / "w.pkl").metadata == {"grid": "96x128"}


def test_half_precision_is_not_for_jittor(tmp_path: Path) -> None:
    save_state(tmp_path / "w.safetensors", {"a": torch.zeros(2)})
    with pytest.raises(InputError, match="leave --half out"):
        convert(tmp_path / "w.safetensors", tmp_path / "w.pkl", half=True)


# --- hostile files ---


class Call:
    """An object whose pickle calls something."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def named(module: str, name: str, *arguments: str) -> bytes:
    """A pickle that calls a name with texts."""

    def text(value: str) -> bytes:
        return b"\x8c" + bytes([len(value)]) + value.encode()

    return b"\x80\x04" + text(module) + text(name) + b"\x93(" + b"".join(map(text, arguments)) + b"tR."


HOSTILE = {
    "system": pickle.dumps({"model": Call(os.system, "touch ran.txt")}, 4),
    "eval": pickle.dumps(Call(builtins.eval, "open('ran.txt', 'w')"), 4),
    "exec": pickle.dumps({"epoch": Call(builtins.exec, "open('ran.txt', 'w')")}, 4),
    "getattr": pickle.dumps(Call(getattr, Call(__import__, "os"), "system"), 4),
    "dotted": named("numpy", "os.system", "touch ran.txt"),
    "a method of an allowed name": named("numpy", "ndarray.tofile", "ran.txt"),
    "attribute of Var": named("jittor", "jittor_core.Var.__init__.__globals__"),
    "numpy.load": named("numpy", "load", "ran.npy"),
    "numpy.fromfile": named("numpy", "fromfile", "/etc/passwd"),
    "runstring": named("numpy.testing._private.utils", "runstring", "1", "2"),
    "memmap": named("numpy", "memmap", "ran.txt"),
    "torch": named("torch", "load", "ran.pt"),
    "protocol 0": b"cos\nsystem\n(S'touch ran.txt'\ntR.",
    "protocol 2, INST": b"\x80\x02(S'touch ran.txt'\nios\nsystem\n.",
    "OBJ": b"\x80\x02(cos\nsystem\nS'touch ran.txt'\no.",
    "persistent": b"\x80\x04\x8c\x04filePQ.".replace(b"PQ", b"Q"),
    "changes an import": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93}\x8c\x08__call__K\x01sb.",
    "changes the slots of an import": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93N}\x8c\x05_makeK\x01s\x86b.",
}


@pytest.mark.parametrize("seal", [True, False])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_pickle_that_would_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, seal: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "evil.pkl"
    path.write_bytes(sealed(HOSTILE[kind]) if seal else HOSTILE[kind])
    with pytest.raises(InputError, match=r"refused to load .*evil\.pkl: it is a pickle that would run code"):
        load_state(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["evil.pkl"]


def test_objects_are_not_numbers(tmp_path: Path) -> None:
    path = saved(tmp_path / "evil.pkl", {"a": np.array([{"x": 1}], dtype=object)})
    with pytest.raises(InputError, match="not numbers"):
        load_state(path)


CROOKED = {
    "NEWOBJ of an import": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93)\x81.",
    "too few bytes": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93(K\x09\x85\x8c\x03<f4C\x01xtR.",
    "negative side": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93(J\xff\xff\xff\xff\x85\x8c\x03<f4C\x00tR.",
    "shape is no shape": b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93(N\x8c\x03<f4C\x00tR.",
    "huge memo": b"\x80\x04Nr\xff\xff\xff\x7f.",
    "itself": b"\x80\x04}\x94\x8c\x05modelh\x00s.",
    "only numbers": pickle.dumps({"epoch": 3}, 4),
    "a list": pickle.dumps([1, 2], 4),
    "nothing": b"\x80\x04N.",
}


@pytest.mark.parametrize("kind", CROOKED)
def test_a_pickle_of_no_weights_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.pkl"
    path.write_bytes(sealed(CROOKED[kind]))
    with pytest.raises(InputError, match=r"cannot read the weights .*odd\.pkl"):
        load_state(path)


def test_damage_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pkl", {"model": ARRAYS})
    data = path.read_bytes()
    for damaged, told in {
        data[:100] + bytes([data[100] ^ 1]) + data[101:]: "its checksum is another one",
        data[:-9] + bytes([data[-9] ^ 1]) + TRAILER: "its checksum is another one",
        data[:-1] + b"X": "its end is damaged",
        data[:-3]: "its end is damaged",
        data[:-40]: "truncated",
        data[:60]: "truncated",
        data[:1]: "truncated",
        TRAILER: "checksum",
    }.items():
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"cannot read the weights .*w\.pkl: .*{told}"):
            load_state(path)


# --- with Jittor ---

WRITE = """
import jittor as jt, numpy as np
state = {"a.weight": jt.array(np.arange(6, dtype="float32").reshape(2, 3)), "b": jt.array(np.float32(3.0))}
layer = jt.nn.Linear(4, 2)
optimiser = jt.optim.Adam(layer.parameters(), 1e-3)
optimiser.step(layer(jt.ones((1, 4))).sum())
checkpoint = {"model": {**state, **layer.state_dict()}, "epoch": 5, "optimizer1": optimiser.state_dict()}
jt.save(checkpoint, "ckpt_5.pkl")
np.savez("expected.npz", **{name: var.numpy() for name, var in checkpoint["model"].items()})
"""
READ = """
import sys
sys.modules["jittor"] = sys.modules["jittor_core"] = sys.modules["jittor_utils"] = None
import numpy as np
from fusionbench.weights import load_state
tensors, expected = load_state("ckpt_5.pkl").tensors, np.load("expected.npz")
assert set(tensors) == set(expected), tensors
assert all(np.array_equal(tensors[name].numpy(), expected[name]) for name in expected)
print("the same", len(tensors))
"""
LOAD = """
import jittor as jt, numpy as np
layer = jt.nn.Linear(3, 2)
layer.load_state_dict(jt.load("ours.pkl")["model"])
assert layer.weight.numpy().tolist() == [[0, 1, 2], [3, 4, 5]], layer.weight
assert layer.bias.numpy().tolist() == [7, 8], layer.bias
print("the same")
"""


def python(program: str, folder: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=env, capture_output=True, text=True, timeout=3600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.jittor
def test_vars_saved_by_jittor_are_read_where_it_cannot_be_imported(tmp_path: Path) -> None:
    python(WRITE, tmp_path, environment())
    assert b"jittor_core.Var" in (tmp_path / "ckpt_5.pkl").read_bytes()
    assert python(READ, tmp_path) == "the same 4\n"


@pytest.mark.jittor
def test_jittor_loads_what_we_write(tmp_path: Path) -> None:
    arrays = {"weight": np.arange(6, dtype=np.float64).reshape(2, 3), "bias": np.array([7, 8])}
    write_jittor(tmp_path / "ours.pkl", arrays, {"method": "film"})
    assert python(LOAD, tmp_path, environment()).endswith("the same\n")
