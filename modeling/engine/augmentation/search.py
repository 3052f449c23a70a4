"""A small search for a policy: each augmentation alone at a few strengths, then the best ones joined while it gains."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modeling.engine.augmentation.fitting import CODE, KINDS, ON_THE_FLY, check_fit
from modeling.engine.augmentation.screening import Screened, screen
from modeling.engine.augmentation.texts import learnt_from
from modeling.engine.augmentation.trials import Arm, Gain, Trials, gain_of, judged_on
from modeling.engine.errors import EngineError
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.table import get_family

if TYPE_CHECKING:
    from curation.engine.augment import Policy
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

# Shares of words; more than a fifth changed is hard to read for people.
SHARES = [{"share": share} for share in (0.05, 0.1, 0.2)]
# What is tried when nobody says what. Left out: steps that need to know what pictures show (flip, grey, weather), the
# slow `contextual`, and steps that join pictures.
STRENGTHS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "text": {
        "keyboard": SHARES,
        "letters": SHARES,
        "spelling": SHARES,
        "swap_words": SHARES,
        "delete_words": SHARES,
        "split_words": SHARES,
        "synonyms": SHARES,
        "tfidf": SHARES,
    },
    "picture": {
        "mirror": [{}],
        "turn": [{"degrees": 8.0}, {"degrees": 20.0}],
        "shift": [{"distance": 0.05}, {"distance": 0.15}],
        "zoom": [{"smallest": 0.9, "largest": 1.1}, {"smallest": 0.7, "largest": 1.4}],
        "perspective": [{"strength": 0.03}, {"strength": 0.1}],
        "brightness": [{"brightness": 0.1, "contrast": 0.1}, {"brightness": 0.3, "contrast": 0.3}],
        "colours": [{"hue": 5.0, "saturation": 15.0}, {"hue": 15.0, "saturation": 40.0}],
        "noise": [{"strength": 0.04}, {"strength": 0.12}],
        "blur": [{"radius": 1.0}, {"radius": 2.5}],
        "cutout": [{"size": 0.1}, {"size": 0.25}],
    },
}
# Steps in the proposed mix at most; each one tried costs as much as a whole arm.
MOST_STEPS = 4
# On the fly a step that were always applied would never show a row as it is.
CHANCE = 0.5
# Texts that show whether a step does anything at all, and the least share of them that it must change.
LOOKED_AT, LEAST_CHANGED = 200, 0.1


@dataclass(frozen=True)
class Tried:
    """A policy that was tried: its gain over what it was compared with, and whether it was taken."""

    arm: Arm
    over: str
    gain: Gain
    taken: bool

    def to_dict(self) -> dict[str, Any]:
        """Return all as a JSON-ready mapping."""
        return {**self.arm.to_dict(), "over": self.over, "gain": self.gain.to_dict(), "taken": self.taken}


@dataclass(frozen=True)
class Proposal:
    """What a search found.

    Attributes:
        primary: The figure's name.
        plain: Without augmentation.
        screened: What a model says of each step's labels, where that was asked; those left out were not tried.
        tried: All that was tried, in order.
        policy: The proposed mix; None when nothing gained more than its standard error.
        gain: Of the mix over no augmentation, on the rows it was chosen by: it flatters the mix, so judge it on the
            test rows with `ablate`.
        own: As the family changes rows without a policy, where it does; a mix that loses to it is no use.
        over_own: The gain of the mix over that.
    """

    primary: str
    plain: Arm
    tried: list[Tried]
    policy: Policy | None
    gain: Gain | None
    own: Arm | None = None
    over_own: Gain | None = None
    screened: list[Screened] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return all as a JSON-ready mapping, the mix as YAML too."""
        return {
            "primary": self.primary,
            "plain": self.plain.to_dict(),
            "screened": None if self.screened is None else [each.to_dict() for each in self.screened],
            "tried": [each.to_dict() for each in self.tried],
            "policy": None if self.policy is None else self.policy.to_json(),
            "yaml": None if self.policy is None else self.policy.to_yaml(),
            "gain": None if self.gain is None else self.gain.to_dict(),
            "own": None if self.own is None else self.own.to_dict(),
            "over_own": None if self.over_own is None else self.over_own.to_dict(),
        }


def candidates(
    data: Examples, family: str, *, uses: list[str] | None = None, copies: int = 2, seed: int = 0
) -> list[Policy]:
    """Return policies of one step each that are worth a try: every augmentation of `STRENGTHS` that is installed.

    Args:
        data: Says whether texts or pictures are changed.
        family: On the fly a step is applied to half of the rows.
        uses: Only these augmentations.
        copies: Of each row, for families that learn from copies.
        seed: Of the draws.

    Raises:
        EngineError: code `bad_augmentation`: nothing of the task is augmented, or none of `uses` is known here.
    """
    from curation.engine.augment.policy import policy_of, rows

    known = STRENGTHS.get(KINDS.get(data.kind.input, ""), {})
    wanted = [use for use in known if uses is None or use in uses]
    if not wanted:
        raise EngineError(
            f"There is nothing to try for the task {data.task}; there is {', '.join(known) or 'nothing'}.", code=CODE
        )
    chance = CHANCE if get_family(family).augments == ON_THE_FLY else 1.0
    table = rows()
    return [
        policy_of({"version": 1, "copies": copies, "seed": seed, "steps": [{"use": use, "chance": chance, **settings}]})
        for use in wanted
        if not table[use].missing()
        for settings in known[use]
    ]


