"""The stored results of the documentation's leaderboard."""

from __future__ import annotations

from pathlib import Path

from fusionbench.metrics import PROTOCOLS
from fusionbench.results import Results

BOARD = Path(__file__).parents[2] / "docs" / "board"


def test_what_is_stored_is_whole_and_of_todays_protocols() -> None:
    runs = Results(BOARD).runs
    assert {run.dataset for run in runs} >= {"TNO", "VIFB", "RoadScene", "MSRS"}
    for run in runs:
        assert list(run.rows) == run.manifest.pairs
        assert all(row.status == "ok" for row in run.rows.values())
        assert run.damage == ""
        for name, version in run.manifest.protocols.items():
            assert version == PROTOCOLS[name].version, f"{run.method} on {run.dataset}: `make leaderboard` again"


def test_what_is_stored_names_no_folder_of_the_machine_that_made_it() -> None:
    for run in Results(BOARD).runs:
        assert run.manifest.root == ""
        assert not any(Path(file).is_absolute() for files in run.manifest.sources.values() for file in files)
