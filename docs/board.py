"""Make the stored results behind docs/leaderboard.md: every method on the field's test pairs, and what it costs.

    python docs/board.py --data-root DATA --weights-root WEIGHTS --out /tmp/board      # again: goes on where it stopped
    python docs/board.py ... --dataset TNO --method sdnet                              # a part of it

Each method runs on each data set by itself, the cheap ones first, so that what was stopped leaves whole results. Those
that are whole go into docs/board, in the form in which a run stores them: `fusionbench table docs/board --intervals`
reads them, as the site does. The hashes of the sources lie beside them where there are reference results.
"""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import replace
from pathlib import Path

from fusionbench import run
from fusionbench.bench.profile import profile
from fusionbench.files import sha256_of
from fusionbench.reference import References, Sources
from fusionbench.reference.beside import KEPT
from fusionbench.results import Results, Run
from fusionbench.results.paths import profile_path
from fusionbench.results.records import read_record, write_record

STORED = Path(__file__).parent / "board"
DATASETS = ("TNO", "VIFB", "RoadScene", "MSRS")
METHODS = (
    "average", "max", "laplacian", "ratio", "msvd", "dwt", "two-scale", "swt", "gff", "sdnet", "ifcnn", "pmgi",
    "seafusion", "densefuse", "didfuse", "u2fusion", "datfuse", "ydtr", "auif", "lrrnet", "film",
)  # fmt: skip
SIZE = "480x640"


def keep(out: Path) -> list[str]:
    """Copy the records of every whole run and profile beside this script, and name them.

    The pairs of TNO and VIFB have to be those of the reference results, which the site shows in the same tables.
    """
    results = Results(out)
    for run_ in results.runs:
        source = run_.folder.path
        rows = run_.rows.values()
        if len(run_.rows) == len(run_.manifest.pairs) and all(row.status == "ok" for row in rows):
            target = STORED / source.relative_to(out)
            target.mkdir(parents=True, exist_ok=True)
            if run_.dataset in References().sources:
                keep_sources(run_, target.parent)
            shutil.copyfile(source / "metrics.csv", target / "metrics.csv")
            write_record(target / "run.json", replace(run_.manifest, root=""))  # where data lay tells nobody anything
    for each in results.profiles:
        path = profile_path(out, each.method.label, each.size, each.device)
        target = STORED / path.relative_to(out)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return sorted(f"{path.parent.parent.name} {path.parent.name}" for path in STORED.glob("*/*/run.json"))


def keep_sources(run_: Run, folder: Path) -> None:
    """Store the hashes of the sources, by which reference results stand beside runs whose data is not there any more.

    Raises
    ------
    SystemExit
        A source is gone, or is another than that of the runs that were stored before.
    """
    files = {name: run_.manifest.source_files(name) or () for name in run_.manifest.pairs}
    if gone := [name for name, both in files.items() if not both or not all(file.is_file() for file in both)]:
        raise SystemExit(
            f"the sources of {gone[0]} of {run_.dataset} are gone, and their hashes are stored with the rows"
        )
    sources = Sources(dataset=run_.dataset, pairs={name: [sha256_of(f) for f in both] for name, both in files.items()})
    stored = read_record(folder / KEPT, Sources)
    if stored and stored.pairs != sources.pairs:
        raise SystemExit(f"{run_.method} was run on other sources of {run_.dataset} than the runs in {folder}")
    write_record(folder / KEPT, sources)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--weights-root", type=Path, help="by default what was fetched, and FUSIONBENCH_WEIGHTS")
    parser.add_argument("--out", type=Path, required=True, help="the folder of results, with the images")
    parser.add_argument("--dataset", choices=DATASETS, action="append", help="may be repeated; by default all")
    parser.add_argument("--method", choices=METHODS, action="append", help="may be repeated; by default all")
    parser.add_argument("--keep", action="store_true", help="compute nothing: store what is whole")
    options = parser.parse_args()
    if options.weights_root:
        os.environ["FUSIONBENCH_WEIGHTS"] = str(options.weights_root.absolute())
    for method in [] if options.keep else options.method or METHODS:
        for dataset in options.dataset or DATASETS:
            run([method], [dataset], data_root=options.data_root, out=options.out)
        profile([method], SIZE, threads=1, out=options.out)
    print("\n".join(keep(options.out)))


if __name__ == "__main__":
    main()
