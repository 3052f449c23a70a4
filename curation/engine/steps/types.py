"""Text columns that hold numbers, dates or yes and no get their type."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Outcome, Step
from curation.engine.steps.columns import MISSING, missing, require

# 18 digits always fit in 64 bits, and a float holds 15 before its point exactly. A leading zero is no number:
# postcodes, telephone and article numbers would lose it.
WHOLE = r"^[+-]?(?:0|[1-9][0-9]{0,17})$"
DECIMAL = r"^[+-]?(?:(?:0|[1-9][0-9]{0,14})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
TRUE, FALSE = ("true", "yes", "是"), ("false", "no", "否")
# Words of a column's name that say that its digits are a name and no number.
CODE_NAMES = (
    *("zip", "zipcode", "postcode", "postal", "plz", "phone", "telephone", "tel", "mobile", "fax", "ssn", "iban"),
    *("isbn", "ean", "sku", "邮编", "邮政编码", "电话", "手机", "手机号", "身份证", "身份证号"),
)
KINDS = ("bool", "int", "float", "date", "datetime")


@dataclass(slots=True)
class _Column:
    """What a column can still be, after the values seen so far."""

    kinds: list[str]
    formats: list[str]
    filled: int = 0

    @property
    def kind(self) -> str:
        return self.kinds[0] if self.filled and self.kinds else "text"


@dataclass(frozen=True, slots=True)
class InferTypes(Step):
    """Gives text columns a type when all their values have it, and makes missing markers missing.

    The first of true/false, whole number, number, date, and date with time that every value can be read as is taken.
    Numbers with a leading zero or with more than 18 digits stay text, and so do columns whose name says that they hold
    codes. The text, the label and the id keep their type unless named. A column without values stays text.

    Attributes:
        columns: Columns to look at; all text columns when empty.
        missing: What means no value, compared after trimming.
        code_names: Words in a column's name that keep it text: ``zip``, ``home_phone``, ``邮编``.
        date_formats: How dates may be written (strftime); the first that fits all values is taken. 03/04/2025 is read
            only when you say which of the two is the month.
        datetime_formats: The same for dates with a time.
        decimal: The decimal mark, ``.`` or ``,``.
    """

    name: ClassVar[str] = "infer_types"
    title: ClassVar[str] = "Infer types"
    columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = MISSING
    code_names: tuple[str, ...] = CODE_NAMES
    date_formats: tuple[str, ...] = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日")
    datetime_formats: tuple[str, ...] = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
    decimal: str = "."

    def __post_init__(self) -> None:
        if self.decimal not in {".", ","}:
            raise ValueError(f"decimal is {self.decimal!r}; it is . or ,")

    def prepare(self, batches: Batches, context: Context) -> dict[str, _Column]:
        """Return for each column what all its values can be read as."""
        found: dict[str, _Column] | None = None
        for table in batches():
            context.check()
            if found is None:
                formats = [*self.date_formats, *self.datetime_formats]
                found = {name: _Column(list(KINDS), list(formats)) for name in self._chosen(table, context)}
            for name, column in found.items():
                if column.kinds:
                    self._narrow(column, self._values(table[name]))
        return found or {}

    def notes(self, state: dict[str, _Column]) -> dict[str, Any]:
        """Return the type of each column looked at, and of dates how they are written."""
        return {
            "types": {name: column.kind for name, column in state.items()},
            "formats": {name: column.formats[0] for name, column in state.items() if column.kind.startswith("date")},
        }

    def apply(self, table: pa.Table, state: dict[str, _Column], context: Context) -> Outcome:
        """Return the table with typed columns; a row counts as changed when a marker of it became missing."""
        touched = pa.array([False] * table.num_rows, pa.bool_())
        for name, column in state.items():
            before = table[name]
            place = table.schema.get_field_index(name)
            values = self._values(before)
            touched = pc.or_(touched, pc.and_(pc.is_valid(before).combine_chunks(), pc.is_null(values)))
            typed = values.cast(before.type) if column.kind == "text" else self._typed(values, column)
            table = table.set_column(place, name, typed)
        return Outcome(table, changed=int(pc.sum(touched).as_py() or 0))

    def _chosen(self, table: pa.Table, context: Context) -> list[str]:
        require(table, self.columns)
        texts = [entry.name for entry in table.schema if pa.types.is_string(entry.type) or _wide(entry.type)]
        if self.columns:
            return [name for name in self.columns if name in texts]
        left_out = {"item_id", *context.roles.values()}
        return [name for name in texts if name not in left_out and not self._is_code(name)]

    def _is_code(self, name: str) -> bool:
        words = pc.split_pattern_regex(pa.array([name.casefold()]), r"[^\p{L}\p{N}]+").to_pylist()[0]
        return bool({*words, name.casefold()} & set(self.code_names))

    def _values(self, column: pa.ChunkedArray) -> pa.Array:
        """Return a column's text trimmed, null where there is no value."""
        texts = as_text(column)
        nothing = missing(texts, self.missing)
        return pc.if_else(nothing, pa.scalar(None, pa.large_string()), pc.utf8_trim_whitespace(texts))

    def _narrow(self, column: _Column, values: pa.Array) -> None:
        """Take away what the values of one batch cannot be read as."""
        distinct = pc.drop_null(pc.unique(values))
        column.filled += len(distinct)
        numbers = [kind for kind in column.kinds if not kind.startswith("date") and self._fits(kind, distinct)]
        column.formats = [form for form in column.formats if _all_dates(distinct, form)]
        days = ["date"] if set(column.formats) & set(self.date_formats) else []
        times = ["datetime"] if set(column.formats) & set(self.datetime_formats) else []
        column.kinds = numbers + days + times

    def _fits(self, kind: str, values: pa.Array) -> bool:
        if kind == "bool":
            return _all(pc.is_in(pc.utf8_lower(values), value_set=pa.array([*TRUE, *FALSE], pa.large_string())))
        pattern = WHOLE if kind == "int" else DECIMAL
        return _all(pc.match_substring_regex(self._plain(values), pattern))

    def _plain(self, values: pa.Array) -> pa.Array:
        if self.decimal == ".":
            return values
        # With a decimal comma a point is no decimal mark; 1.234 would be read as another number.
        return pc.replace_substring(pc.replace_substring(values, ".", "?"), ",", ".")

    def _typed(self, values: pa.Array, column: _Column) -> pa.Array:
        if column.kind == "bool":
            yes = pc.is_in(pc.utf8_lower(values), value_set=pa.array(TRUE, pa.large_string()))
            return pc.if_else(pc.is_null(values), pa.scalar(None, pa.bool_()), yes)
        if column.kind in {"int", "float"}:
            bare = pc.replace_substring_regex(self._plain(values), r"^\+", "")
            return pc.cast(bare, pa.int64() if column.kind == "int" else pa.float64())
        stamps = _dates(values, column.formats[0])
        return pc.cast(stamps, pa.date32() if column.kind == "date" else pa.timestamp("us"))


def _wide(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind))


def _all(fitting: pa.Array) -> bool:
    return bool(pc.all(fitting, min_count=0).as_py())


def _dates(values: pa.Array, form: str) -> pa.Array:
    """Return values as timestamps, null where they are no such date; 30 February is none."""
    import pandas as pd  # slow import

    series = pd.Series(values.to_pylist(), dtype=object)
    stamps = pd.to_datetime(series, format=form, errors="coerce")
    return pa.Array.from_pandas(stamps).cast(pa.timestamp("us"))


def _all_dates(distinct: pa.Array, form: str) -> bool:
    return bool(_dates(distinct, form).null_count == 0)
