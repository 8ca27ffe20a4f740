"""Run the tests as on other processors: this one, of which the libraries are told to use less.

    python tests/processors.py                  # as on each of MACHINES that this processor can be
    python tests/processors.py v2 tests/metrics # as on one, a part of the tests

What a machine is: the level of instructions of the compiled metrics, and what keeps PyTorch, oneDNN, MKL, OpenBLAS,
OpenCV, NumPy and the C library from more. What a library does whatever it is told, only an emulator shows:
`qemu-x86_64 -cpu Nehalem python …`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Machine(NamedTuple):
    """A processor of a level, or of one make, and what each library calls what it lacks."""

    level: str  # of the compiled metrics
    torch: str
    onednn: str
    mkl: str
    openblas: str
    lacks: tuple[str, ...] = ()  # of NumPy
    opencv: tuple[str, ...] = ()
    libc: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        """The variables that make the libraries believe it."""
        return {
            "FUSIONBENCH_CPU": self.level,
            "ATEN_CPU_CAPABILITY": self.torch,
            "ONEDNN_MAX_CPU_ISA": self.onednn,
            "MKL_ENABLE_INSTRUCTIONS": self.mkl,
            "OPENBLAS_CORETYPE": self.openblas,
            "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in self.lacks if name in numpy_has()),
            "OPENCV_CPU_DISABLE": ",".join(self.opencv),
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in self.libc),
        }


BEYOND_V3 = ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR")
MACHINES = {
    "v2": Machine(
        "x86-64-v2", "default", "SSE41", "SSE4_2", "Nehalem",
        ("AVX", "F16C", "FMA3", "AVX2", *BEYOND_V3),
        ("AVX", "FP16", "FMA3", "AVX2", "AVX512-SKX"),
        ("AVX", "AVX2", "FMA", "FMA4", "AVX512F"),
    ),
    "v3": Machine(
        "x86-64-v3", "avx2", "AVX2", "AVX2", "Haswell", BEYOND_V3, ("AVX512-SKX",), ("AVX512F",)
    ),
    "v3-zen": Machine(
        "x86-64-v3", "avx2", "AVX2", "AVX2", "Zen", BEYOND_V3, ("AVX512-SKX",), ("AVX512F",)
    ),
    "v4": Machine("x86-64-v4", "avx512", "AVX512_CORE", "AVX512", "SkylakeX"),
}  # fmt: skip
FAST = ("-q", "-m", "not slow and not jittor", "tests/metrics", "tests/methods")


def numpy_has() -> list[str]:
    """What NumPy has kernels for, and this processor has; numpy warns of anything else."""
    try:
        from numpy._core import _multiarray_umath as core
    except ImportError:  # numpy 1
        from numpy.core import _multiarray_umath as core  # type: ignore[no-redef]
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]


def possible(machine: Machine) -> bool:
    """Whether this processor has the level of a machine."""
    code = "from fusionbench.metrics.compiler import processor; processor()"
    surroundings = {**os.environ, "FUSIONBENCH_CPU": machine.level}
    return subprocess.run([sys.executable, "-c", code], env=surroundings, capture_output=True).returncode == 0


def main(arguments: list[str]) -> int:
    """Run pytest as on each machine; the number of machines on which tests fail."""
    named = [argument for argument in arguments if argument in MACHINES]
    options = [argument for argument in arguments if argument not in MACHINES] or list(FAST)
    failed = []
    for name in named or MACHINES:
        if not possible(MACHINES[name]):
            print(f"== {name}: this processor lacks it", flush=True)
            continue
        print(f"== {name}", flush=True)
        surroundings = {**os.environ, **MACHINES[name].environment()}
        if subprocess.run([sys.executable, "-m", "pytest", *options], cwd=ROOT, env=surroundings).returncode:
            failed.append(name)
    print(f"failed on: {', '.join(failed)}" if failed else "no test fails on any", flush=True)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
