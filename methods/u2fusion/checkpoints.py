"""Every form in which U2Fusion's weights are found, brought to ours.

===================== ============ ================ ======== ========
written by            names        dense block      borders  input
===================== ============ ================ ======== ========
this package          `encoder.`…  newest first     reflect  [0, 1]
the authors (TF 1)    `Generator/` newest first     reflect  [0, 1]
port with `conv2d`    `denseblock` input first      reflect  [0, 1]
port with `conv`      `dense_lay`… input first      zeros    [-1, 1]
===================== ============ ================ ======== ========
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...weights.catalog import File, Weights
from ...weights.search import Shape, State, Unfit, misfit, take

if TYPE_CHECKING:
    from torch import Tensor

    from .network import Generator

_U2FUSION = "https://raw.githubusercontent.com/hanna-xu/U2Fusion/{}/model/model.ckpt.{}"
# fmt: off
WEIGHTS = (
    Weights(
        "u2fusion", "u2fusion", "trained by this project; see methods/u2fusion/MODEL_CARD.md", "Apache-2.0",
        "ships in the package", bundled="methods/u2fusion/u2fusion.safetensors",
    ),
    Weights(
        "u2fusion-official", "u2fusion", "the authors of U2Fusion, published in September 2020",
        "none stated: not redistributed here",
        "a TensorFlow checkpoint of three files in github.com/hanna-xu/U2Fusion, read without TensorFlow",
        (
            File(_U2FUSION.format("0af5a710aaa0ee94da53eba64a49b2b2eda906b3", "index"),
                 "sha256:15b7d283a1de8f616cc42978346bd24d47a9c380d624370368b956beb593014e"),
            File(_U2FUSION.format("9c9c558f75a7e0a881cb249ae6532713832d1dc2", "data-00000-of-00001"),
                 "sha256:e50cada8d4ec92f2577ad5db5d212fba521dffb35d04e00a20364b43512c64c8"),
        ),
    ),
)
# fmt: on
Padding = Literal["reflect", "zeros"]
_DENSE = [f"encoder.dense{i}" for i in range(1, 6)]
_DECODER = [f"decoder.conv2_{i}" for i in range(1, 5)]
LAYERS = ["encoder.conv1_1", *_DENSE, *_DECODER]

# Our layer -> theirs.
_TF1 = {"encoder.conv1_1": "Generator/encoder/conv1_1"}
_TF1 |= {layer: f"Generator/encoder/dense_block_conv{i}" for i, layer in enumerate(_DENSE, 1)}
_TF1 |= {layer: f"Generator_1/{layer.replace('.', '/')}" for layer in _DECODER}
_PORT = {"encoder.conv1_1": "conv_1.conv2d"}
_PORT |= {layer: f"denseblock.{i}.dense_conv.conv2d" for i, layer in enumerate(_DENSE)}
_PORT |= {layer: f"sub.{i}.conv2d" for i, layer in enumerate(_DECODER)}
_PORT_ZERO = {"encoder.conv1_1": "conv_1.0"}
_PORT_ZERO |= {layer: f"dense_layers.{i}.conv.0" for i, layer in enumerate(_DENSE)}
_PORT_ZERO |= {layer: f"sub.{i}.0" if i < 3 else "sub.3" for i, layer in enumerate(_DECODER)}


@dataclass(frozen=True)
class _Form:
    title: str
    names: Mapping[str, str]
    kernel: str = "weight"
    bias: str = "bias"
    separator: str = "."
    change: Callable[[str, Tensor, Tensor], tuple[Tensor, Tensor]] | None = None
    padding: Padding = "reflect"


def adapt(state: State) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Bring weights to our names and conventions.

    Returns
    -------
    The twenty tensors, in the type in which they were stored, and metadata: `padding` and `origin_form`.

    Raises
    ------
    InputError
        It is another network; what does not fit is said.
    """
    network = take(state, forms(), "U2Fusion", _explain)
    form = next(form for form in _FORMS if form.title == network.form)
    tensors: dict[str, Tensor] = {}
    for layer in LAYERS:
        kernel, bias = (network.tensors[_join(form, layer, part)] for part in (form.kernel, form.bias))
        if form.change is not None:
            kernel, bias = form.change(layer, kernel, bias)
        tensors[f"{layer}.weight"], tensors[f"{layer}.bias"] = kernel.contiguous(), bias
    padding = state.metadata.get("padding", form.padding)
    return tensors, {"padding": padding, "origin_form": state.metadata.get("origin_form", form.title)}


def forms() -> dict[str, dict[str, Shape]]:
    """Return the names and shapes of all tensors, by the title of each form, as they stand in a file."""
    known: dict[str, dict[str, Shape]] = {}
    for form in _FORMS:
        known[form.title] = shapes = {}
        for layer in LAYERS:
            out, inputs, *sides = SHAPES[layer]
            kernel = (*sides, inputs, out) if form.kernel == "kernel" else (out, inputs, *sides)
            shapes[_join(form, layer, form.kernel)], shapes[_join(form, layer, form.bias)] = kernel, (out,)
    return known


def load_generator(path: str | Path) -> Generator:
    """Build the network with the weights of a file, float32, on the CPU.

    Raises
    ------
    InputError
        The file is missing, truncated, unsafe, or of another network.
    """
    from ...weights.convert import load_weights
    from .network import Generator

    tensors, metadata = load_weights(path, "u2fusion")
    network = Generator("zeros" if metadata["padding"] == "zeros" else "reflect")
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network.eval()


def _from_tf1(layer: str, kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    return kernel.permute(3, 2, 0, 1), bias


def _newest_first(layer: str, kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Turn the blocks of 44 input channels round, in the layers that read a concatenation."""
    if layer in [*_DENSE[1:], _DECODER[0]] and kernel.shape[1] % 44 == 0:
        kernel = kernel.unflatten(1, (-1, 44)).flip(1).flatten(1, 2)
    return kernel, bias


def _from_signed(layer: str, kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Fold the port's input range into the first layer: w (2x - 1) + b = 2w x + (b - sum w)."""
    if layer == "encoder.conv1_1":
        return 2 * kernel, bias - kernel.sum(dim=(1, 2, 3))
    return _newest_first(layer, kernel, bias)


_FORMS = (
    _Form("fusionbench", {layer: layer for layer in LAYERS}),
    _Form("TensorFlow, of the authors", _TF1, "kernel", separator="/", change=_from_tf1),
    _Form("PyTorch port, input first", _PORT, change=_newest_first),
    _Form("PyTorch port, input first, zero borders, input in [-1, 1]", _PORT_ZERO, change=_from_signed,
          padding="zeros"),
)  # fmt: skip


def _join(form: _Form, layer: str, part: str) -> str:
    return f"{form.names[layer]}{form.separator}{part}"


def _explain(unfit: Unfit) -> str:
    """Say why no network of ours was found."""
    return misfit(unfit) if unfit.form else f"the tensors are called {', '.join(sorted(unfit.extra)[:3])}, …"


SHAPES = {"encoder.conv1_1": (44, 2, 3, 3)}
SHAPES |= {layer: (44, 44 * i, 3, 3) for i, layer in enumerate(_DENSE, 1)}
SHAPES |= {layer: (o, i, 3, 3) for layer, i, o in zip(_DECODER, (264, 128, 64, 32), (128, 64, 32, 1), strict=True)}
