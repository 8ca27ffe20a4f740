"""A learned method's network as an ONNX file.

The graph is the network alone, with what `Graph` says of its inputs. Colour, the 8-bit rule, and where FILM's text
comes from are left outside; the file's metadata says what they are.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..datasets.pair import Task
from ..datasets.spec import MODALITIES
from ..errors import InputError, RunError, one_line
from ..extras import explained
from ..files import check_writable, sha256_of, write_bytes
from ..methods import Method
from ..version import __version__

if TYPE_CHECKING:
    import onnx

    from ..methods.graph import Graph

OPSET = 18
TOLERANCE = 1e-4  # of values in [0, 1]: a fortieth of a level
SIZE = (480, 640)
_TRACED, _OTHER, _WORDS = (64, 80), (75, 98), 12  # sizes of a graph of any size that are tried


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : the file.
    size : height and width that the graph takes; None for any.
    difference : the largest from PyTorch, of values in [0, 1].
    metadata : what stands in the file.
    """

    path: Path
    size: tuple[int, int] | None
    difference: float
    metadata: dict[str, str]


def export(method: Method, path: Path, *, task: Task | None = None, size: tuple[int, int] | None = None) -> Exported:
    """Write the network of a method as ONNX, once onnxruntime gives with it what PyTorch gives.

    Parameters
    ----------
    method : a learned one.
    path : the file.
    task : for methods with weights, or an order of sources, for each task; the first that it was made for.
    size : height and width of the only images that the graph takes; None for any, or where a network cannot have that,
        480x640.

    Raises
    ------
    InputError
        The method lends no network, its weights are not here, the size is too small, or the extra is not installed.
    RunError
        PyTorch cannot export the network, onnxruntime cannot run it, or it gives other numbers. Nothing is written.
    """
    with explained():
        import onnxruntime
        import onnxscript  # noqa: F401  # PyTorch's exporter needs it
        import torch

    task = task or cast("Task", method.tasks[0])
    graph = method.graph(task).eval()
    check_writable(path.parent)
    if size is None:
        size, proto = _of_any_size(graph)
    else:
        proto = _traced(graph, size, fixed=True)
    sizes = [size] if size else [_TRACED, _OTHER]
    texts = [_WORDS, 4 * _WORDS] if graph.text else [0]
    inputs = [_inputs(graph, each, words) for each in sizes for words in texts]
    with torch.no_grad():
        wanted = [graph(*map(torch.from_numpy, x.values())).numpy() for x in inputs]
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
        pairs = [(each, session.run(None, x)[0]) for each, x in zip(wanted, inputs, strict=True)]
    except Exception as error:  # of onnxruntime, which has a class for each of its codes
        raise RunError(f"onnxruntime cannot run the graph of {method.name} ({one_line(error)}): not written") from error
    difference = max(float(np.abs(wanted - got).max()) for wanted, got in pairs)
    if not difference <= TOLERANCE:
        raise RunError(f"the graph of {method.name} gives other numbers than PyTorch, by {difference:.2g}: not written")
    metadata = _metadata(method, graph, task, size) | {
        "checked": f"onnxruntime {onnxruntime.__version__} on {' and '.join(f'{h}x{w}' for h, w in sizes)} against "
        f"PyTorch {torch.__version__}: largest difference {difference:.1e} of values in [0, 1]",
        "OpenCV": _tried_in_opencv(proto.SerializeToString(), inputs[0], pairs[0][0]),
    }
    proto.producer_name, proto.producer_version = "fusionbench", __version__
    for name, value in metadata.items():
        proto.metadata_props.add(key=name, value=value)
    write_bytes(path, proto.SerializeToString())
    return Exported(path, size, difference, metadata)


def _of_any_size(graph: Graph) -> tuple[tuple[int, int] | None, onnx.ModelProto]:
    """Trace for any size; a network that works on a grid, or counts pixels, can only be traced for one."""
    if not graph.text:
        try:
            return None, _traced(graph, _TRACED, fixed=False)
        except RunError:
            pass
    return SIZE, _traced(graph, SIZE, fixed=True)


