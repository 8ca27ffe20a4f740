"""Logs of trainings that were done elsewhere: of many forms, with the same losses in each; and their comparison."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")
pytest.importorskip("h5py")

from fusionbench.cli import app
from fusionbench.errors import InputError
from fusionbench.frameworks.study.logs import compare_logs, read_log, seconds

LOSSES = [1.5, 0.75, 1.25, 0.5, 0.625, 0.375]  # two epochs of three steps
PLACES = [(epoch, step) for epoch in (1, 2) for step in (1, 2, 3)]
ALL = list(zip(PLACES, LOSSES, strict=True))


def bar(epoch: int, step: int, loss: float | None) -> str:
    tail = "" if loss is None else f", loss={loss}"
    return f"Epoch {epoch}/2: {33 * step:3}%|{'█' * step:3}| {step}/3 [00:0{step}<00:02, 2.00it/s{tail}]"


# A bar is drawn several times for a step, at first with the loss of the step before.
REDRAWN = "\r".join(
    bar(e, s, loss) for (e, s), new in ALL for loss in ((9.0, new) if s > 1 else (None, new))
)  # fmt: skip
BY_STEP = {
    "plain": "\n".join(f"Epoch {e}, Step {s}, Loss: {x}" for (e, s), x in ALL),
    "brackets": "\n".join(f"[Epoch {e}/2] [Batch {s}/3] [loss: {x}] [ETA: 0:00:0{s}]" for (e, s), x in ALL),
    "two brackets": "\n".join(f"Epoch [{e}/2][{s}/3] lr 1e-05 Loss {x:.6f} ({2 * x:.6f})" for (e, s), x in ALL),
    "logging": "\n".join(
        f"2025-05-01 10:0{e}:0{s},000 - INFO - epoch={e} iter={s} total_loss={x:.4e} ssim_loss=7.5" for (e, s), x in ALL
    ),
    "a variable": "\n".join(f"epoch: {e} step: {s} loss: jt.Var([{x}], dtype=float32)" for (e, s), x in ALL),
    "a tensor": "\n".join(f"epoch: {e} iteration: {s} loss: tensor({x}, device='cuda:0')" for (e, s), x in ALL),
    "json": "\n".join(json.dumps({"epoch": e, "step": s, "loss": x, "gradient_loss": 8}) for (e, s), x in ALL),
    "table": "epoch,step,loss,ssim_loss\n" + "\n".join(f"{e},{s},{x},3" for (e, s), x in ALL),
    "heads": "\n".join((f"Epoch {e}/2\n" if s == 1 else "") + f"  step {s}: loss = {x}" for (e, s), x in ALL),
    "progress": REDRAWN,
    "colours": "\n".join(f"\x1b[32mEpoch {e}\x1b[0m step {s} \x1b[1mloss: {x}\x1b[0m" for (e, s), x in ALL),
    "chinese": "\n".join(f"第{e}轮 step：{s} 损失：{x}" for (e, s), x in ALL),
    "with means": "\n".join(
        f"Epoch {e} step {s} loss {x}" + (f"\nEpoch {e} average loss: 99" if s == 3 else "") for (e, s), x in ALL
    ),
    "validated": "\n".join(f"Epoch {e} step {s} train loss: {x} val_loss: 77" for (e, s), x in ALL),
    "resumed": "\n".join(f"epoch {e} step {s} loss {x}" for (e, s), x in [((1, 3), 5.0), ((1, 2), 5.0), *ALL]),
}
BY_EPOCH = {
    "plain": "\n".join(f"Epoch {e}: loss {x}" for e, x in enumerate(LOSSES, 1)),
    "average": "\n".join(f"====> Epoch: {e} Average loss: {x:.4f}" for e, x in enumerate(LOSSES, 1)),
    "seconds": "\n".join(f"Epoch [{e}/6], Train Loss: {x}, Time: 12.3s" for e, x in enumerate(LOSSES, 1)),
    "table": "epoch\tloss\n" + "\n".join(f"{e}\t{x}" for e, x in enumerate(LOSSES, 1)),
    "numbers": "\n".join(map(str, LOSSES)),
}


@pytest.mark.parametrize("text", BY_STEP.values(), ids=BY_STEP)
def test_losses_by_the_step_are_read_from_every_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.txt").write_text("Namespace(batch_size=2, lr=1e-05, epochs=2)\n" * ("," not in text[:9]) + text)
    log = read_log(tmp_path / "log.txt")
    assert sorted(log[["epoch", "step", "loss"]].itertuples(index=False, name=None)) == [(*p, x) for p, x in ALL]


@pytest.mark.parametrize("text", BY_EPOCH.values(), ids=BY_EPOCH)
def test_losses_by_the_epoch_are_read_from_every_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.txt").write_text(text + "\n")
    log = read_log(tmp_path / "log.txt")
    assert dict(zip(log.epoch, log.loss, strict=True)) == dict(enumerate(LOSSES, 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_ends_of_lines(tmp_path: Path, encoding: str, end: str) -> None:
    text = f"开始训练{end}" + end.join(BY_STEP["chinese"].split("\n"))
    (tmp_path / "log.txt").write_bytes(text.encode(encoding))
    assert read_log(tmp_path / "log.txt").loss.tolist() == LOSSES


def test_losses_that_are_no_numbers_stay(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("Epoch 1 loss: 0.5\nEpoch 2 loss: nan\nEpoch 3 loss: inf\n")
    np.testing.assert_equal(read_log(tmp_path / "log.txt").loss.tolist(), [0.5, np.nan, np.inf])


def test_seconds_by_the_clock_without_a_pause_or_by_the_bar(tmp_path: Path) -> None:
    stamps = ["10:00:00", "10:00:02", "10:00:04", "12:00:00", "12:00:02"]
    lines = [f"2025-05-01 {stamp} Epoch {e} loss: 1" for e, stamp in enumerate(stamps, 1)]
    (tmp_path / "log.txt").write_text("\n".join(lines))
    assert seconds(read_log(tmp_path / "log.txt")).tolist() == [2, 2, 2]
    (tmp_path / "bar.txt").write_text(BY_STEP["progress"])
    assert seconds(read_log(tmp_path / "bar.txt")).tolist() == [0.5] * 6


def write(folder: Path, name: str, losses: list[float]) -> Path:
    path = folder / name
    path.write_text("\n".join(f"Epoch {e}, step {s}, loss: {x!r}" for (e, s), x in zip(PLACES, losses, strict=True)))
    return path


def table(folder: Path) -> pd.Series:
    return pd.read_csv(folder / "comparison.csv").set_index(["run", "quantity"]).value


def test_logs_are_compared_step_by_step(tmp_path: Path) -> None:
    other = [1.1 * x for x in LOSSES]
    logs = [write(tmp_path, "log_torch.txt", LOSSES), write(tmp_path, "log_jittor.txt", other)]
    done = CliRunner().invoke(
        app, ["compare-backends", *(f"--read={log}" for log in logs), f"--out={tmp_path / 'out'}"]
    )
    assert done.exception is None, done.output
    assert "picture" in done.stdout
    value = table(tmp_path / "out")
    assert value["log_jittor", "rms_difference_from_log_torch"] == pytest.approx(0.1)
    assert value["log_jittor", "swing"] == pytest.approx(1.1 * value["log_torch", "swing"])
    losses = pd.read_csv(tmp_path / "out" / "losses.csv")
    assert losses["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert losses["log_jittor:loss"].tolist() == pytest.approx(other)
    assert (tmp_path / "out" / "loss_comparison.png").stat().st_size > 10_000
    assert "| log_torch | log_jittor |" in (tmp_path / "out" / "comparison.md").read_text()


def test_a_log_by_the_step_and_one_by_the_epoch_are_compared_by_the_epoch(tmp_path: Path) -> None:
    step = write(tmp_path, "torch.txt", LOSSES)
    (tmp_path / "jittor.txt").write_text("Epoch 1 loss: 2\nEpoch 2 loss: 1\nEpoch 3 loss: 1\n")
    losses = pd.read_csv(compare_logs([step, tmp_path / "jittor.txt"], tmp_path / "out") / "losses.csv")
    assert losses["epoch"].tolist() == [1, 2]
    assert losses["torch:loss"].tolist() == pytest.approx([3.5 / 3, 0.5])
    assert losses["jittor:loss"].tolist() == [2, 1]


def test_logs_of_one_name_are_called_by_their_folders(tmp_path: Path) -> None:
    for folder in ("torch", "jittor"):
        (tmp_path / folder).mkdir()
    logs = [write(tmp_path, f"{folder}/log.txt", LOSSES) for folder in ("torch", "jittor")]
    assert table(compare_logs(logs, tmp_path / "out"))["jittor/log", "rms_difference_from_torch/log"] == 0


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    log = write(tmp_path, "log.txt", LOSSES)
    empty, far = tmp_path / "empty.txt", tmp_path / "far.txt"
    empty.write_bytes(b"\x00\xff")
    far.write_text("Epoch 7 loss: 1")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}")
    out = tmp_path / "out"
    for paths, folder, message in (
        ([log], out, "two logs or more"),
        ([log, empty], out, "empty.txt has no loss in it"),
        ([log, tmp_path / "none.txt"], out, r"none.txt cannot be read \(no such file"),
        ([log, tmp_path], out, "is a directory"),
        ([log, far], out, "have no epoch in common"),
        ([log, log], tmp_path / "study", "holds a study: choose another --out"),
    ):
        with pytest.raises(InputError, match=message):
            compare_logs(paths, folder)
    done = CliRunner().invoke(app, ["compare-backends", f"--read={log}", f"--read={log}", "--steps=9"])
    assert isinstance(done.exception, InputError)
    assert "--steps is for a study of its own" in str(done.exception)
