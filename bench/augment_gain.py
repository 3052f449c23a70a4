"""What augmentation gains with 50 and 500 labels, and how often a model keeps its answer on changed rows.

    python bench/augment_gain.py FOLDER [--only sms,reviews,signs,fashion] [--labels 50,500] [--seeds 5] [--slow]

FOLDER holds text/sms_spam.csv.gz, text/reviews_zh.csv.gz, image/sign_digits_800.zip and image/fashion_mnist_900.zip.
Repeated texts are dropped. Of each set a part is judged (1,000 texts, or a fifth of the pictures), the same for all
seeds; a seed draws the labeled rows anew, of all classes alike (a fifth of them chooses epochs and strengths), and is
the seed of both trainings, one with the policy and one without. Gains are of macro-F1, with 95 % intervals of seeds and
judged rows together (modeling.engine.augmentation.trials). --slow adds a family of each set that is trained whole.
The third table judges models with and without the policy on rows that it changed, with other draws than the training's.
Label safety is that of a model of the first seed and the most labels without augmentation, on 300 judged rows.
"""

import argparse
import csv
import gzip
import platform
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from curation.engine.augment import Policy  # noqa: E402
from curation.engine.augment.policy import policy_of  # noqa: E402
from modeling.engine.augmentation.robustness import robustness  # noqa: E402
from modeling.engine.augmentation.safety import model_safety  # noqa: E402
from modeling.engine.augmentation.texts import learnt_from  # noqa: E402
from modeling.engine.augmentation.trials import Arm, Trials, gain_of  # noqa: E402
from modeling.engine.data import Examples  # noqa: E402
from modeling.engine.families.family import TrainingContext  # noqa: E402
from modeling.engine.reading.pictures import read_image_folder  # noqa: E402
from modeling.engine.training import TrainingSettings, train  # noqa: E402

JUDGED, SAFETY_ROWS, HELD_OUT = 1000, 300, 0.2
COPIES = 2


def steps(*given: dict[str, Any]) -> Policy:
    return policy_of({"version": 1, "copies": COPIES, "steps": list(given)})


ENGLISH = steps(
    {"use": "keyboard", "share": 0.1, "chance": 0.5},
    {"use": "swap_words", "share": 0.1, "chance": 0.5},
    {"use": "delete_words", "share": 0.1, "chance": 0.5},
    {"use": "tfidf", "share": 0.1, "chance": 0.5},
)
CHINESE = steps(
    {"use": "swap_words", "share": 0.1, "chance": 0.5},
    {"use": "delete_words", "share": 0.1, "chance": 0.5},
    {"use": "tfidf", "share": 0.1, "chance": 0.5},
)
HANDS = steps(
    {"use": "turn", "degrees": 15.0},
    {"use": "zoom", "smallest": 0.85, "largest": 1.2},
    {"use": "shift", "distance": 0.08},
    {"use": "brightness", "brightness": 0.2, "contrast": 0.2},
)
CLOTHES = steps(
    {"use": "mirror", "chance": 0.5},
    {"use": "zoom", "smallest": 0.9, "largest": 1.1},
    {"use": "shift", "distance": 0.05},
    {"use": "brightness", "brightness": 0.1, "contrast": 0.1},
)


@dataclass(frozen=True)
class Set:
    """Rows that are judged and rows that labels are drawn from, the policy, and the families: a fast and a slow one."""

    name: str
    task: str
    pool: tuple[list[Any], list[str]]
    judged: tuple[list[Any], list[str]]
    policy: Policy
    fast: str
    slow: str

    def drawn(self, labels: int, seed: int) -> Examples:
        """Return so many labeled rows, of all classes alike, with the judged ones."""
        generator, (inputs, answers) = np.random.default_rng(seed), self.pool
        classes = sorted(set(answers))
        rows, splits = [], []
        for place, name in enumerate(classes):
            count = labels // len(classes) + (place < labels % len(classes))
            own = generator.permutation([row for row, answer in enumerate(answers) if answer == name])[:count]
            held = max(1, round(len(own) * HELD_OUT))
            rows += own.tolist()
            splits += ["validation"] * held + ["train"] * (len(own) - held)
        chosen = [inputs[row] for row in rows] + self.judged[0]
        said = [answers[row] for row in rows] + self.judged[1]
        return Examples.of(self.task, chosen, said, splits + ["test"] * len(self.judged[0]))


