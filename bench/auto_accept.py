"""Automatic acceptance on real sets: what share of a project it answers, how often it is right, and when it stops.

    python bench/auto_accept.py [rule] [honest] [changed] [--data FOLDER] [--sets sms_spam reviews_zh banking77]
        [--targets 0.9 0.95 0.98] [--orders random mix] [--seeds 10] [--cache FOLDER]

Without a name all are run. sms_spam and reviews_zh are the packaged demo sets; banking77 is read from
FOLDER/banking77.csv.gz. A text is used once. What is simulated is the product's own loop, with its engine: people label
some items; from then on a job after every `step` answers fits a quick head, judges it on held-out labels, chooses a
threshold, accepts what reaches it but for the audit, and puts the audit among the next tasks. People answer with the
label of the set. It ends when nobody has anything to answer or after as many labels as `most` says.

rule: no set, but made-up audits of models of known precision: how many answers it takes to switch them off.

honest: the set as it is. Printed are the share of all texts that the model answered, the precision of these in truth
against the target, in how many projects it was below, and how many projects it answered anything in or was switched
off.

changed: from the first acceptance on a share of what still waits has another label than its text says, as when a
client's rules change or another source is added: nothing that was labeled before shows it, and the model is as sure as
ever. Printed are the precision in truth of what it accepted until then, in how many projects it was switched off, and
after how many audited answers; the product then gives what was accepted back to people.
"""

import argparse
import platform
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from bench.active_learning import Texts, read  # noqa: E402
from curation.demo import SETS  # noqa: E402
from labeling.engine.acceptance import Audit, audit_size, is_below, refuted_by  # noqa: E402
from modeling.engine.active import choose_threshold, order  # noqa: E402
from modeling.engine.heads.held_out import judge_held_out  # noqa: E402
from modeling.engine.heads.quick import fit  # noqa: E402

# Labels before the first job that may accept, between two jobs, and at most.
PLANS = {"sms_spam": (200, 100, 1_000), "reviews_zh": (300, 150, 1_500), "banking77": (1_000, 500, 2_500)}
# The product's defaults.
AUDIT_SHARE = 0.05
# Of what waits when the first answers are accepted.
CHANGED = (0.05, 0.1, 0.2, 0.4)


@dataclass
class Project:
    """One simulated project."""

    data: Texts
    classes: np.ndarray
    labeled: list[int]
    waiting: np.ndarray
    accepted: list[int] = field(default_factory=list)
    said: dict[int, int] = field(default_factory=dict)
    audits: dict[int, int] = field(default_factory=dict)
    audited: dict[int, list[int]] = field(default_factory=dict)
    rounds: int = 0
    stopped: bool = False

    @property
    def judged(self) -> int:
        return sum(right + wrong for right, wrong in self.audited.values())

    def wrong(self) -> int:
        return sum(self.said[item] != self.classes[item] for item in self.accepted)


def simulate(data: Texts, target: float, method: str, seed: int, changed: float = 0.0) -> Project:
    first, step, most = PLANS[data.name]
    random = np.random.default_rng(seed)
    mixed = random.permutation(len(data.classes))
    project = Project(data, data.classes.copy(), list(mixed[:first]), mixed[first:])
    while (len(project.waiting) or project.audits) and len(project.labeled) < most and not project.stopped:
        head = fit(data.vectors[project.labeled], names(project, project.labeled))
        before = len(project.accepted)
        accept(project, head, target, random)
        if changed and not before and project.accepted:
            change(project, changed, random)
        people_work(project, head, target, method, step, seed)
    return project


def names(project: Project, items: list[int] | np.ndarray) -> list[str]:
    return [str(number) for number in project.classes[items]]


def change(project: Project, share: float, random: np.random.Generator) -> None:
    """Give a share of what is not answered by people another label, of the model's answers too."""
    open_items = np.array([*project.accepted, *project.audits, *project.waiting])
    moved = random.permutation(open_items)[: round(share * len(open_items))]
    count = len(project.data.names)
    project.classes[moved] = (project.classes[moved] + random.integers(1, count, len(moved))) % count


def accept(project: Project, head, target: float, random: np.random.Generator) -> None:
    texts = [str(item) for item in project.labeled]
    labels = names(project, project.labeled)
    confidences, right = judge_held_out(project.data.vectors[project.labeled], labels, texts, head.strength)
    threshold = choose_threshold(confidences, right, target).threshold
    if threshold is None:
        return
    named, sure = head.predict(project.data.vectors[project.waiting])
    reaching = np.flatnonzero(sure >= threshold)
    audited = project.judged + len(project.audits)
    size = audit_size(len(reaching), before=len(project.accepted) + audited, audited=audited, share=AUDIT_SHARE)
    if len(reaching) <= size:
        return
    project.rounds += 1
    project.audited[project.rounds] = [0, 0]
    drawn = set(random.choice(reaching, size, replace=False).tolist())
    for place in reaching.tolist():
        item = int(project.waiting[place])
        project.said[item] = int(named[place])
        if place in drawn:
            project.audits[item] = project.rounds
        else:
            project.accepted.append(item)
    project.waiting = np.delete(project.waiting, reaching)


