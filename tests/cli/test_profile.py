"""`fusionbench profile` as users call it."""

from __future__ import annotations

from pathlib import Path

from .command import call


def test_it_measures_stores_and_goes_into_the_leaderboard(tmp_path: Path) -> None:
    done = call("run", "-m", "average", "-m", "max", "--limit", "2", "--metrics", "EN", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    options = ("--size", "48x64", "--runs", "3", "--warmup", "1", "--threads", "1")
    done = call("profile", "--method", "average", "-m", "max", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["measuring average", "measuring max"]
    assert "48x64 · cpu: " in done.stdout
    assert "1 thread" in done.stdout
    assert (tmp_path / "runs/profile/average/48x64-cpu.json").is_file()
    board = (tmp_path / "runs/leaderboard.csv").read_text(encoding="utf-8").splitlines()
    assert "latency@48x64/cpu" in board[0]
    assert "Efficiency · 48x64" in (tmp_path / "runs/leaderboard.md").read_text(encoding="utf-8")
    again = call("profile", "--method", "average", "-m", "max", *options, cwd=tmp_path)
    assert (again.stderr, again.stdout) == ("", done.stdout)
    table = call("table", "--content", "efficiency", "--format", "markdown", cwd=tmp_path)
    assert "| average | – | – |" in table.stdout
    assert call("plot", "memory", cwd=tmp_path).returncode == 0
