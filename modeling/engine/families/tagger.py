"""The strong family for spans: a pretrained encoder trained further, with tags of words on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modeling.engine.augmentation.fitting import ON_THE_FLY
from modeling.engine.augmentation.texts import text_changes
from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import Family, FamilyResult
from modeling.engine.tagging.choosing import Reading, choose_reading, found_spans
from modeling.engine.tagging.scheme import TagScheme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings

FILE = "tagger.safetensors"
# Whether a conditional random field stands on top of the rules: with it the dev rows of WNUT-17 had .595 after four
# epochs, without it .606; it learns faster at first.
CHAINED = False


class Tagger(Family):
    """A fine-tuned encoder that tags words."""

    name = "tagger"
    title = "Fine-tuned encoder that tags words"
    tasks: ClassVar[tuple[str, ...]] = ("ner",)
    encoders = True
    loops = True
    augments = ON_THE_FLY

    def defaults(self, task: str) -> dict[str, Any]:
        """Return the defaults that bench/train_spans.py measures."""
        return {"epochs": 4, "batch_size": 16, "learning_rate": 1e-4, "patience": 3, "dropout": 0.2, "layers": 12}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Train the encoder's last layers with the head; keep the epoch of the best F1 on the validation texts."""
        from safetensors.torch import save_file

        from modeling.engine.tagging.work import TaggerWork, fresh_tagger
        from modeling.engine.training.checkpoint import trained_state
        from modeling.engine.training.loop import choose_device

        context.stage("training")
        seed_torch(settings.seed)
        scheme = TagScheme(len(data.classes))
        tagger = fresh_tagger(
            context.source(settings.encoder), scheme, settings.hidden, settings.dropout or 0.0, chained=CHAINED
        )
        changes = text_changes(data.part("train"), settings, context)
        work = TaggerWork(tagger, data, settings, changes)
        result = context.run(work, data, settings)
        device = choose_device(settings.device)
        validation = data.part("validation")
        scores = tagger.scores(work.held_out, device)
        reading = choose_reading(scores, work.held_out.words, scheme, tagger.steps(), validation.answers, data.classes)
        state = trained_state(tagger.module)
        save_file({name: value.cpu().contiguous() for name, value in state.items()}, folder / FILE)
        return FamilyResult(
            {**result.__dict__, "scheme": scheme.kind, "hidden": settings.hidden, "chained": CHAINED,
             "bias": reading.bias, "temperature": reading.temperature, "span_fit": work.fit.to_dict()}
        )  # fmt: skip

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Any:
        """Return scored spans of each text."""
        from safetensors.torch import load_file

        from modeling.engine.tagging.work import fresh_tagger
        from modeling.engine.training.loop import choose_device

        scheme = TagScheme(len(facts["labels"]), facts["scheme"])
        tagger = fresh_tagger(context.source(facts["encoder"]), scheme, facts["hidden"], 0.0, chained=facts["chained"])
        tagger.module.load_state_dict(load_file(folder / FILE), strict=False)
        device = choose_device(facts["settings"]["device"] if facts["settings"]["device"] == "cpu" else "auto")
        tagger.module.to(device).eval()
        rows = tagger.rows(list(inputs))
        scores = tagger.scores(rows, device, context.cancelled, context.progress)
        reading = Reading(facts["bias"], facts["temperature"])
        return found_spans(scores, rows.words, scheme, tagger.steps(), facts["labels"], reading)
