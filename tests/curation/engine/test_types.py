from datetime import date, datetime

import pyarrow as pa
import pytest

from curation.engine.steps.base import StepError
from tests.curation.engine.stepping import Result, step, table, texts


@pytest.mark.parametrize(
    ("values", "kind", "typed"),
    [
        (["1", " -2 ", "+3", "NA"], pa.int64(), [1, -2, 3, None]),
        (["1", "2.5", "-.5", "1e3"], pa.float64(), [1.0, 2.5, -0.5, 1000.0]),
        (["yes", "No", "TRUE", ""], pa.bool_(), [True, False, True, None]),
        (["是", "否", "-", "是"], pa.bool_(), [True, False, None, True]),
        (["2024-02-29", "null", "2023-12-31"], pa.date32(), [date(2024, 2, 29), None, date(2023, 12, 31)]),
        (["2024年2月29日"], pa.date32(), [date(2024, 2, 29)]),
        (["2024-02-29 23:59"], pa.timestamp("us"), [datetime(2024, 2, 29, 23, 59)]),  # noqa: DTZ001  (the file has no zone)
        # What must stay text: leading zeros, too many digits, a day that is none, one word among numbers, emoji.
        (["00501", "10001"], pa.string(), ["00501", "10001"]),
        (["1234567890123456789"], pa.string(), ["1234567890123456789"]),
        (["2023-02-30"], pa.string(), ["2023-02-30"]),
        (["03/04/2025"], pa.string(), ["03/04/2025"]),
        (["1", "2", "3", "4", "none of these"], pa.string(), ["1", "2", "3", "4", "none of these"]),
        (["👍", "1"], pa.string(), ["👍", "1"]),
        (["+49 30 123", "N/A"], pa.string(), ["+49 30 123", None]),
        # A column without values cannot say what it is.
        (["NA", "", None], pa.string(), [None, None, None]),
        ([], pa.string(), []),
    ],
)  # fmt: skip
def test_a_column_gets_the_type_that_all_its_values_have(values: list, kind: pa.DataType, typed: list) -> None:
    result = Result(table(x=texts(*values)), step("infer_types"))
    assert result.table.schema.field("x").type == kind
    assert result.table["x"].to_pylist() == typed


@pytest.mark.parametrize("name", ["zip", "ZIP", "home_phone", "Mobile No.", "邮编", "tel-2"])
def test_a_column_named_for_codes_stays_text(name: str) -> None:
    result = Result(table(**{name: texts("60302", "60303")}), step("infer_types"))
    assert result.table[name].to_pylist() == ["60302", "60303"]
    assert Result(table(**{name: texts("60302")}), step("infer_types", columns=[name])).rows == [{name: 60302}]


def test_roles_keep_their_type_and_the_report_says_what_changed() -> None:
    whole = table(
        text=texts("1", "2", "3", "4"),
        label=texts("0", "1", "-1", "NA"),
        x=texts("1", "-", "3", "4"),
        y=texts("a", "NA", "c", "d"),
    )
    result = Result(whole, step("infer_types"), {"text": "text", "label": "label"})
    assert result.rows[1] == {"text": "2", "label": "1", "x": None, "y": None}
    assert result.rows[3] == {"text": "4", "label": "NA", "x": 4, "y": "d"}
    assert result.notes == {"types": {"x": "int", "y": "text"}, "formats": {}}
    assert result.changed == 1


def test_parameters_say_what_a_table_writes() -> None:
    whole = table(price=texts("1,5", "2", "?"), day=texts("31.12.2024", "01.02.2025", "?"))
    result = Result(whole, step("infer_types", decimal=",", missing=["?"], date_formats=["%m.%d.%Y", "%d.%m.%Y"]))
    assert result.rows[1] == {"price": 2.0, "day": date(2025, 2, 1)}
    assert result.notes["formats"] == {"day": "%d.%m.%Y"}
    with pytest.raises(StepError, match="no column cost"):
        Result(whole, step("infer_types", columns=["cost"]))
