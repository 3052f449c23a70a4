"""Columns typed by looking, and rows as numbers."""

import math

import numpy as np
import pytest

from modeling.engine.bundle.runtime.columns import Column, as_date
from modeling.engine.tabular.columns import look_at
from modeling.engine.tabular.matrix import feature_names, for_trees, scaled

ROWS = [
    {"mass": str(mass), "island": island, "seen": f"2024-01-0{day}", "zip": f"0{day}", "name": f"n{mass}", "same": "x"}
    for mass, island, day in zip(
        (1, 2, 3, 4, 5, 6, 7, 8), ("A", "A", "A", "B", "B", "B", "C", "NA"), (1, 2, 3, 4, 5, 6, 7, 7), strict=True
    )
] + [{"mass": "NA", "island": "A", "seen": None, "zip": "01", "name": "n9", "same": "x"}]


def test_columns_are_typed_by_their_values() -> None:
    mass, island, seen, code, name, same = look_at(ROWS)
    assert (mass.kind, mass.median, mass.mean, mass.gaps) == ("number", 4.5, 4.5, True)
    assert (island.kind, island.categories, island.pooled, island.gaps) == ("category", ("A", "B"), True, True)
    assert (seen.kind, seen.median) == ("date", as_date("2024-01-04") + 0.5)
    assert (code.kind, code.categories) == ("unused", ())  # a name such as zip is no number
    assert (name.kind, name.reason[:30]) == ("unused", "Nearly every row holds another")
    assert (same.kind, same.reason) == ("unused", "It holds the same value in every row.")
    assert [Column.from_dict(column.to_dict()) for column in (mass, island)] == [mass, island]


def test_rows_for_a_linear_model() -> None:
    columns = look_at(ROWS)[:2]
    assert feature_names(columns) == [
        "mass",
        "mass missing",
        "island=A",
        "island=B",
        "island=(other)",
        "island missing",
    ]
    rows = [{"mass": 4.5, "island": "A"}, {"mass": "n/a", "island": "new"}, {"island": None}, {"mass": 1e9}]
    deviation = math.sqrt(np.var(range(1, 9)))
    assert scaled(rows, columns)[:3].tolist() == [[0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]]
    assert scaled(rows, columns)[3, 0] == 10.0
    assert scaled([{"mass": 4.5 + deviation}], columns)[0, 0] == pytest.approx(1)


def test_rows_for_trees() -> None:
    rows, is_category = for_trees([{"mass": "3", "island": "B"}, {"island": "new"}, {}], look_at(ROWS)[:2])
    assert is_category == [False, True]
    np.testing.assert_array_equal(rows, [[3, 1], [np.nan, 2], [np.nan, np.nan]])


def test_dates_are_days() -> None:
    assert as_date("1970-01-02") == 1.0
    assert as_date("1970-01-01 12:00") == 0.5
    assert math.isnan(as_date("03/04/2025"))
