"""Commands about augmentation: whether its labels are safe, what it gains, and which mix is worth a try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.models import add_reading, context_of, read_rows, reading_of, settings_of
from modeling.engine.commands.policies import read_policy_file, table
from modeling.engine.commands.talk import answer, say

if TYPE_CHECKING:
    import argparse

# Copies of which a model says something else that are shown for each step; all of them are in the answer.
MOST_SHOWN = 3


def run_safety(options: argparse.Namespace) -> None:
    """Say how often a model keeps its answer on rows that each step of a policy changed, and where it does not."""
    from modeling.engine.augmentation.safety import model_safety
    from modeling.engine.training import TrainedModel

    model = TrainedModel.load(options.folder)
    options.task = model.facts["task"]
    data, policy = read_rows(reading_of(options)), read_policy_file(options.policy)
    if data.content_hash() != model.facts["data_hash"]:
        say("These are not the rows and splits that the model was trained on: it may know some that it should not.")
    found = model_safety(
        model, data, policy, split=options.part, seed=options.seed, context=context_of(options), keep=options.pictures
    )
    told = "" if found.right is None else f"; of these rows as they are it answers {found.right:.1%} rightly"
    say(f"The model on {found.rows} {found.split} rows{told}.")
    rows = [
        [step.use, str(step.changed), _share(step.share), f"{_share(step.low)} to {_share(step.high)}"]
        for step in found.steps
    ]
    table(["step", "changed", "keeps its answer", "95 %"], rows)
    for step in found.steps:
        for other in step.disagreements[:MOST_SHOWN]:
            say(f"  {step.use}: {other.expected} became {other.found}: {other.before[:100]!r} -> {other.after[:100]!r}")
    answer(found.to_dict())


def run_ablate(options: argparse.Namespace) -> None:
    """Train without augmentation, with a policy and without each of its steps, and print what each gains."""
    from modeling.engine.augmentation.ablation import ablate

    data, policy = read_rows(reading_of(options)), read_policy_file(options.policy)
    found = ablate(
        data, policy, settings_of(options), seeds=options.seeds, split=options.part, context=context_of(options)
    )
    say(f"{found.primary} on {found.rows} {found.split} rows, mean of {options.seeds} seeds")
    rows = [["without augmentation", f"{found.plain.mean:.4f}", "", "", ""]]
    rows.append(["the whole policy", f"{found.whole.mean:.4f}", *_gain(found.gain, "all of it over none")])
    if found.own is not None:
        rows.append([found.own.name, f"{found.own.mean:.4f}", *_gain(found.over_own, "all of it over these")])
    rows += [[step.arm.name, f"{step.arm.mean:.4f}", *_gain(step.gain, f"{step.use} in it")] for step in found.steps]
    table(["training", found.primary, "gain", "95 %", "of what"], rows)
    _store(options.out, "ablation.json", found.to_dict())
    answer(found.to_dict())


def run_propose(options: argparse.Namespace) -> None:
    """Try augmentations alone and joined on the validation rows, and propose a policy as YAML."""
    from modeling.engine.augmentation.search import candidates, propose, shown

    data = read_rows(reading_of(options))
    tries = candidates(data, options.family, uses=options.use or None, copies=options.copies, seed=options.seed)
    context = context_of(options)
    found = propose(
        data, settings_of(options), tries=tries, seeds=options.seeds, least_safe=options.least_safe, context=context
    )
    for each in found.screened or []:
        if not each.kept:
            say(f"  not tried, its labels are not sure enough: {shown(each.policy)} keeps {_share(each.safety.share)}")
    rows = [["without augmentation", f"{found.plain.mean:.4f}", "", "", ""]]
    rows += [
        [each.arm.name, f"{each.arm.mean:.4f}", *_gain(each.gain, "taken" if each.taken else "")]
        for each in found.tried
    ]
    table(["training", found.primary, "gain", "95 %", ""], rows)
    _store(options.out, "proposal.json", found.to_dict())
    if found.policy is None:
        say("No augmentation gained more than its standard error; leave it out, or label more rows.")
    else:
        say(f"Proposed: {shown(found.policy)}. It was chosen by these rows: judge it with ablate --part test.")
        if found.over_own is not None:
            over = found.over_own
            say(f"Over the family's own changes it gains {over.gain:+.4f} ({over.low:+.4f} to {over.high:+.4f}).")
        if options.out:
            (options.out / "policy.yaml").write_text(found.policy.to_yaml(), encoding="utf-8")
    answer(found.to_dict())


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _gain(gain: Any, of: str) -> list[str]:
    return [f"{gain.gain:+.4f}", f"{gain.low:+.4f} to {gain.high:+.4f}", of]


def _store(folder: Path | None, name: str, content: dict[str, Any]) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def add_commands(commands: Any) -> None:
    """Add safety, ablate and propose to a parser's commands."""
    safety = commands.add_parser("safety", help=run_safety.__doc__)
    safety.add_argument("folder", type=Path, help="a trained folder")
    safety.add_argument("--part", choices=["validation", "test"], help="rows that the model did not learn from")
    safety.add_argument("--pictures", type=Path, help="folder that keeps the changed pictures")
    safety.set_defaults(run=run_safety)
    ablate = commands.add_parser("ablate", help=run_ablate.__doc__)
    propose = commands.add_parser("propose", help=run_propose.__doc__)
    for command in (ablate, propose):
        command.add_argument("--family", required=True)
        command.add_argument("--encoder", default="auto")
        command.add_argument("--seeds", type=int, default=3, help="trainings of each kind")
        command.add_argument("--budget", type=float, help="seconds that each training may take")
        command.add_argument("--threads", type=int, default=2)
        command.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another setting")
        command.add_argument("--out", type=Path, help="folder for the figures")
    ablate.add_argument("--part", default="validation", choices=["validation", "test"], help="rows to judge by")
    ablate.set_defaults(run=run_ablate)
    propose.add_argument("--use", action="append", default=[], help="try this augmentation only; may be said again")
    propose.add_argument("--copies", type=int, default=2, help="of each row, for families that learn from copies")
    propose.add_argument(
        "--least-safe", type=float, metavar="SHARE", help="try no step of which a model keeps surely less answers"
    )
    propose.set_defaults(run=run_propose)
    for command in (safety, ablate):
        command.add_argument("--policy", type=Path, required=True, help="YAML")
    add_reading(safety, task=False)
    for command in (ablate, propose):
        add_reading(command)
