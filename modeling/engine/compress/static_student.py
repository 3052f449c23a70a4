"""Teach a student of static vectors and write it as a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.compress.lesson import Lesson, check_teacher
from modeling.engine.compress.student import student_settings, taught_facts, write_student
from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.static import STATIC_FILE, Static

if TYPE_CHECKING:
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel


WIDTH = 256


def teach_static(
    teacher: TrainedModel,
    lesson: Lesson,
    data: Examples,
    folder: Path,
    *,
    width: int = WIDTH,
    settings: TrainingSettings | None = None,
    context: TrainingContext | None = None,
) -> TrainedModel:
    """Teach a student of static vectors, and write it into `folder` (made when missing).

    The best epoch is the one of the best figure on the validation rows, by which it is calibrated too.

    Args:
        teacher: Whose encoder's pieces and word vectors it starts from; without one, the encoder that suits the texts.
        lesson: What `prepare_lesson` made of the teacher and `data`.
        data: The rows.
        folder: For the model.
        width: Numbers of a vector.
        settings: Epochs, rates, seed, threads; the family's defaults where they are None.
        context: Whom to tell and to ask.

    Raises:
        EngineError: `wrong_teacher`.
        Cancelled, TrainingDiverged.
    """
    from modeling.engine.compress.static_net import StaticWork

    check_teacher(teacher, data)
    context = context or TrainingContext()
    chosen, reason = student_settings(teacher, lesson, data, Static(), settings)
    context.stage("teaching")
    seed_torch(chosen.seed)
    work = StaticWork(lesson, data, chosen, context.source(chosen.encoder), width)
    result = context.run(work, data, chosen)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: value.astype(np.float16) for name, value in work.net.arrays().items()}
    np.savez(folder / STATIC_FILE, **arrays, pieces=np.array(work.pieces or [], np.int64))
    facts = taught_facts(teacher, lesson, data, chosen, reason, context)
    return write_student(folder, {**facts, **result.__dict__, "width": width}, data, context)