def _traced(graph: Graph, size: tuple[int, int], *, fixed: bool) -> onnx.ModelProto:
    """Trace a graph on one size, for this or for any; the number of words of a text is always free."""
    import torch
    from torch.export import Dim

    inputs = _inputs(graph, size, _WORDS if graph.text else 0)
    image: dict[int, Any] = {} if fixed else {2: Dim.DYNAMIC, 3: Dim.DYNAMIC}
    with _quiet(), torch.no_grad():
        try:
            program = torch.onnx.export(
                graph, tuple(map(torch.from_numpy, inputs.values())), dynamo=True, opset_version=OPSET, verbose=False,
                dynamic_shapes=(image, image, *([{1: Dim.DYNAMIC}] if graph.text else [])),
                input_names=list(inputs), output_names=["fused"],
            )  # fmt: skip
        except InputError:
            raise
        except Exception as error:  # of PyTorch's exporter, which has dozens
            raise RunError(f"PyTorch cannot export this network: {one_line(error.__cause__ or error)}") from error
    assert program is not None
    proto: onnx.ModelProto = program.model_proto
    return proto


def _inputs(graph: Graph, size: tuple[int, int], words: int) -> dict[str, NDArray[np.float32]]:
    """Make sources at random, and a text of so many words, by the names of the graph's inputs."""
    draw = np.random.default_rng(0)
    inputs = {name: draw.random((1, graph.channels, *size), np.float32) for name in "ab"}
    return inputs | ({"text": draw.standard_normal((1, words, graph.text), np.float32)} if graph.text else {})


def _tried_in_opencv(proto: bytes, inputs: dict[str, NDArray[np.float32]], wanted: NDArray[np.float32]) -> str:
    """Say whether OpenCV's DNN gives the same, in a process of its own, since some graphs make it crash."""
    import cv2

    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "graph.onnx").write_bytes(proto)
        np.savez(Path(place) / "inputs.npz", **inputs)
        done = subprocess.run([sys.executable, "-c", _IN_OPENCV], cwd=place, capture_output=True, check=False)
        fused = Path(place) / "fused.npy"
        difference = float(np.abs(np.load(fused) - wanted).max()) if done.returncode == 0 else np.inf
    said = f"differs by {difference:.1e}" if np.isfinite(difference) else "cannot run it"
    return f"{cv2.__version__}'s DNN " + (f"gives the same, to {difference:.1e}" if difference <= TOLERANCE else said)


_IN_OPENCV = """
import cv2, numpy
network = cv2.dnn.readNetFromONNX("graph.onnx")
for name, value in numpy.load("inputs.npz").items():
    network.setInput(value, name)
numpy.save("fused.npy", network.forward())
"""


def _metadata(method: Method, graph: Graph, task: Task, size: tuple[int, int] | None) -> dict[str, str]:
    """Say what the graph is, what its inputs are, and what is left outside."""
    from ..weights.fetch import weights_path

    weights = method.weights_record
    if weights is None and (name := method.options.get("weights")):
        path = Path(str(weights_path(name, method.name)).partition("#")[0])
        weights = {"name": name, "files": {path.name: f"sha256:{sha256_of(path)}"}}
    image = "RGB, (1, 3, H, W)" if graph.channels == 3 else "luminance, (1, 1, H, W)"
    facts = {
        "program": f"fusionbench {__version__}",
        "method": method.paper_name or method.label,
        "reference": method.reference,
        "options": json.dumps(method.options, ensure_ascii=False),
        "weights": json.dumps(weights, ensure_ascii=False),
        "task": task,
        "size": f"{size[0]}x{size[1]}" if size else "any",
        "inputs": f"a: {MODALITIES[task][0]}, b: {MODALITIES[task][1]}; {image}, float32, 8-bit values divided by 255",
        "outside": f"clip to [0, 1]; to 8 bit by the rule {method.quantise}"
        + ("" if graph.channels == 3 else "; chroma of a source in colour is attached again"),
    }
    if method.remarks:
        facts["remarks"] = " ".join(method.remarks)
    text = f"features of the words, (1, L, {graph.text}) float32, made outside"
    return facts | ({"text": text} if graph.text else {})


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what PyTorch's exporter says of packages that are not needed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
