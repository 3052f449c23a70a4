import pytest
from django.db import DataError, connection

from labeling.services.round_trip import in_one_trip

pytestmark = pytest.mark.django_db(transaction=True)

WORD = "SELECT set_config('assay.word', %(word)s, false)"
READ = "SELECT current_setting('assay.word', true)"


def test_each_statement_gives_its_rows_in_order() -> None:
    rows = in_one_trip(("SELECT generate_series(1, %(n)s::int)", {"n": 3}), ("SELECT %(n)s::int + 1", {"n": 3}))
    assert rows == [[(1,), (2,), (3,)], [(4,)]]


def test_nothing_of_a_trip_stays_when_one_of_its_statements_fails() -> None:
    in_one_trip((WORD, {"word": "before"}))
    for _time in range(3):  # the first prepares the plan, the others use it
        with pytest.raises(DataError):
            in_one_trip((WORD, {"word": "after"}), ("SELECT 1 / %(zero)s::int", {"zero": 0}), (READ, {}))
    assert in_one_trip((READ, {})) == [[("before",)]]


def test_a_trip_inside_a_transaction_is_part_of_it() -> None:
    from django.db import transaction

    with transaction.atomic():
        in_one_trip((WORD, {"word": "mine"}))
        transaction.set_rollback(True)
    assert in_one_trip((READ, {})) != [[("mine",)]]
    connection.close()