def propose(
    data: Examples,
    settings: TrainingSettings,
    *,
    tries: list[Policy] | None = None,
    seeds: int = 3,
    most: int = MOST_STEPS,
    least_safe: float | None = None,
    context: TrainingContext | None = None,
) -> Proposal:
    """Try policies alone, then join the best steps one by one, and propose the mix; test rows are not looked at.

    A step is taken when it gains more than its standard error over what there is: with many tried, the best of them
    gains something by luck alone.

    Args:
        data: Rows of all splits.
        settings: Family, budget and first seed.
        tries: Policies of one step each; `candidates` when left out.
        seeds: Trainings of each arm.
        most: Steps of the mix at most.
        least_safe: The share of changed rows of which a model must surely say what it says of them unchanged, 0 to 1; a
            step whose lower bound lies below is not tried. None tries all.
        context: Where vectors are kept and whom to tell.

    Raises:
        EngineError: A policy does not fit; or as `train`.
    """
    tries = candidates(data, settings.family) if tries is None else tries
    for policy in tries:
        check_fit(policy, data.kind)
    tries = [policy for policy in tries if changes_enough(policy, data.part("train"))]
    trials = Trials(judged_on(data, "validation"), settings, seeds, context or TrainingContext())
    screened = None
    if least_safe is not None:
        screened = screen(trials, tries, least_safe)
        tries = [each.policy for each in screened if each.kept]
    trials.arms = len(tries) + most + get_family(settings.family).changes_anyway
    found = _search(trials, tries, most)
    return replace(found, screened=screened)


def _search(trials: Trials, tries: list[Policy], most: int) -> Proposal:
    primary = trials.data.kind.primary
    plain, own = trials.plain(), trials.own()
    alone = [trials.arm(shown(policy), policy) for policy in tries]
    ranked = _best_of_each(sorted(alone, key=lambda arm: -arm.mean))
    tried = [Tried(arm, plain.name, gain_of(arm, plain), taken=False) for arm in alone]
    mix: Arm | None = None
    for arm in ranked:
        if mix is None:
            gain, joined = gain_of(arm, plain), arm
            if gain.gain <= gain.error:
                break
            tried = [replace(each, taken=each.arm is arm) for each in tried]
        else:
            if arm.mean <= plain.mean or len(_steps(mix)) >= most:
                break
            policy = replace(_policy(mix), steps=_steps(mix) + _steps(arm))
            joined = trials.arm(shown(policy), policy)
            gain = gain_of(joined, mix)
            tried.append(Tried(joined, mix.name, gain, gain.gain > gain.error))
            if gain.gain <= gain.error:
                continue
        mix = joined
    if mix is None:
        return Proposal(primary, plain, tried, None, None, own)
    over_own = None if own is None else gain_of(mix, own)
    return Proposal(primary, plain, tried, mix.policy, gain_of(mix, plain), own, over_own)


def changes_enough(policy: Policy, train: Examples) -> bool:
    """Tell whether a policy of texts changes a tenth of some training texts; of pictures every one is worth a try.

    Keys and misspellings change nothing of Chinese, and a training would be spent on that.
    """
    from curation.engine.augment import augment_text

    if policy.kind != "text":
        return True
    texts = train.inputs[:LOOKED_AT]
    learnt = learnt_from(policy, texts)
    changed = sum(augment_text(text, (), policy, row, learnt).text != text for row, text in enumerate(texts))
    return bool(changed >= LEAST_CHANGED * len(texts))


def _best_of_each(ranked: list[Arm]) -> list[Arm]:
    """Return of arms with the same augmentation the first one."""
    first: dict[str, Arm] = {}
    for arm in ranked:
        first.setdefault(_steps(arm)[0].use, arm)
    return list(first.values())


def _policy(arm: Arm) -> Policy:
    assert arm.policy is not None
    return arm.policy


def _steps(arm: Arm) -> Any:
    return _policy(arm).steps


def shown(policy: Policy) -> str:
    """Return the steps of a policy in one line, with what differs from the defaults and what a search varies."""
    from curation.engine.augment.policy import rows

    table, parts = rows(), []
    for step in policy.steps:
        usual = {setting.name: setting.default for setting in table[step.use].settings}
        tried = {name for strength in STRENGTHS[policy.kind].get(step.use, []) for name in strength}
        told = [
            f"{name} {json.dumps(value)}"
            for name, value in step.settings.items()
            if value != usual[name] or name in tried
        ]
        parts.append(f"{step.use} ({', '.join(told)})" if told else step.use)
    return " + ".join(parts)
