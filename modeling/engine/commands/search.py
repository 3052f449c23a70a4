"""Commands about settings and several models: search and ensemble."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.models import add_reading, context_of, given_settings, read_rows, reading_of
from modeling.engine.commands.talk import answer, say

if TYPE_CHECKING:
    import argparse

    from modeling.engine.tuning.study import TrialRow


def run_search(options: argparse.Namespace) -> None:
    """Search for the settings of a family and leave the best trial's model in the folder's best/."""
    from modeling.engine.commands.models import store_reading
    from modeling.engine.tuning import run_search as search

    reading = reading_of(options)
    data = read_rows(reading)
    result = search(
        data,
        options.family,
        options.out,
        trials=options.trials,
        seed=options.seed,
        storage=options.storage,
        fixed=given_settings(options.set) | {"threads": options.threads},
        seconds=options.seconds,
        worker=options.worker,
        context=context_of(options, quiet=True),
        on_trial=_tell,
    )
    best = options.out / "best"
    if best.exists():
        store_reading(best, reading, data)
    else:
        say("The best trial was trained by another process and lies in its folder.")
    for name, share in result.importances.items():
        say(f"  {name}: {share:.0%} of the variance")
    gain = "" if result.default_value is None else f", with the defaults {result.default_value:.4f}"
    say(f"Trial {result.best} has the best validation {result.primary}, {result.best_value:.4f}{gain}.")
    answer({**result.to_dict(), "folder": str(best)})


def run_ensemble(options: argparse.Namespace) -> None:
    """Combine trained folders of the same rows, and write the ensemble when it leads its best member for certain."""
    from modeling.engine.commands.models import store_reading
    from modeling.engine.ensembles import combine
    from modeling.engine.training import TrainedModel

    *folders, options.data = options.paths
    models = [TrainedModel.load(folder) for folder in folders]
    options.task = models[0].facts["task"] if models else "text-classification"
    reading = reading_of(options)
    data = read_rows(reading)
    result = combine(models, data, options.out, context_of(options, quiet=True), options.seed)
    if result.kept:
        store_reading(options.out, reading, data)
    say(result.sentence)
    answer(result.to_dict())


def _tell(row: TrialRow) -> None:
    value = "" if row.value is None else f" {row.value:.4f}"
    say(f"  trial {row.number}: {row.state}{value} in {row.seconds:.1f} s {row.reason}".rstrip())


def add_commands(commands: Any) -> None:
    """Add search and ensemble to a parser's commands."""
    search = commands.add_parser("search", help=run_search.__doc__)
    add_reading(search)
    search.add_argument("--family", default="encoder-head")
    search.add_argument("--trials", type=int, default=20)
    search.add_argument("--seconds", type=float, help="what one trial may take")
    search.add_argument("--out", type=Path, required=True)
    search.add_argument("--storage", help="an SQLAlchemy URL for the trials; a journal in the folder when left out")
    search.add_argument("--worker", default="main", help="of several processes with one storage, each one's name")
    search.add_argument("--threads", type=int, default=2)
    search.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting for all trials")
    search.set_defaults(run=run_search)
    ensemble = commands.add_parser("ensemble", help=run_ensemble.__doc__)
    ensemble.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="trained folders, and at the end the data"
    )
    ensemble.add_argument("--out", type=Path, required=True)
    add_reading(ensemble, task=False, data=False)
    ensemble.set_defaults(run=run_ensemble)
