"""``python -m labeling.engine label-errors FILE.npz --out OUT.csv``: labels that are probably wrong, worst first."""

import argparse
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc

from curation.engine.commands.tables import check_place
from curation.engine.label_quality import DEFAULT_MEASURE, MEASURES
from labeling.engine.label_errors import rank_label_errors, read_arrays


def add(commands: Any) -> None:
    """Add the command to those of ``python -m labeling.engine``."""
    command = commands.add_parser("label-errors", help="rank labels by how probably they are wrong")
    command.add_argument(
        "input",
        type=Path,
        help="npz with pred_probs (rows by labels, out of sample) and labels",
    )
    command.add_argument(
        "--out", type=Path, required=True, help="CSV to write: id,score,suggested, most suspicious first"
    )
    command.add_argument(
        "--measure",
        choices=list(MEASURES),
        default=DEFAULT_MEASURE,
        help=f"of a label; {DEFAULT_MEASURE} if none",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Rank the labels of a file, write the table and return what was found.

    Raises:
        BadArrays: The arrays cannot be ranked.
        ValueError: The table cannot be written there.
    """
    check_place(options.out, options.input)
    found = rank_label_errors(*read_arrays(options.input), measure=options.measure)
    table = pa.table({"id": found.rows, "score": found.scores, "suggested": found.suggested})
    pc.write_csv(table, options.out, pc.WriteOptions(quoting_style="none", quoting_header="none"))
    return {"rows": len(found.rows), "another_likelier": int(found.likelier.sum()), "measure": options.measure}
