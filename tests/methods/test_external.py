"""Folders of fused images, and command lines."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fusionbench.datasets.images import write
from fusionbench.datasets.pair import Pair
from fusionbench.errors import InputError, RunError
from fusionbench.methods import Fused, fuse_pair, get_method

A = np.random.default_rng(0).integers(0, 256, (12, 10)).astype(np.uint8)
B = np.random.default_rng(1).integers(0, 256, (12, 10, 3)).astype(np.uint8)
PAIR = Pair("night street", A, B, "IVF", "b")

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
a, b, out, mode = sys.argv[1:5]
first, second = np.asarray(Image.open(a)), np.asarray(Image.open(b))
if mode == "gray": Image.fromarray(first // 2 + second[..., 0] // 2).save(out)
if mode == "colour": Image.fromarray(second).save(out)
if mode == "small": Image.fromarray(first[1:]).save(out)
if mode == "text": Path(out).write_text("no image")
if mode == "nothing": print("warming up", file=sys.stderr)
if mode == "fail": print("Traceback", "CUDA is not there", file=sys.stderr, sep="\\n"); sys.exit(7)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "their test.py"  # a blank in the name, as on many desktops
    path.write_text(SCRIPT)
    return path


def fuse(spec: str, pair: Pair = PAIR) -> Fused:
    return fuse_pair(get_method(spec), A, B, pair)


def command(script: Path, mode: str) -> str:
    return f"cmd:{shlex.quote(sys.executable)} {shlex.quote(str(script))} {{a}} {{b}} {{out}} {mode}"


def test_a_command_that_writes_gray(script: Path) -> None:
    method = get_method(command(script, "gray"))
    assert method.label == "cmd:their test"
    fused = fuse_pair(method, A, B, PAIR)
    assert np.array_equal(fused.image, A // 2 + B[..., 0] // 2)
    assert fused.colour is None


def test_a_command_that_writes_colour(script: Path) -> None:
    fused = fuse(f"their net={command(script, 'colour')}")
    assert np.array_equal(fused.shown, B)


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("fail", "the command ended with exit code 7: CUDA is not there"),
        ("nothing", "the command wrote no image to {out}: warming up"),
        ("small", "the fused image is 11x10, its sources are 12x10: say what to do with --size-policy"),
        ("text", "cannot read the image"),
    ],
)
def test_commands_that_fail(script: Path, mode: str, problem: str) -> None:
    with pytest.raises(RunError) as caught:
        fuse(command(script, mode))
    assert str(caught.value).startswith(f"method 'cmd:their test' failed on pair 'night street': {problem}")
    assert "\n" not in str(caught.value)


def test_a_command_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "child"
    child = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys, time; from pathlib import Path; "
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}]); Path({str(note)!r}).write_text(str(p.pid)); "
        "time.sleep(60)"
    )
    spec = f"cmd[timeout=2]:{shlex.quote(sys.executable)} -c {shlex.quote(code)} {{a}} {{b}} {{out}}"
    start = time.monotonic()
    with pytest.raises(RunError, match=r"the command took longer than 2 s; \[timeout=…\] allows more$"):
        fuse(spec)
    assert time.monotonic() - start < 30
    pid = int(note.read_text())
    for _ in range(100):  # the kernel takes a moment
        if not alive(pid):
            break
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for by its parent does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_no_shell_runs_the_command(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; Path(sys.argv[4]).write_text(sys.argv[5])"
    note = tmp_path / "name"
    words = (
        f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {{a}} {{b}} {{out}} {shlex.quote(str(note))} {{name}}"
    )
    with pytest.raises(RunError, match="wrote no image"):
        fuse(f"cmd:{words}", Pair("x; touch hacked", A, B, "IVF"))
    assert note.read_text() == "x; touch hacked"


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("cmd[timeout=0]:fuse {a} {b} {out}", "option 'timeout' must be more than 0 seconds, not 0"),
        ("cmd:fuse {a} {b}", "lacks {out}: it needs {a}, {b} and {out}"),
        ("cmd:fuse", "lacks {a}, {b}, {out}"),
        ("cmd:fuse {a} {b} {out} {ir}", "has {ir}, which is none of {a}, {b}, {out}, {name}, {task}"),
        ("cmd:fuse '{a} {b} {out}", "cannot read the command"),
        ("cmd:fuse {a} {b} {out", "cannot read the command"),
    ],
)
def test_commands_that_cannot_be_read(spec: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        get_method(spec)
    assert sentence in str(caught.value)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(RunError, match="the command 'no-such-program' cannot be started: No such file"):
        fuse("cmd:no-such-program {a} {b} {out}")


def test_a_folder_of_fused_images(tmp_path: Path) -> None:
    write(tmp_path / "MyNet" / "night street.png", B)
    (tmp_path / "MyNet" / "notes.txt").write_text("not an image")
    method = get_method(f"folder:{tmp_path / 'MyNet'}")
    assert method.label == "folder:MyNet"
    assert method.options["directory"] == str(tmp_path / "MyNet")
    assert method.quantise == "none"
    assert np.array_equal(fuse_pair(method, A, B, PAIR).shown, B)


def test_a_folder_with_sixteen_bit_images(tmp_path: Path) -> None:
    write(tmp_path / "night street.png", A.astype(np.uint16) * 257)
    assert np.array_equal(fuse(f"folder:{tmp_path}").image, A)


def test_what_a_folder_lacks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image in the folder"):
        get_method(f"folder:{tmp_path}")
    with pytest.raises(InputError, match=r"no folder .*/nowhere with fused images"):
        get_method(f"folder:{tmp_path / 'nowhere'}")
    write(tmp_path / "day.png", A)
    method = get_method(f"folder:{tmp_path}")
    with pytest.raises(RunError, match=r"failed on pair 'night street': .* named night street: there are day.png$"):
        fuse_pair(method, A, B, PAIR)


def test_two_files_of_one_name(tmp_path: Path) -> None:
    write(tmp_path / "night street.png", A)
    write(tmp_path / "night street.bmp", A)
    with pytest.raises(RunError, match=r"has several images named night street: night street.bmp, night street.png"):
        fuse(f"folder:{tmp_path}")


def test_a_folder_with_another_size_or_a_broken_file(tmp_path: Path) -> None:
    write(tmp_path / "night street.png", A[1:])
    with pytest.raises(RunError, match=r"the fused image is 11x10, its sources are 12x10: say what to do with"):
        fuse(f"folder:{tmp_path}")
    data = (tmp_path / "night street.png").read_bytes()
    (tmp_path / "night street.png").write_bytes(data[:60])
    with pytest.raises(RunError, match="cannot read the image"):
        fuse(f"folder:{tmp_path}")


def _noting(tmp_path: Path, start: str) -> str:
    """Write a command that starts something which lives on, notes its process, and writes no image."""
    path = tmp_path / "starts.py"
    path.write_text(
        f"import os, subprocess, sys, time\nSLEEP = [sys.executable, '-c', 'import time; time.sleep(600)']\n{start}\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
    )
    return f"cmd:{shlex.quote(sys.executable)} {shlex.quote(str(path))} {{a}} {{b}} {{out}}"


def _ended(pid: int) -> bool:
    psutil = pytest.importorskip("psutil")
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("options", ["", "start_new_session=True", "start_new_session=True, stderr=subprocess.DEVNULL"])
def test_what_a_command_started_ends_with_it(options: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="wrote no image"):
        fuse(_noting(tmp_path, f"child = subprocess.Popen(SLEEP, {options})"))
    assert _ended(int((tmp_path / "pid").read_text()))


def test_a_command_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    spec = _noting(tmp_path, "child = subprocess.Popen(SLEEP, start_new_session=True)")
    with (tmp_path / "starts.py").open("a") as file:
        file.write("time.sleep(600)\n")
    code = (
        "import numpy as np\nfrom fusionbench.datasets import Pair\nfrom fusionbench.methods import get_method\n"
        f"a = np.zeros((9, 9), np.uint8)\nget_method({spec!r}).fuse_images(a, a, Pair('x', a, a, 'IVF'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    for _ in range(600):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert _ended(int((tmp_path / "pid").read_text()))


def test_much_to_standard_error_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "talks.py"
    path.write_text(
        "import sys\nfor _ in range(300):\n    sys.stderr.write('x' * 2**20 + chr(10))\nprint('end', file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RunError, match=r"wrote no image to \{out\}: end"):
        fuse(f"cmd:{shlex.quote(sys.executable)} {shlex.quote(str(path))} {{a}} {{b}} {{out}}")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB
