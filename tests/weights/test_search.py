"""A network is found in whatever a training script saved around it."""

from __future__ import annotations

import argparse
import pickle
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusionbench.errors import InputError
from fusionbench.methods import Method, get_method
from fusionbench.methods.film.network import FilmNetwork
from fusionbench.methods.u2fusion.checkpoints import adapt, load_generator
from fusionbench.methods.u2fusion.network import Generator
from fusionbench.weights import convert, describe, load_state, save_state
from fusionbench.weights.search import collect

Tensors = dict[str, torch.Tensor]
A, B = np.random.default_rng(5).random((2, 1, 1, 24, 20), dtype=np.float32)


@cache
def plain(method: str, seed: int = 0) -> Tensors:
    torch.manual_seed(seed)
    network = Generator() if method == "u2fusion" else FilmNetwork((16, 16))
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def fused(path: str | Path, method: str) -> np.ndarray:
    options = {"grid": "16x16", "text": "none"} if method == "film" else {}
    made: Method = get_method(method, weights=str(path), **options)
    made.check([])
    return made.fuse(A, B)


def as_arrays(state: Tensors) -> dict[str, Any]:
    return {name: tensor.numpy() for name, tensor in state.items()}


def as_parameters(state: Tensors) -> dict[str, Any]:
    return OrderedDict((name, torch.nn.Parameter(tensor)) for name, tensor in state.items())


def as_bytes(state: Tensors) -> dict[Any, Any]:
    return {name.encode(): tensor for name, tensor in state.items()}


def as_tree(state: Tensors) -> dict[str, Any]:
    """Dictionaries in dictionaries, a level at each dot."""
    tree: dict[str, Any] = {}
    for name, tensor in state.items():
        *parts, last = name.split(".")
        branch = tree
        for part in parts:
            branch = branch.setdefault(part, {})
        branch[last] = tensor
    return tree


FORMS: list[Callable[[Tensors], Any]] = [dict, OrderedDict, as_arrays, as_parameters, as_bytes, as_tree]
PREFIXES = st.lists(
    st.sampled_from(["module.", "_orig_mod.", "model.", "generator.", "net.", "netG.", "some.wrapper.", "G_"]),
    max_size=3,
).map("".join)
KEYS = st.lists(
    st.sampled_from(["state_dict", "model", "params_ema", "net", "checkpoint", "generator", b"model", 0, "a key"]),
    max_size=4,
)


def optimiser(state: Tensors) -> dict[str, Any]:
    moments = {i: {"step": torch.tensor(7.0), "exp_avg": torch.zeros_like(t)} for i, t in enumerate(state.values())}
    return {"state": moments, "param_groups": [{"lr": 1e-4, "params": list(range(len(state)))}]}


EXTRAS: dict[str, Callable[[Tensors], Any]] = {
    "epoch": lambda state: 7,
    "optimizer": optimiser,
    "optimizer_states": lambda state: [optimiser(state)],
    "hyper_parameters": lambda state: argparse.Namespace(lr=0.1, out=PurePosixPath("runs")),
    "best": lambda state: np.float64(0.5),
    "losses": lambda state: np.arange(5.0),
    "rng": lambda state: torch.zeros(16, dtype=torch.uint8),
    "discriminator": lambda state: {"fc.weight": torch.ones(3, 3), "conv.bias": torch.ones(2)},
    "names": lambda state: ["a", {"b": (1, 2)}, None],
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(FORMS), prefix=PREFIXES, keys=KEYS, extras=st.sets(st.sampled_from(list(EXTRAS))),
    listed=st.booleans(), bare=st.booleans(),
)  # fmt: skip
def test_it_is_the_plain_state_dictionary(
    tmp_path: Path, form: Any, prefix: str, keys: list[Any], extras: set[str], listed: bool, bare: bool
) -> None:
    state = plain("u2fusion")
    content: Any = form({prefix + name: tensor for name, tensor in state.items()})
    for key in keys:
        content = {key: content}
    if keys:
        content |= {name: EXTRAS[name](state) for name in extras}
    if listed:
        content = [3, content, "notes"]
    path = tmp_path / "w.pth"
    torch.save(content, path)
    if bare and form is as_arrays:  # a pickle without tensors of torch is taken as it is
        path.write_bytes(pickle.dumps({"model": form(state)}))
    tensors, metadata = adapt(load_state(path))
    assert tensors.keys() == state.keys()
    assert all(torch.equal(tensors[name], state[name]) for name in state)
    assert metadata["origin_form"] == "fusionbench"


