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

from ...errors import InputError
from ..weights.files import State, load_state

if TYPE_CHECKING:
    from torch import Tensor

    from .network import Generator

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
    form = next((form for form in _FORMS if _join(form, "encoder.conv1_1", form.kernel) in state.tensors), None)
    if form is None:
        some = ", ".join(sorted(state.tensors)[:3])
        raise InputError(f"these are not the weights of U2Fusion: the tensors are called {some}, …")
    _check_names(state, form)
    tensors: dict[str, Tensor] = {}
    for layer in LAYERS:
        kernel = state.tensors[_join(form, layer, form.kernel)]
        bias = state.tensors[_join(form, layer, form.bias)]
        if form.change is not None and kernel.ndim == 4 and bias.ndim == 1:
            kernel, bias = form.change(layer, kernel, bias)
        _check_shapes(layer, kernel, bias)
        tensors[f"{layer}.weight"], tensors[f"{layer}.bias"] = kernel.contiguous(), bias
    padding = state.metadata.get("padding", form.padding)
    return tensors, {"padding": padding, "origin_form": state.metadata.get("origin_form", form.title)}


def load_generator(path: str | Path) -> Generator:
    """Build the network with the weights of a file, float32, on the CPU.

    Raises
    ------
    InputError
        The file is missing, truncated, unsafe, or of another network.
    """
    from .network import Generator

    try:
        tensors, metadata = adapt(load_state(path))
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"cannot use the weights {path}: {error}") from error
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


def _check_names(state: State, form: _Form) -> None:
    wanted = {_join(form, layer, part) for layer in LAYERS for part in (form.kernel, form.bias)}
    missing, extra = sorted(wanted - set(state.tensors)), sorted(set(state.tensors) - wanted)
    if missing or extra:
        what = f"tensor {missing[0]!r} is missing" if missing else f"there is a tensor {extra[0]!r} too many"
        raise InputError(f"these are not the weights of U2Fusion: {what}")


def _check_shapes(layer: str, kernel: Tensor, bias: Tensor) -> None:
    shape = SHAPES[layer]
    for part, found, wanted in (("kernel", tuple(kernel.shape), shape), ("bias", tuple(bias.shape), shape[:1])):
        if found != wanted:
            raise InputError(f"these are not the weights of U2Fusion: the {part} of {layer} is {found}, not {wanted}")
    if not (kernel.isfinite().all() and bias.isfinite().all()):
        raise InputError(f"the weights of layer {layer} are not all finite")


SHAPES = {"encoder.conv1_1": (44, 2, 3, 3)}
SHAPES |= {layer: (44, 44 * i, 3, 3) for i, layer in enumerate(_DENSE, 1)}
SHAPES |= {layer: (o, i, 3, 3) for layer, i, o in zip(_DECODER, (264, 128, 64, 32), (128, 64, 32, 1), strict=True)}
