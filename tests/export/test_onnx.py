"""Networks as ONNX: another program gives what PyTorch gives, and the file says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from fusionbench.cli import app
from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError, RunError
from fusionbench.files import sha256_of
from fusionbench.methods import get_method
from fusionbench.methods.method import Gray, Method

torch = pytest.importorskip("torch")
for module in ("onnx", "onnxruntime", "onnxscript"):
    pytest.importorskip(module, reason="the extra 'export' is not installed")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402

from fusionbench.export import export  # noqa: E402

from ..zoo.plain import random_state  # noqa: E402


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments])


def fused_by(path: Path, **inputs: Gray) -> Gray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    fused: Gray = session.run(None, inputs)[0]
    return fused


def noise(*shape: int) -> tuple[Gray, Gray]:
    a, b = np.random.default_rng(1).random((2, *shape), np.float32)
    return a, b


def zoo_method(spec: str, folder: Path) -> Method:
    torch.save(random_state(spec.partition("[")[0]), folder / "w.pth")
    return get_method(spec, weights=str(folder / "w.pth"))


def test_a_graph_of_any_size_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "new" / "u2fusion.onnx"
    result = call("-m", "u2fusion", "--out", str(file))
    assert result.exit_code == 0, result.output
    assert [path.name for path in file.parent.iterdir()] == ["u2fusion.onnx"]
    method = get_method("u2fusion")
    for size in ((2, 9), (61, 46)):
        a, b = noise(1, 1, *size)
        np.testing.assert_allclose(fused_by(file, a=a, b=b), method.fuse(a, b), atol=2e-6)
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    said = {entry.key: entry.value for entry in model.metadata_props}
    shipped = Path(__file__).parents[2] / "methods/u2fusion/u2fusion.safetensors"
    assert json.loads(said["weights"])["files"] == {shipped.name: f"sha256:{sha256_of(shipped)}"}
    assert said["size"] == "any"
    assert said["inputs"].startswith("a: infrared, b: visible; luminance, (1, 1, H, W)")
    assert "by the rule max;" in said["outside"]
    assert all(f"{key:<10} {value}" in result.output for key, value in said.items())
    assert "'s DNN gives the same" in said["OpenCV"]


def test_the_order_of_sources_is_that_of_the_task(tmp_path: Path) -> None:
    method = get_method("u2fusion")
    done = export(method, tmp_path / "mef.onnx", task="MEF", size=(16, 24))
    a, b = noise(1, 1, 16, 24)
    pair = Pair("p", a[0, 0], b[0, 0], "MEF")
    assert done.size == (16, 24)
    np.testing.assert_allclose(fused_by(done.path, a=a, b=b), method.fuse(a, b, pairs=(pair,)), atol=2e-6)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(fused_by(done.path, a=a, b=b), method.fuse(a, b), atol=1e-3)


@pytest.mark.slow
def test_film_takes_texts_of_any_length(tmp_path: Path) -> None:
    method = get_method("film")
    done = export(method, tmp_path / "film.onnx", size=(40, 56))
    a, b = noise(1, 1, 40, 56)
    for words in (7, 50):
        text = np.random.default_rng(words).standard_normal((1, words, 768), np.float32)
        with torch.inference_mode():
            wanted = method._network("IVF")(*map(torch.from_numpy, (a, b, text)))  # type: ignore[attr-defined]
        np.testing.assert_allclose(fused_by(done.path, a=a, b=b, text=text), wanted.numpy(), atol=2e-6)
    assert done.metadata["text"].startswith("features of the words, (1, L, 768)")


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["densefuse", "sdnet", "matr"])
def test_networks_of_the_zoo(tmp_path: Path, spec: str) -> None:
    method = zoo_method(spec, tmp_path)
    task = method.tasks[0]
    a, b = noise(1, 1, 33, 47)
    done = export(method, tmp_path / "graph.onnx", task=task, size=None if spec == "densefuse" else (33, 47))
    wanted = method.fuse(a, b, pairs=(Pair("p", a[0, 0], b[0, 0], task),))  # type: ignore[arg-type]
    np.testing.assert_allclose(fused_by(done.path, a=a, b=b), wanted, rtol=1e-4, atol=1e-5)


def test_a_network_of_colour_takes_colour(tmp_path: Path) -> None:
    method = zoo_method("ifcnn", tmp_path)
    done = export(method, tmp_path / "graph.onnx", size=(21, 34))
    a, b = noise(1, 3, 21, 34)
    wanted = method.fuse_colours([a, b])  # type: ignore[attr-defined]
    np.testing.assert_allclose(fused_by(done.path, a=a, b=b), wanted, rtol=1e-4, atol=1e-4)
    assert "RGB, (1, 3, H, W)" in done.metadata["inputs"]


def test_what_cannot_be_exported_is_one_sentence_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words, sentence in {
        "average": "average has no network that can be exported",
        "u2fusion --weights gone.pth": "there is no weights file gone.pth",
        "u2fusion --size big": "--size is HEIGHTxWIDTH in pixels",
    }.items():
        error = call("-m", *words.split()).exception
        assert isinstance(error, InputError)
        assert str(error).startswith(sentence)
    monkeypatch.setattr("fusionbench.export.onnx.TOLERANCE", -1.0)
    with pytest.raises(RunError, match="gives other numbers than PyTorch"):
        export(get_method("u2fusion"), tmp_path / "wrong.onnx", size=(16, 16))
    assert list(tmp_path.iterdir()) == []


def test_auif_is_traced_with_averages_that_onnxruntime_has(tmp_path: Path) -> None:
    """In float64, as the method takes them, it has none."""
    method = zoo_method("auif", tmp_path)
    done = export(method, tmp_path / "auif.onnx", size=(24, 31))
    assert done.difference < 1e-5
    a, b = noise(1, 1, 24, 31)
    np.testing.assert_allclose(fused_by(done.path, a=a, b=b), method.fuse(a, b), atol=1e-5)


def test_a_graph_that_onnxruntime_cannot_run_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: False)  # so that AUIF averages in float64
    method = zoo_method("auif", tmp_path)
    with pytest.raises(RunError, match=r"^onnxruntime cannot run the graph of auif \(NotImplemented: .*: not written$"):
        export(method, tmp_path / "auif.onnx", size=(24, 31))
    assert not (tmp_path / "auif.onnx").exists()