@pytest.mark.parametrize("method", ["u2fusion", "film"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_both_methods_give_the_image_of_the_plain_file(tmp_path: Path, method: str, form: Any) -> None:
    state = plain(method)
    save_state(tmp_path / "plain.safetensors", state)
    wrapped = form({f"module._orig_mod.{name}": tensor for name, tensor in state.items()})
    torch.save({"state_dict": wrapped, **{name: make(state) for name, make in EXTRAS.items()}}, tmp_path / "w.ckpt")
    np.testing.assert_array_equal(fused(tmp_path / "w.ckpt", method), fused(tmp_path / "plain.safetensors", method))
    report = describe(tmp_path / "w.ckpt")
    assert (report.method, report.parameters) == (method, sum(t.numel() for t in state.values()))
    assert convert(tmp_path / "w.ckpt", tmp_path / "ours.safetensors").parameters == report.parameters
    assert load_state(tmp_path / "ours.safetensors").tensors.keys() == state.keys()


@pytest.mark.parametrize("method", ["u2fusion", "film"])
def test_of_two_networks_the_user_says_which(tmp_path: Path, method: str) -> None:
    one, other = plain(method), plain(method, seed=1)
    path = tmp_path / "two.pth"
    torch.save({"model": one, "ema": {f"module.{name}": tensor for name, tensor in other.items()}}, path)
    with pytest.raises(InputError, match=rf"2 networks in it would do, .*'model'.*'ema.module'.*{path}#model"):
        fused(path, method)
    for key, state in (("model", one), ("ema", other), ("ema.module", other)):
        save_state(tmp_path / "plain.safetensors", state)
        np.testing.assert_array_equal(fused(f"{path}#{key}", method), fused(tmp_path / "plain.safetensors", method))
        assert describe(f"{path}#{key}").method == method
    with pytest.raises(InputError, match=r"unknown key of .*'emma': did you mean 'ema'"):
        fused(f"{path}#emma", method)
    assert "ema.module" in describe(path).metadata["networks"]
    assert get_method(method, weights=f"{path}#ema").label == f"{method}[weights=two#ema]"


def test_the_network_at_the_top_can_be_chosen(tmp_path: Path) -> None:
    one, other = plain("u2fusion"), plain("u2fusion", seed=1)
    path = tmp_path / "two.pth"
    torch.save({**one, "ema": other}, path)
    with pytest.raises(InputError, match=r"under the keys '\.' and 'ema'"):
        load_generator(path)
    for key, state in ((".", one), ("ema", other)):
        assert torch.equal(
            load_generator(f"{path}#{key}").state_dict()["decoder.conv2_4.bias"], state["decoder.conv2_4.bias"]
        )


def test_a_file_with_a_number_sign_in_its_name_is_a_file(tmp_path: Path) -> None:
    save_state(tmp_path / "a#b.safetensors", plain("u2fusion"))
    load_generator(tmp_path / "a#b.safetensors")


@pytest.mark.parametrize(
    "more",
    [
        {"best": {name: tensor.clone() for name, tensor in plain("u2fusion").items()}},  # the same network once more
        {"module.total_ops": torch.zeros(1, dtype=torch.float64), "n_averaged": torch.tensor(4)},  # counters of tools
    ],
)
def test_what_else_is_no_other_network(tmp_path: Path, more: dict[str, Any]) -> None:
    state = plain("u2fusion")
    torch.save({**{f"module.{name}": tensor for name, tensor in state.items()}, **more}, tmp_path / "w.pth")
    assert adapt(load_state(tmp_path / "w.pth"))[0].keys() == state.keys()


def test_another_layer_among_its_own_makes_it_another_network(tmp_path: Path) -> None:
    torch.save({"model": {**plain("u2fusion"), "decoder.conv2_5.weight": torch.zeros(1, 1, 3, 3)}}, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"tensor 'decoder.conv2_5.weight' is none of its own"):
        load_generator(tmp_path / "w.pth")


def test_a_content_that_holds_itself_ends() -> None:
    content: dict[str, Any] = {"a": [1], "w": torch.zeros(2)}
    content["self"] = content
    content["a"].append(content["a"])
    assert list(collect(content)[0]) == ["w"]


SPOILT: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], str]] = {
    "int8": (lambda t: t.to(torch.int8), "is int8, not floating-point numbers, as in a quantised network"),
    "quantised": (lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), "is qint8, not floating-point numbers"),
    "complex": (lambda t: t.to(torch.complex64), "is complex64, not floating-point numbers"),
    "sparse": (lambda t: t.to_sparse(), "not stored as a plain tensor"),
    "nan": (lambda t: t * float("nan"), "not all finite: .*training went astray"),
    "too large": (lambda t: t.double() * 0 + 1e300, "not all finite"),
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("method", ["u2fusion", "film"])
@pytest.mark.parametrize("case", SPOILT)
def test_numbers_that_cannot_be_computed_with(tmp_path: Path, method: str, case: str) -> None:
    spoil, told = SPOILT[case]
    state = dict(plain(method))
    name = next(name for name in state if name.endswith(".bias"))
    state[name] = spoil(state[name])
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=rf"cannot use the weights .*{told}") as caught:
        fused(tmp_path / "w.pth", method)
    assert name in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_floating_type_is_computed_with_in_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {name: tensor.to(dtype) for name, tensor in plain("u2fusion").items()}
    torch.save(state, tmp_path / "w.pth")
    loaded = load_generator(tmp_path / "w.pth").state_dict()
    assert all(torch.equal(loaded[name], tensor.float()) for name, tensor in state.items())


def test_whose_weights_they_are_is_said(tmp_path: Path) -> None:
    for mine, other, lacking in (
        ("film", "u2fusion", "missing: text_process.conv.weight"), ("u2fusion", "film", "the tensors are called"),
    ):  # fmt: skip
        torch.save({"model": plain(other)}, tmp_path / "w.pth")
        with pytest.raises(InputError, match=rf"cannot use the weights .*{lacking}.*they fit the method '{other}'"):
            fused(tmp_path / "w.pth", mine)


def test_published_networks_of_others_are_refused(shared: Path) -> None:
    files = [path for path in sorted((shared / "weights/zoo").glob("*/*")) if ".data-" not in path.name]
    assert len(files) >= 15
    for path in files:
        for method in ("u2fusion", "film"):
            with pytest.raises(InputError, match=r"(cannot use|cannot read) the weights|refused to load"):
                fused(path, method)
        assert describe(path).method == ""


def test_an_archive_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **{f"module.{n}": t.numpy() for n, t in plain("u2fusion").items()})
    assert load_state(tmp_path / "w.npz").format == "NumPy archive"
    assert torch.equal(
        load_generator(tmp_path / "w.npz").state_dict()["decoder.conv2_4.bias"],
        plain("u2fusion")["decoder.conv2_4.bias"],
    )
