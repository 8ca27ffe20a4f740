"""Reading, converting and fetching weights."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionbench.errors import InputError, RunError
from fusionbench.methods.u2fusion.checkpoints import LAYERS, adapt, load_generator
from fusionbench.methods.u2fusion.method import U2Fusion
from fusionbench.methods.u2fusion.network import Generator
from fusionbench.weights import State, convert, describe, fetch, get_weights, known_weights, load_state, save_state
from fusionbench.weights.bundle import masked_crc
from fusionbench.weights.catalog import VGG16, File
from fusionbench.weights.fetch import locate, verify


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    network = Generator()
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, -0.1, 0.1)
    return network.state_dict()


def as_port(state: dict[str, torch.Tensor], zero: bool = False) -> dict[str, torch.Tensor]:
    """Rename and reorder as the two ports have it: the input of a dense layer before what it adds."""
    named = {}
    for i, layer in enumerate(LAYERS):
        kernel, bias = state[f"{layer}.weight"], state[f"{layer}.bias"]
        if kernel.shape[1] % 44 == 0:
            blocks = [kernel[:, j : j + 44] for j in range(0, kernel.shape[1], 44)]
            kernel = torch.cat(blocks[::-1], dim=1)
        if zero:
            name = "conv_1.0" if i == 0 else f"dense_layers.{i - 1}.conv.0" if i < 6 else f"sub.{i - 6}.0"
            name = "sub.3" if i == 9 else name
        else:
            name = "conv_1" if i == 0 else f"denseblock.{i - 1}.dense_conv" if i < 6 else f"sub.{i - 6}"
            name += ".conv2d"
        named[f"{name}.weight"], named[f"{name}.bias"] = kernel, bias
    return named


def port_forward(port: dict[str, torch.Tensor], x: torch.Tensor, zero: bool) -> torch.Tensor:
    """The ports' network: input first; the one with zero borders takes and gives [-1, 1]."""
    from torch.nn import functional

    names = list(dict.fromkeys(key.rpartition(".")[0] for key in port))

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(x, (1, 1, 1, 1), mode="constant" if zero else "reflect")
        return functional.conv2d(padded, port[f"{name}.weight"], port[f"{name}.bias"])

    x = functional.leaky_relu(conv(names[0], 2 * x - 1 if zero else x), 0.2)
    for name in names[1:6]:
        x = torch.cat([x, functional.leaky_relu(conv(name, x), 0.2)], dim=1)
    for name in names[6:9]:
        x = functional.leaky_relu(conv(name, x), 0.2)
    return (torch.tanh(conv(names[9], x)) + 1) / 2


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_ports_pth_gives_the_ports_images(
    state: dict[str, torch.Tensor], tmp_path: Path, zero: bool, wrapped: bool
) -> None:
    port = as_port(state, zero)
    content = {"epoch": 3, "model": {f"module.{k}": v for k, v in port.items()}, "lr": {"gamma": 0.9}}
    torch.save(content if wrapped else port, tmp_path / "model.pth")
    network = load_generator(tmp_path / "model.pth")
    x = torch.rand(1, 2, 12, 15)
    with torch.inference_mode():
        torch.testing.assert_close(network(x[:, :1], x[:, 1:]), port_forward(port, x, zero), atol=1e-5, rtol=0)
    report = convert(tmp_path / "model.pth", tmp_path / "ours.safetensors")
    assert report.method == "u2fusion"
    assert report.parameters == 659_217
    again = load_generator(tmp_path / "ours.safetensors")
    with torch.inference_mode():
        torch.testing.assert_close(again(x[:, :1], x[:, 1:]), network(x[:, :1], x[:, 1:]), atol=0, rtol=0)


