"""Where the trials of searches lie: Optuna's own tables in a schema of our database.

They hold settings, figures and times, and nothing of anybody's data. Optuna makes and upgrades them itself, through
SQLAlchemy and on connections of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from modeling.models import Search

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.study import Study

    from modeling.engine.tuning.search import Plan

SCHEMA = "optuna"
# Of the lock under which the tables are made: two searches that begin at once would both make them.
_LOCK = 7_163_904_022


@contextmanager
def open_trials(search: Search) -> Iterator[tuple["Study", "Plan"]]:
    """Give the study of a search, made when missing, and its plan, for the time of the block."""
    plan = plan_of(search)
    storage = _storage()
    try:
        yield plan.open(storage, study_of(search)), plan
    finally:
        storage.remove_session()
        storage.engine.dispose()


def study_of(search: Search) -> str:
    """Return the name of a search's study."""
    return f"search-{search.pk}-{search.created_at:%Y%m%d%H%M%S}"


# Optuna's tables that hang on a trial, and on a study; it gives them no cascade.
_OF_TRIALS = (
    "trial_user_attributes",
    "trial_system_attributes",
    "trial_params",
    "trial_values",
    "trial_intermediate_values",
    "trial_heartbeats",
)
_OF_STUDIES = ("trials", "study_directions", "study_user_attributes", "study_system_attributes")


def forget_trials(search: Search) -> None:
    """Remove the study of a search with its trials, in the transaction that removes the search.

    In SQL, since Optuna would work on a connection of its own, and its import takes a second.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.studies"])
        if not cursor.fetchone()[0]:
            # No search has begun yet.
            return
        cursor.execute(f"SELECT study_id FROM {SCHEMA}.studies WHERE study_name = %s", [study_of(search)])  # noqa: S608
        for (study,) in cursor.fetchall():
            trials = f"SELECT trial_id FROM {SCHEMA}.trials WHERE study_id = %s"  # noqa: S608
            for table in _OF_TRIALS:
                cursor.execute(f"DELETE FROM {SCHEMA}.{table} WHERE trial_id IN ({trials})", [study])  # noqa: S608
            for table in (*_OF_STUDIES, "studies"):
                cursor.execute(f"DELETE FROM {SCHEMA}.{table} WHERE study_id = %s", [study])  # noqa: S608


def plan_of(search: Search) -> "Plan":
    """Return what the engine is to search."""
    from modeling.engine.tuning.search import Plan

    fixed = {name: value for name, value in search.params.items() if name != "soft_labels"}
    return Plan(
        search.family, search.task, search.trials, search.seed, tuple(sorted(fixed.items())), search.trial_seconds
    )


def _storage() -> "RDBStorage":
    """Return Optuna's storage on the database that Django uses."""
    import optuna
    from optuna.storages import RDBStorage

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    engine = {"connect_args": connect_arguments(connection.settings_dict), "pool_size": 2, "pool_pre_ping": True}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        return RDBStorage("postgresql+psycopg://", engine_kwargs=engine)


def connect_arguments(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what psycopg needs to reach the same database as Django, with Optuna's schema before all others.

    Apart from the address, so that no password stands in a URL that an error may show.
    """
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    found = {ours: settings[theirs] for theirs, ours in names.items() if settings.get(theirs)}
    plain = {name: value for name, value in settings.get("OPTIONS", {}).items() if isinstance(value, str | int)}
    options = f"{plain.pop('options', '')} -csearch_path={SCHEMA}".strip()
    return {**plain, **found, "options": options}
