"""What may be an image: arrays, tensors, Pillow images, and whatever becomes an array without a guess."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, one_line
from ..arrays.types import Array, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

PLAIN_MODES = ("L", "RGB", "I", "F")  # of Pillow, whose arrays are gray or RGB as they are; besides "I;16" and kin


def as_array(image: Any, what: str) -> Array:
    """Bring an image to an array or a tensor of real numbers or truth values, its numbers and axes as they are.

    Parameters
    ----------
    image : a NumPy array; a torch tensor; a Pillow image, gray, RGB or with an opaque palette; anything with
        `__array__` (pandas, xarray, dask, h5py, JAX).
    what : how an error calls it: "fused", "a[2]".

    Raises
    ------
    InputError
        for anything else, masked pixels, numbers that are not real, and tensors that hold no plain numbers.
    """
    x = _plain_tensor(image, what) if is_tensor(image) else _unmasked(_from_pillow(image, what), what)
    if not _is_real(x):
        raise InputError(f"{what} has type {x.dtype}: give uint8, or real numbers in 0..255")
    return x.astype(np.float64) if not is_tensor(x) and x.dtype.kind == "V" else x


def as_memory(side: Sequence[Array]) -> list[Array]:
    """See tensors in this machine's memory as arrays of the same memory, for which formulas are compiled.

    Tensors on another device stay, and all of the side where the gradient of one is asked for.
    """
    tensors = [x for x in side if is_tensor(x)]
    if not tensors or any(x.device.type != "cpu" or _is_tracked(x) for x in tensors):
        return list(side)
    try:
        return [_memory(x) for x in tensors]
    except RuntimeError:  # tensors inside torch.func's transformations have no memory
        return list(side)


def _is_tracked(x: Tensor) -> bool:
    """Whether a derivative is asked for: of what is made of a tensor, or along a direction that it carries."""
    import torch

    if x.requires_grad and torch.is_grad_enabled():
        return True
    dual = torch.autograd.forward_ad.unpack_dual(x)  # type: ignore[no-untyped-call]
    return dual.tangent is not None


def _memory(x: Tensor) -> NDArray[Any]:
    try:
        return x.numpy(force=True)
    except TypeError:  # a type that NumPy does not have, such as bfloat16
        return x.double().numpy(force=True)


def is_uint8(x: Array) -> bool:
    """Whether an array or a tensor is of 8-bit levels."""
    return bool(x.dtype == np.uint8) if isinstance(x, np.ndarray) else str(x.dtype) == "torch.uint8"


def is_bool(x: Array) -> bool:
    """Whether an array or a tensor is of truth values."""
    return bool(x.dtype == np.bool_) if isinstance(x, np.ndarray) else str(x.dtype) == "torch.bool"


def _is_real(x: Array) -> bool:
    if is_tensor(x):
        return not x.is_complex()
    if x.dtype.kind == "V":  # bfloat16 of ml_dtypes, but no records
        return bool(np.can_cast(x.dtype, np.float64))
    return x.dtype.kind in "biuf"


def _plain_tensor(x: Any, what: str) -> Any:
    """Refuse tensors that hold no plain numbers."""
    if x.is_meta:
        raise InputError(f"{what} is on the meta device, which holds no numbers: give a tensor on a CPU or a GPU")
    if x.is_nested or str(x.layout) != "torch.strided":
        kind = "a nested tensor" if x.is_nested else f"a tensor of layout {x.layout}"
        raise InputError(f"{what} is {kind}: give a dense one, as its to_dense() or to_padded_tensor() makes it")
    if x.is_quantized:
        raise InputError(f"{what} is a quantised tensor of type {x.dtype}: give its dequantize()")
    return x


def _from_pillow(image: Any, what: str) -> Any:
    """Bring a Pillow image to gray or RGB where its mode says how; other things are handed through."""
    pillow = sys.modules.get("PIL.Image")
    if pillow is None or not isinstance(image, pillow.Image):
        return image
    if image.mode in PLAIN_MODES or image.mode.startswith("I;16"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P" and "transparency" not in image.info:
        return image.convert("RGB")
    raise InputError(
        f"{what} is a Pillow image of mode {image.mode}: give gray or RGB, as its convert('L') or convert('RGB')"
    )


def _unmasked(image: Any, what: str) -> NDArray[Any]:
    """Make a NumPy array; raises InputError where a pixel is masked, or NumPy cannot."""
    if isinstance(image, np.ma.MaskedArray):
        masked = int(np.ma.getmaskarray(image).sum())
        if masked:
            raise InputError(
                f"{what} has {masked} masked pixel{'s' * (masked > 1)}: metrics need every pixel, so crop the images, "
                "or say with filled() what stands there"
            )
        return np.asarray(image.data)
    if isinstance(image, str | bytes) or not (hasattr(image, "__array__") or hasattr(image, "__array_interface__")):
        raise InputError(f"{what} is of type {type(image).__name__}: give an array or a tensor{_path_hint(image)}")
    try:
        array = np.asarray(image)
    except Exception as error:  # whatever a foreign `__array__` raises
        raise InputError(f"{what} is of type {type(image).__name__} that is no array: {one_line(error)}") from error
    if array.dtype.kind == "O":
        raise InputError(
            f"{what} has type object: give uint8, or real numbers in 0..255, none of them missing; "
            "astype('float64') makes numbers of numbers"
        )
    return array


def _path_hint(image: Any) -> str:
    is_path = isinstance(image, str | bytes) or hasattr(image, "__fspath__")
    return ", not the name of a file: read it first, with numpy.asarray(PIL.Image.open(...))" if is_path else ""
