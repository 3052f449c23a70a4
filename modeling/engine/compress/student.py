"""What every student's model.json says, and how it is written: calibrated on the validation rows like any model."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from curation.engine.embedding.choose import choose_encoder
from modeling.engine.families.ensemble import MEMBERS
from modeling.engine.families.table import get_family
from modeling.engine.training.settings import TrainingSettings
from modeling.engine.training.train import MODEL_FILE, TrainedModel, environment, headline

if TYPE_CHECKING:
    from pathlib import Path

    from modeling.engine.compress.lesson import Lesson
    from modeling.engine.data import Examples
    from modeling.engine.families.family import Family, TrainingContext


def encoder_for(teacher: TrainedModel, lesson: Lesson) -> tuple[str, str]:
    """Return the name of the encoder that a student starts from, and why: its teacher's, that of an ensemble's first
    member which has one, or the one that suits the texts."""
    members = [TrainedModel.load(teacher.folder / MEMBERS / name) for name in teacher.facts.get("members", [])]
    for model in (teacher, *members):
        if model.facts.get("encoder_fingerprint"):
            return model.facts["encoder"], "Its teacher reads by this encoder."
    choice = choose_encoder(list(lesson.texts))
    return choice.name, choice.reason


def student_settings(
    teacher: TrainedModel, lesson: Lesson, data: Examples, family: Family, settings: TrainingSettings | None
) -> tuple[TrainingSettings, str]:
    """Return complete settings of a student of a family, and why its encoder is what it is; without settings it has its
    teacher's threads."""
    encoder, reason = encoder_for(teacher, lesson)
    chosen = settings or TrainingSettings(threads=int(teacher.facts["settings"].get("threads", 1)))
    chosen = TrainingSettings.from_dict({**chosen.to_dict(), "family": family.name, "encoder": encoder})
    return chosen.with_defaults(**family.defaults(data.task)), reason


def taught_facts(
    teacher: TrainedModel,
    lesson: Lesson,
    data: Examples,
    settings: TrainingSettings,
    encoder_reason: str,
    context: TrainingContext,
) -> dict[str, Any]:
    """Return the facts of a student that are known before it learns; who taught it is among them."""
    return {
        "task": data.task,
        "family": settings.family,
        "labels": list(data.classes),
        "encoder": settings.encoder,
        "encoder_reason": encoder_reason,
        "encoder_fingerprint": context.source(settings.encoder).fingerprint(),
        "settings": settings.to_dict(),
        "data_hash": data.content_hash(),
        "environment": environment(),
        "teacher": {"family": teacher.facts["family"], "fingerprint": teacher.facts["fingerprint"]},
        "lesson": {**lesson.counts, "fingerprint": lesson.fingerprint},
        "rows": {split: data.splits.count(split) for split in ("train", "validation", "test")},
    }


def write_student(folder: Path, facts: dict[str, Any], data: Examples, context: TrainingContext) -> TrainedModel:
    """Calibrate a student whose files lie in the folder, and write its model.json.

    The fingerprint covers the teacher, the lesson, the settings and what was done to its layers.
    """
    context.stage("calibrating")
    validation, task = data.part("validation"), data.kind
    raw = get_family(facts["family"]).predict(folder, facts, validation.inputs, context)
    facts = {**task.calibrate(raw, validation, data.classes), **facts}
    facts["validation"] = headline(task, task.finish(raw, facts), validation, data.classes)
    names = ("family", "settings", "data_hash", "encoder_fingerprint", "environment", "teacher", "lesson")
    parents = {name: facts[name] for name in names} | {name: facts.get(name) for name in ("width", "layers", "cut")}
    facts["fingerprint"] = hashlib.sha256(json.dumps(parents, sort_keys=True).encode()).hexdigest()
    (folder / MODEL_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    return TrainedModel(folder, facts)
