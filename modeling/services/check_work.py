"""What the job of a check does: the engine asked, and its answer in the form in which it is stored."""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from core import objects
from curation.services.meaning import vectors_folder
from modeling.engine.errors import BadData
from modeling.models import Check, CheckKind
from modeling.services.archive import unpack
from workers.context import JobContext

if TYPE_CHECKING:
    from curation.engine.augment import Policy
    from modeling.engine.data import Examples
    from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings

# Copies on which a model changed its mind: kept for each step, as people read some dozens, and code points of each.
MOST_DISAGREEMENTS, LONGEST = 50, 2_000
# Pixels of the longer side of a kept picture; about 3 kB each.
THUMB = 128


def answer_of(*, job: JobContext, check: Check, data: "Examples", folder: Path) -> dict[str, Any]:
    """Return the report of a check.

    Args:
        job: Whose progress and cancellation count.
        check: What is asked.
        data: The rows of its version.
        folder: Kept from attempt to attempt: what trainings said lies there.

    Raises:
        EngineError: As the engine says.
    """
    return _ANSWERS[check.kind](job, check, data, folder)


def _robustness(job: JobContext, check: Check, data: "Examples", folder: Path) -> dict[str, Any]:
    from modeling.engine.augmentation.robustness import robustness
    from modeling.engine.augmentation.texts import learnt_from

    model, policy = _model(check, data, folder), _policy(check)
    context = _context(job, folder, _("changing rows"))
    learnt = learnt_from(policy, data.part("train").inputs, context)
    part = data.part("test")
    steps = robustness(model, part, policy, check.seed, learnt=learnt, context=context)
    return {
        "primary": model.task.primary,
        "split": "test",
        "rows": len(part.inputs),
        "clean": steps[0].clean,
        "steps": [step.to_dict() for step in steps],
    }


def _safety(job: JobContext, check: Check, data: "Examples", folder: Path) -> dict[str, Any]:
    from modeling.engine.augmentation.safety import model_safety

    model = _model(check, data, folder)
    context = _context(job, folder, _("asking about changed rows"))
    pictures = folder / "pictures"
    found = model_safety(model, data, _policy(check), seed=check.seed, context=context, keep=pictures)
    ids = data.part(found.split).ids
    report = found.to_dict()
    for step in report["steps"]:
        step["disagreements"] = [
            {
                "item_id": int(ids[row["row"]]),
                "expected": row["expected"],
                "found": row["found"],
                **_copy(row["after"], picture=model.task.input == "picture"),
            }
            for row in step["disagreements"][:MOST_DISAGREEMENTS]
        ]
    return report


def _copy(after: str, *, picture: bool) -> dict[str, str]:
    """Return a changed copy as it is kept: a part of its text, or a small picture as a data address.

    The item itself is read from the version when it is shown, so that it is not kept twice.
    """
    if not picture:
        return {"after": after[:LONGEST]}
    from PIL import Image

    with Image.open(after) as opened:
        small = opened.convert("RGB")
        small.thumbnail((THUMB, THUMB))
    sink = io.BytesIO()
    small.save(sink, "JPEG", quality=80)
    return {"after": "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode("ascii")}


def _ablation(job: JobContext, check: Check, data: "Examples", folder: Path) -> dict[str, Any]:
    from modeling.engine.augmentation.ablation import ablate

    context = _context(job, folder, _("training with and without"))
    found = ablate(data, _policy(check), _settings(check), seeds=check.seeds, split=check.split, context=context)
    return found.to_dict()


def _proposal(job: JobContext, check: Check, data: "Examples", folder: Path) -> dict[str, Any]:
    from modeling.engine.augmentation.search import candidates, propose

    context = _context(job, folder, _("trying augmentations"))
    tries = candidates(data, check.family, uses=check.uses or None, seed=check.seed)
    found = propose(
        data, _settings(check), tries=tries, seeds=check.seeds, least_safe=check.least_safe, context=context
    )
    return {**found.to_dict(), "rows": len(data.part("validation").inputs)}


_ANSWERS = {
    CheckKind.ROBUSTNESS.value: _robustness,
    CheckKind.SAFETY.value: _safety,
    CheckKind.ABLATION.value: _ablation,
    CheckKind.PROPOSAL.value: _proposal,
}


def _policy(check: Check) -> "Policy":
    from curation.engine.augment.policy import policy_of

    return policy_of(check.policy or {})


def _settings(check: Check) -> "TrainingSettings":
    from modeling.engine.training import TrainingSettings

    params = {name: value for name, value in check.params.items() if name != "soft_labels"}
    return TrainingSettings.from_dict({**params, "family": check.family, "seed": check.seed})


def _model(check: Check, data: "Examples", folder: Path) -> "TrainedModel":
    """Return the model of the check's training.

    Raises:
        BadData: The rows have a label that the model was never shown.
    """
    from modeling.engine.training import TrainedModel

    training = check.training
    assert training is not None
    with objects.local_path(training.model.object_key) as archive:
        unpack(archive, folder / "model")
    model = TrainedModel.load(folder / "model")
    unknown = sorted(set(data.classes) - set(model.labels))
    if unknown:
        raise BadData(
            _("The version has the label %(label)s, which the model was never shown.") % {"label": unknown[0]}
        )
    return model


def _context(job: JobContext, folder: Path, stage: str) -> "TrainingContext":
    """Connect the engine to the job: how many steps or trainings are done, and whether to stop."""
    from modeling.engine.bundle.export import code_hash
    from modeling.engine.training import TrainingContext

    job.progress(0, None, stage)
    return TrainingContext(
        cache_dir=Path(settings.ASSAY_MODEL_CACHE),
        vectors_dir=vectors_folder(job.organization_id),
        # What other code said is no answer of this one.
        checkpoints=folder / f"said-{code_hash()[:16]}",
        progress=lambda done, total: job.progress(done, total, stage),
        cancelled=job.cancelled,
    )
