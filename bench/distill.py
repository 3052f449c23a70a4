"""What smaller models lose and gain: python bench/distill.py [set ...] [--teacher encoder-linear].

Of each set (see bench/train_texts.py) a teacher is trained on all labels; `modeling.engine.compress` then makes and
measures every candidate. Lost points are of macro-F1, `ms` is the median of one answer of the bundle through the
runtime, texts a second are per second of processor time and one at a time, seconds are processor seconds to make it,
the teacher's answers apart. What is whole in `--keep` is found again.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from train_texts import SETS, few  # noqa: E402

from modeling.engine.compress.front import Limits, Row  # noqa: E402
from modeling.engine.compress.search import compress  # noqa: E402
from modeling.engine.data import Examples  # noqa: E402
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train  # noqa: E402


def main() -> None:
    """Print a line for each candidate of each set, and the proposal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--teacher", default="encoder-linear")
    parser.add_argument("--only", action="append", default=[], help="a candidate")
    parser.add_argument("--limit-drop", type=float, default=1.5)
    parser.add_argument("--made", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("bench-distill"), help="where models are kept and found")
    options = parser.parse_args()
    print(
        "| set | candidate | lost, validation | macro-F1, test | lost, test (95 %) | MB | ms | texts / CPU s | CPU s |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name in options.sets:
        data = few(name, None, 0)
        context = TrainingContext(cache_dir=options.keep / "cache")
        teacher = taught(data, options.keep / f"{name}-{options.teacher}", options, context)
        found = compress(
            teacher,
            data,
            options.keep / f"{name}-{options.teacher}-candidates",
            limits=Limits(options.limit_drop),
            recipes=options.only or None,
            made=options.made,
            settings={"threads": options.threads},
            context=context,
            on_row=lambda row, _number, _count, name=name: print(line(name, row), flush=True),
        )
        print(f"\n{name}: the teacher has {found.teacher['test']:.4f}. {found.sentence}\n", flush=True)


def taught(data: Examples, folder: Path, options: argparse.Namespace, context: TrainingContext) -> TrainedModel:
    """Return the teacher of a folder, trained when it is not there."""
    if (folder / "model.json").exists():
        return TrainedModel.load(folder)
    began = time.process_time()
    model = train(data, folder, TrainingSettings(family=options.teacher, threads=options.threads), context)
    print(f"teacher trained in {time.process_time() - began:.0f} CPU s", file=sys.stderr)
    return model


def line(name: str, row: Row) -> str:
    """Return a row of the table."""
    if row.failed:
        return f"| {name} | {row.name} | {row.failed} | | | | | | |"
    return (
        f"| {name} | {row.name} | {row.lost:.2f} | {row.figure:.4f} | {row.lost_test:.2f} ({row.low:.1f} to "
        f"{row.high:.1f}) | {row.bytes / 1e6:.1f} | {row.ms:.2f} | {row.per_cpu_second:,.0f} | {row.seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