def test_converting_twice_writes_the_same_bytes(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save(as_port(state), tmp_path / "model.pth")
    for name in ("one", "two"):
        convert(tmp_path / "model.pth", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_half_precision_is_half_the_size(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    save_state(tmp_path / "full", state)
    report = convert(tmp_path / "full", tmp_path / "half", half=True)
    assert (tmp_path / "half").stat().st_size < 1.35e6
    assert {kind for _, kind in report.tensors.values()} == {"float16"}
    assert next(load_generator(tmp_path / "half").parameters()).dtype == torch.float32


def test_the_tensorflow_checkpoint_is_the_converted_one(shared: Path) -> None:
    reference = load_state(shared / "weights/u2fusion_official.safetensors").tensors
    for path in ("u2fusion_tf1", "u2fusion_tf1/model.ckpt", "u2fusion_tf1/model.ckpt.data-00000-of-00001"):
        tensors, metadata = adapt(load_state(shared / "weights" / path))
        assert metadata["padding"] == "reflect"
        assert tensors.keys() == reference.keys()
        assert all(torch.equal(tensors[key], reference[key]) for key in reference)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("data-00000-of-00001", lambda data: data[:-1], "ends before tensor"),
        ("data-00000-of-00001", lambda data: data[:1000] + b"\0\0\0\1" + data[1004:], "checksum of tensor"),
        ("index", lambda data: data[:-1], "no table footer"),
        ("index", lambda data: data[:40] + b"\xff" + data[41:], "checksum of a block"),
        ("index", lambda data: b"", "no table footer"),
        ("data-00000-of-00001", None, r"model\.ckpt\.data-00000-of-00001 is missing"),
    ],
)
def test_a_damaged_checkpoint_is_named(
    shared: Path, tmp_path: Path, part: str, change: Callable[[bytes], bytes] | None, message: str
) -> None:
    for file in (shared / "weights/u2fusion_tf1").glob("model.ckpt*"):
        shutil.copyfile(file, tmp_path / file.name)
    file = tmp_path / f"model.ckpt.{part}"
    if change is None:
        file.unlink()
    else:
        file.write_bytes(change(file.read_bytes()))
    with pytest.raises(InputError, match=message):
        load_state(tmp_path / "model.ckpt")


def test_crc_is_castagnoli() -> None:
    unmasked = (masked_crc(bytes(32)) - 0xA282EAD8) & 0xFFFFFFFF
    assert (unmasked << 15 | unmasked >> 17) & 0xFFFFFFFF == 0x8A9136AA  # RFC 3720, 32 bytes of zeros


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
@pytest.mark.parametrize("length", [0, 5, 300, 0.5, 0.999])
def test_a_truncated_file_is_named(state: dict[str, torch.Tensor], tmp_path: Path, kind: str, length: float) -> None:
    path = tmp_path / f"model.{kind}"
    if kind == "pth":
        torch.save(state, path)
    else:
        save_state(path, state)
    data = path.read_bytes()
    path.write_bytes(data[: int(length if length >= 1 else length * len(data))])
    with pytest.raises(InputError, match=rf"cannot read the weights .*model\.{kind}"):
        load_state(path)


def test_another_network_is_refused_with_a_reason(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not the weights of U2Fusion: the tensors are called fc\.bias"):
        adapt(State({"fc.bias": torch.zeros(3)}))
    missing = {k: v for k, v in state.items() if k != "encoder.dense3.bias"}
    with pytest.raises(InputError, match=r"'encoder.dense3.bias' is missing"):
        adapt(State(missing))
    other = {**state, "encoder.dense3.weight": torch.zeros(44, 100, 3, 3)}
    with pytest.raises(InputError, match=r"'encoder.dense3.weight' is \(44, 100, 3, 3\), not \(44, 132, 3, 3\)"):
        adapt(State(other))
    save_state(tmp_path / "other.safetensors", {"a": torch.zeros(2)})
    assert describe(tmp_path / "other.safetensors").method == ""


def test_known_weights_that_are_not_here_say_what_to_do() -> None:
    image = np.zeros((1, 1, 4, 4), np.float32)
    with pytest.raises(InputError, match="run `fusionbench weights fetch u2fusion-official` first"):
        U2Fusion(weights="u2fusion-official").fuse(image, image)


def test_the_catalogue_says_where_weights_come_from() -> None:
    for weights in known_weights().values():
        assert all([weights.method, weights.origin, weights.licence, weights.obtained])
        assert weights.files or weights.bundled
        assert all(file.digest.partition(":")[0] in {"sha256", "git", "name"} for file in weights.files)
    with pytest.raises(InputError, match="did you mean 'u2fusion-official'"):
        get_weights("u2fusion-oficial")


Publish = Callable[[dict[str, bytes], tuple[str, ...]], Path]


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """Publish files as the weights "net" on a server of this machine, and give the folder that they are served from."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path / "cache"))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def serve(contents: dict[str, bytes], digests: tuple[str, ...]) -> Path:
        address = f"http://127.0.0.1:{server.server_port}"
        files = tuple(File(f"{address}/{name}", digest) for name, digest in zip(contents, digests, strict=True))
        monkeypatch.setitem(known_weights(), "net", replace(VGG16, name="net", files=files))
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        return folder

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetch_downloads_once_and_verifies(publish: Publish) -> None:
    sha, blob = hashlib.sha256(b"one").hexdigest(), hashlib.sha1(b"blob 3\0two").hexdigest()
    folder = publish({"net-1.pth": b"one", "net-2.pth": b"two"}, (f"name:{sha[:8]}", f"git:{blob}"))
    assert locate("net") is None
    path = fetch("net")
    assert path.name == "net-1.pth"
    assert path.read_bytes() == b"one"
    assert path.with_name("net-2.pth").read_bytes() == b"two"
    assert locate("net") == path
    (folder / "net-1.pth").unlink()  # not asked for again
    assert fetch("net") == path


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"something else", "is not the published file"),
        (b"<!DOCTYPE html><title>Log in</title>", r"cannot download .*net.pth .a web page came in place.*put it at"),
        (None, r"cannot download .*net.pth .*put it at"),
    ],
)
def test_fetch_refuses_what_was_not_published(
    publish: Publish, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    folder = publish({"net.pth": content or b""}, ("name:397923af",))
    if content is None:
        (folder / "net.pth").unlink()
    with pytest.raises(RunError, match=problem):
        fetch("net")
    assert not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


def test_verify_names_both_hashes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    verify(tmp_path / "x", f"sha256:{hashlib.sha256(b'x').hexdigest()}")
    with pytest.raises(RunError, match="not 00"):
        verify(tmp_path / "x", "sha256:00")