def people_work(project: Project, head, target: float, method: str, step: int, seed: int) -> None:
    """Answer the next tasks, the audit among them; each audited answer is looked at as it comes."""
    audits = list(project.audits)[: max(step // 3, 1)]
    count = min(step - len(audits), len(project.waiting))
    if method == "random" or not count:
        places = np.random.default_rng([seed, len(project.labeled)]).permutation(len(project.waiting))[:count]
    else:
        # Of large sets the product looks at 5,000 at a time.
        rows = np.r_[project.labeled, project.waiting[:5_000]]
        vectors, done = project.data.vectors[rows], np.arange(len(rows)) < len(project.labeled)
        found = order(vectors, head.probabilities(vectors), done, method, seed, count=count, batch=count)
        places = found.rows - len(project.labeled)
    project.labeled += project.waiting[places].tolist()
    project.waiting = np.delete(project.waiting, places)
    for item in audits:
        number = project.audits.pop(item)
        project.audited[number][int(project.said[item] != project.classes[item])] += 1
        project.labeled.append(item)
        if refuted_by([Audit(key, *counts) for key, counts in project.audited.items()], target) is not None:
            project.stopped = True
            return


def honest(data: Texts, target: float, method: str, seeds: int) -> None:
    start = time.process_time()
    found = [simulate(data, target, method, seed) for seed in range(seeds)]
    used = [each for each in found if each.accepted]
    if not used:
        print(f"  target {target}, {method}: accepts nothing in {seeds} projects", flush=True)
        return
    shares = [len(each.accepted) / len(data.classes) for each in used]
    precisions = [1 - each.wrong() / len(each.accepted) for each in used]
    below = sum(precision < target for precision in precisions)
    measured = [sum(right for right, _w in each.audited.values()) / max(1, each.judged) for each in used]
    people = np.mean([len(each.labeled) for each in used])
    print(f"  target {target}, {method}: anything in {len(used)} of {seeds} projects, there {np.mean(shares):.1%} of "
          f"all texts ({min(shares):.1%} to {max(shares):.1%}) after {people:,.0f} answers of people; true precision "
          f"{np.mean(precisions):.4f} on average, lowest {min(precisions):.4f}, below the target in {below}; the audit "
          f"measured {np.mean(measured):.4f}; switched off in {sum(each.stopped for each in found)}; "
          f"{time.process_time() - start:.0f} CPU s", flush=True)  # fmt: skip


def changed(data: Texts, target: float, method: str, seeds: int) -> None:
    for share in CHANGED:
        found = [each for seed in range(seeds) if (each := simulate(data, target, method, seed, share)).accepted]
        stopped = [each for each in found if each.stopped]
        precision = np.mean([1 - each.wrong() / len(each.accepted) for each in found]) if found else float("nan")
        audits = f"{np.median([each.judged for each in stopped]):.0f}" if stopped else "-"
        print(f"  target {target}, {method}, {share:.0%} changed: true precision {precision:.3f}; switched off in "
              f"{len(stopped)} of {len(found)} projects that accept, after {audits} audited answers (median)",
              flush=True)  # fmt: skip


def rule(target: float, runs: int = 200, longest: int = 1_500) -> None:
    for short in (0.0, 0.01, 0.03, 0.05, 0.1, 0.2, 0.4):
        random = np.random.default_rng(0)
        found = [first_stop(random.random(longest) < target - short, target) for _run in range(runs)]
        stops = [count for count in found if count]
        middle = f"{np.median(stops):.0f}" if stops else "-"
        print(f"  target {target}, precision {target - short:.3f}: switched off in {len(stops)} of {runs} within "
              f"{longest:,} answers, after {middle} (median of these)", flush=True)  # fmt: skip


def first_stop(right: np.ndarray, target: float) -> int | None:
    for count, good in enumerate(np.cumsum(right).tolist(), 1):
        if is_below(good, count - good, target):
            return count
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[], metavar="rule|honest|changed")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=list(PLANS))
    parser.add_argument("--targets", nargs="+", type=float, default=[0.9, 0.95, 0.98])
    parser.add_argument("--orders", nargs="+", default=["random", "mix"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "assay-bench-embeddings")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "The number of unique classes")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scikit-learn", "scipy"))
    print(f"Python {platform.python_version()}, {versions}")
    if not options.what or "rule" in options.what:
        for target in options.targets:
            rule(target)
    if options.what == ["rule"]:
        return
    for name in options.sets or [name for name in PLANS if name in SETS or options.data]:
        data = read(name, options.data, options.cache)
        first, step, most = PLANS[name]
        print(f"\n{name}: {len(data.classes):,} texts, {len(data.names)} labels; a job after every {step} answers from "
              f"{first} to {most:,}, {options.seeds} projects")  # fmt: skip
        for method in options.orders:
            for target in options.targets:
                if not options.what or "honest" in options.what:
                    honest(data, target, method, options.seeds)
                if not options.what or "changed" in options.what:
                    changed(data, target, method, options.seeds)


if __name__ == "__main__":
    main()
