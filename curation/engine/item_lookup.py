"""Some items of a version by their ids, without reading the rest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.reader import VersionReader


def items_by_id(reader: VersionReader, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return each item that is there with all its columns, by id.

    Row groups whose range of ids holds none of them are left out, and of the others the ids are read first.
    """
    wanted = np.array(sorted(set(ids)), np.int64)
    found: dict[int, dict[str, Any]] = {}
    for path in reader.paths:
        with pq.ParquetFile(path, pre_buffer=False) as part:
            for number in range(part.num_row_groups):
                if len(found) == len(wanted):
                    return found
                span = part.metadata.row_group(number).column(0).statistics
                if span is not None and span.has_min_max:
                    inside = wanted[(wanted >= span.min) & (wanted <= span.max)]
                else:
                    inside = wanted
                if not len(inside):
                    continue
                here = part.read_row_group(number, columns=["item_id"], use_threads=False)["item_id"].to_numpy()
                rows = np.flatnonzero(np.isin(here, inside))
                if len(rows):
                    group = part.read_row_group(number, use_threads=False).take(pa.array(rows))
                    found.update({row["item_id"]: row for row in group.to_pylist()})
    return found