def texts(folder: Path, name: str, policy: Policy) -> Set:
    with gzip.open(folder / "text" / f"{name}.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row["text"], set()).add(row["label"])
    kept = [(text, next(iter(own))) for text, own in labels.items() if len(own) == 1 and text.strip()]
    order = np.random.default_rng(0).permutation(len(kept)).tolist()
    judged, pool = (_columns([kept[row] for row in part]) for part in (order[:JUDGED], order[JUDGED:]))
    return Set(name, "text-classification", pool, judged, policy, "encoder-linear", "fine-tuning")


def pictures(folder: Path, name: str, scratch: Path, policy: Policy, slow: str) -> Set:
    zipfile.ZipFile(folder / "image" / f"{name}.zip").extractall(scratch / name)
    data = read_image_folder(scratch / name, 0).examples
    judged, pool = (
        _columns([row for row, split in zip(zip(data.inputs, data.answers, strict=True), data.splits, strict=True)
                  if (split == "test") == last])
        for last in (True, False)
    )  # fmt: skip
    return Set(name, "image-classification", pool, judged, policy, "picture-head", slow)


def _columns(rows: Sequence[tuple[Any, str]]) -> tuple[list[Any], list[str]]:
    return [given for given, _answer in rows], [answer for _given, answer in rows]


def compare(one: Set, family: str, labels: int, seeds: int, context: TrainingContext) -> None:
    """Print a line: figures without and with the policy, the gain, and what a family's own changes reach."""
    arms: dict[str, list[Arm]] = {"plain": [], "whole": [], "own": []}
    began = time.process_time()
    for seed in range(seeds):
        settings = TrainingSettings(family=family, seed=seed, threads=1)
        trials = Trials(one.drawn(labels, seed), settings, 1, context)
        arms["plain"].append(trials.plain())
        arms["whole"].append(trials.arm("with the policy", one.policy))
        own = trials.own()
        arms["own"] += [] if own is None else [own]
    plain, whole = _together(arms["plain"]), _together(arms["whole"])
    gain = gain_of(whole, plain)
    line = f"| {one.name} | {labels} | {family} | {seeds} | {plain.mean:.3f} | {whole.mean:.3f} | {gain.gain:+.3f} | "
    line += f"{gain.low:+.3f} to {gain.high:+.3f} | "
    if arms["own"]:
        own_gain = gain_of(whole, _together(arms["own"]))
        line += f"{_together(arms['own']).mean:.3f}, {own_gain.low:+.3f} to {own_gain.high:+.3f}"
    print(f"{line} | {time.process_time() - began:.0f} |", flush=True)


def _together(arms: list[Arm]) -> Arm:
    scorers = [scorer for arm in arms for scorer in arm.scorers]
    return Arm(arms[0].name, arms[0].policy, scorers, arms[0].rows, sum(arm.seconds for arm in arms))


def safety(one: Set, labels: int, context: TrainingContext) -> None:
    """Print a line for each step: how often the model keeps its answer, and one copy on which it does not."""
    data = one.drawn(labels, 0)
    judged = [row for row, split in enumerate(data.splits) if split == "test"][SAFETY_ROWS:]
    data = data.rows([row for row in range(len(data.inputs)) if row not in set(judged)])
    with tempfile.TemporaryDirectory() as scratch:
        model = train(data, Path(scratch), TrainingSettings(family=one.fast, threads=1), context)
        found = model_safety(model, data, one.policy, split="test", context=context)
    for step in found.steps:
        share = "-" if step.share is None else f"{step.share:.3f}"
        print(
            f"| {one.name} | {step.use} | {step.changed} | {share} | {step.low:.3f} to {step.high:.3f} | "
            f"{found.right or 0:.3f} |",
            flush=True,
        )


def hard(one: Set, labels: int, context: TrainingContext) -> None:
    """Print a line: figures on judged rows that the policy changed, by a model without it and by one with it."""
    data = one.drawn(labels, 0)
    part, found = data.part("test"), []
    learnt = learnt_from(one.policy, data.part("train").inputs)
    for policy in (None, one.policy.to_json()):
        with tempfile.TemporaryDirectory() as scratch:
            settings = TrainingSettings(family=one.fast, threads=1, augment=policy)
            model = train(data, Path(scratch), settings, context)
            # Another seed than the training's: these changes are none that it has seen.
            found.append(robustness(model, part, one.policy, 1000, learnt=learnt, context=context)[-1])
    plain, whole = found
    print(
        f"| {one.name} | {labels} | {one.fast} | {plain.clean:.3f} | {plain.figure:.3f} | {whole.clean:.3f} | "
        f"{whole.figure:.3f} |",
        flush=True,
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="sms,reviews,signs,fashion")
    parser.add_argument("--labels", default="50,500")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--slow", action="store_true", help="also the families that train a whole network")
    parser.add_argument("--tables", default="gain,safety,hard")
    given = parser.parse_args()
    labels = [int(count) for count in given.labels.split(",")]
    print(f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}, 1 thread\n")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        context = TrainingContext(vectors_dir=scratch / "vectors")
        makers = {
            "sms": lambda: texts(given.folder, "sms_spam", ENGLISH),
            "reviews": lambda: texts(given.folder, "reviews_zh", CHINESE),
            "signs": lambda: pictures(given.folder, "sign_digits_800", scratch, HANDS, "picture-fine-tune"),
            "fashion": lambda: pictures(given.folder, "fashion_mnist_900", scratch, CLOTHES, "picture-cnn"),
        }
        sets = [makers[name]() for name in given.only.split(",")]
        if "gain" in given.tables:
            print(
                "| set | labels | family | seeds | without | with | gain | 95 % | own changes, gain over them | CPU s |"
            )
            print("| --- | ---: | --- | ---: | ---: | ---: | ---: | --- | --- | ---: |")
            for one, family, count in product(sets, ("fast", "slow") if given.slow else ("fast",), labels):
                compare(one, getattr(one, family), count, given.seeds, context)
        if "safety" in given.tables:
            print("\n| set | step | changed | keeps the answer | 95 % | right as they are |")
            print("| --- | --- | ---: | ---: | --- | ---: |")
            for one in sets:
                safety(one, max(labels), context)
        if "hard" in given.tables:
            print("\n| set | labels | family | without: rows as they are | changed | with: as they are | changed |")
            print("| --- | ---: | --- | ---: | ---: | ---: | ---: |")
            for one in sets:
                hard(one, max(labels), context)


if __name__ == "__main__":
    main()
