"""Families of text classifiers at 8, 16, 64 labels a class and with all: python bench/train_texts.py [set ...].

Of each set, texts that repeat are dropped, a fifth is the test part and stays the same for every row of the table; the
rest gives the labels, `n` of each class, a quarter of which are validation rows (at most 10 % of all of them). Figures
are accuracy and macro-F1 on the test part and processor seconds of this process, vectors of an empty cache included.
With `--then-auto` a last line says which of the trained families `auto` keeps within its default budget; its
seconds are those of the families that it looks at.
"""

import argparse
import csv
import gzip
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from modeling.engine.data import Examples  # noqa: E402
from modeling.engine.evaluate import evaluate  # noqa: E402
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, families_of, train  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "text"
PACKAGED = ROOT / "curation" / "demo" / "data"
SETS = ("banking77", "sms_spam", "reviews_zh")
TEST_SHARE, VALIDATION_SHARE, FEW_VALIDATION = 0.2, 0.1, 0.25


def read_set(name: str) -> tuple[list[str], list[str], list[str]]:
    """Return texts, labels and splits (`train` or `test`) of a set, repeats dropped."""
    folder = SHARED if (SHARED / f"{name}.csv.gz").exists() else PACKAGED
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    labels_of: dict[str, set[str]] = {}
    for row in rows:
        labels_of.setdefault(row["text"], set()).add(row["label"])
    kept = {row["text"]: row for row in reversed(rows) if len(labels_of[row["text"]]) == 1}
    texts, labels = list(kept), [row["label"] for row in kept.values()]
    if "split" in rows[0]:
        return texts, labels, [row["split"] for row in kept.values()]
    drawn = np.random.default_rng(0).permutation(len(texts))
    test = set(drawn[: round(len(texts) * TEST_SHARE)].tolist())
    return texts, labels, ["test" if row in test else "train" for row in range(len(texts))]


def few(name: str, count: int | None, seed: int) -> Examples:
    """Return a set with `count` labels of each class (all when None), some of them for validation."""
    texts, labels, splits = read_set(name)
    generator = np.random.default_rng(seed)
    chosen, named = [], []
    for label in sorted(set(labels)):
        members = generator.permutation([i for i, row in enumerate(labels) if row == label and splits[i] == "train"])
        members = members[:count]
        held = max(1, round(len(members) * (FEW_VALIDATION if count else VALIDATION_SHARE)))
        chosen += members.tolist()
        named += ["validation"] * held + ["train"] * (len(members) - held)
    test = [i for i, split in enumerate(splits) if split == "test"]
    order = chosen + test
    return Examples.of(
        "text-classification",
        [texts[i] for i in order],
        [labels[i] for i in order],
        named + ["test"] * len(test),
    )


def main() -> None:
    """Print one line for each set, number of labels, family and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--counts", default="8,16,64,all")
    parser.add_argument("--families", default=",".join(families_of("text-classification")))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--then-auto", action="store_true")
    parser.add_argument("--set", action="append", default=[], help="another setting: name=value")
    options = parser.parse_args()
    more = {pair.split("=")[0]: _value(pair.split("=")[1]) for pair in options.set}
    print("| set | labels a class | family | seed | accuracy | macro-F1 | calibration error | CPU s | notes |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name in options.sets:
        for count in options.counts.split(","):
            for seed in range(options.seeds):
                data = few(name, None if count == "all" else int(count), seed)
                with tempfile.TemporaryDirectory() as scratch:
                    bench = Bench(name, count, seed, data, {**more, "threads": options.threads}, Path(scratch))
                    for family in options.families.split(","):
                        bench.line(family)
                    if options.then_auto:
                        bench.auto()


def _value(text: str) -> str | float | int:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


class Bench:
    """The families of one set, number of labels and seed, one after the other."""

    def __init__(
        self, name: str, count: str, seed: int, data: Examples, more: dict[str, object], scratch: Path
    ) -> None:
        self.name, self.count, self.seed, self.data, self.more = name, count, seed, data, more
        self.scratch = scratch
        self.spent: dict[str, float] = {}

    def line(self, family: str) -> None:
        """Train one family and print its line."""
        began = time.process_time()
        model = self._trained(family, self.scratch / "candidates" / family)
        self.spent[family] = time.process_time() - began
        self._print(family, model, self.spent[family])

    def auto(self) -> None:
        """Print the line of `auto`, which finds the families that it would try trained already."""
        began = time.process_time()
        model = self._trained("auto", self.scratch)
        own = time.process_time() - began
        self._print("auto", model, own + sum(self.spent.get(row["family"], 0.0) for row in model.facts["auto"]))

    def _trained(self, family: str, folder: Path) -> TrainedModel:
        # Graphs of encoders are made once a machine and shared; vectors are made anew for each line.
        context = TrainingContext(vectors_dir=self.scratch / f"vectors-{family}")
        settings = TrainingSettings.from_dict({"family": family, "seed": self.seed, **self.more})
        return train(self.data, folder, settings, context)

    def _print(self, family: str, model: TrainedModel, spent: float) -> None:
        context = TrainingContext(vectors_dir=self.scratch / f"vectors-{family}")
        figures = evaluate(model, self.data, context=context).figures
        facts = model.facts
        note = facts.get("reason", "") or f"epoch {facts.get('best_epoch', '-')} of {facts.get('epochs', '-')}"
        print(
            f"| {self.name} | {self.count} | {family} | {self.seed} | {figures['accuracy']:.4f} | "
            f"{figures['macro_f1']:.4f} | {figures['calibration_error']:.3f} | {spent:.0f} | {note} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
