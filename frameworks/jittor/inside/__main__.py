"""The worker process: requests come in by standard input and answers go out by standard output.

Nothing else may write to standard output, so what Jittor and its
compiler print goes to standard error.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import select
import signal
import sys
import time
import traceback
from typing import IO, Any

import numpy as np

from ..pipe import Answer, Clock, Hello, Request, send

# Jittor turns Ctrl-C into an instant exit, and lets a child that dies by a signal end its parent.
SIGNALS = ("SIGINT", "SIGCHLD", "SIGSEGV", "SIGFPE", "SIGILL", "SIGBUS", "SIGQUIT")

GRACE = 2.0  # seconds to end by itself


def main() -> None:
    """Import Jittor, say hello, and answer until nothing more is asked."""
    guard()
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    clock = Clock()
    import jittor as jt

    for name in SIGNALS:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    faulthandler.enable()
    device = "cuda" if os.environ.get("FUSIONBENCH_JITTOR_CUDA") else "cpu"
    jt.flags.use_cuda = int(device == "cuda" and bool(jt.has_cuda))
    hello = Hello(
        version=str(jt.__version__),
        numpy=np.__version__,
        onednn=getattr(jt.compile_extern, "mkl_ops", None) is not None,
        device="cuda" if jt.flags.use_cuda else "cpu",
        threads=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
        sound=sound(jt),
        seconds=clock.read(),
    )
    send(answers, hello)
    _serve(requests, answers)


def guard() -> None:
    """Leave a process behind that ends this one, and its compilers, when nobody is there any more who could ask.

    This process itself would not notice before it has compiled what it is at, which may take half an hour.
    """
    if os.fork():
        return
    hung_up = select.poll()
    hung_up.register(0, 0)
    hung_up.poll()
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


def sound(jt: Any) -> bool:
    """Whether an array reaches Jittor and comes back as it was: with a wrong numpy it is memory at random."""
    sent = np.random.default_rng(0).random((5, 7), np.float32)
    return all(np.array_equal(jt.array(array).numpy(), array) for array in (sent, np.ascontiguousarray(sent.T)))


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    models: dict[int, Any] = {}
    while True:
        try:
            request: Request = pickle.load(requests)
        except EOFError:
            return
        clock, value, problem = Clock(), None, None
        try:
            value = _do(request, models)
        except Exception as error:
            traceback.print_exc()
            problem = f"{type(error).__name__}: {error}"
        send(answers, Answer(value, clock.read(), problem))


def _do(request: Request, models: dict[int, Any]) -> Any:
    from .model import Model

    if request.method == "make":
        models[request.model] = Model(*request.arguments)
    else:
        model = models[request.model]
        with model.ops.compiled():
            return getattr(model, request.method)(*request.arguments)
    return None


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # nobody is there any more
        sys.exit(1)
