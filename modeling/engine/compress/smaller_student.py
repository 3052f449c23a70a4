"""Teach a smaller encoder and write it as a trained model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from modeling.engine.compress.lesson import Lesson, check_teacher
from modeling.engine.compress.student import student_settings, taught_facts, write_student
from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.student import STUDENT_FILE, Student

if TYPE_CHECKING:
    from pathlib import Path

    from modeling.engine.compress.smaller_cut import Cut
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel


def teach_smaller(
    teacher: TrainedModel,
    lesson: Lesson,
    data: Examples,
    folder: Path,
    *,
    cut: Cut,
    settings: TrainingSettings | None = None,
    context: TrainingContext | None = None,
) -> TrainedModel:
    """Make a teacher's encoder smaller, teach what is left, and write it into `folder` (made when missing).

    Args:
        teacher: Whose encoder is made smaller; without one, the encoder that suits the texts.
        lesson: What `prepare_lesson` made of the teacher and `data`.
        data: The rows.
        folder: For the model.
        cut: What goes.
        settings: Epochs, rates, seed, threads; the family's defaults where they are None.
        context: Whom to tell and to ask; with `checkpoints`, a teaching that was cut off goes on.

    Raises:
        EngineError: `wrong_teacher`.
        Cancelled, TrainingDiverged.
    """
    from safetensors.torch import save_file

    from modeling.engine.compress.smaller_work import SmallerWork

    check_teacher(teacher, data)
    context = context or TrainingContext()
    chosen, reason = student_settings(teacher, lesson, data, Student(), settings)
    seed_torch(chosen.seed)
    work = SmallerWork(teacher, lesson, data, chosen, cut, context)
    context.stage("teaching")
    result = context.run(work, data, chosen)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in work.trained().items()}
    save_file(weights, folder / STUDENT_FILE)
    facts = taught_facts(teacher, lesson, data, chosen, reason, context)
    sizes = {"width": work.width, "layers": work.sizes(), "word_rank": cut.word_rank, "cut": asdict(cut)}
    return write_student(folder, {**facts, **result.__dict__, **sizes}, data, context)
