"""What a model family is: how it trains into a folder, how it predicts from it, and what it hands to the export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from modeling.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import nn

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.bundle.plan import Plan
    from modeling.engine.callbacks import IsCancelled, OnMetrics, Progress
    from modeling.engine.data import Examples
    from modeling.engine.training.loop import LoopCallbacks, LoopResult
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel
    from modeling.engine.training.work import Work


@dataclass(frozen=True)
class TrainingContext:
    """Where a training keeps things and whom it tells; everything is optional. Vectors lie in `cache_dir` when
    `vectors_dir` is None.

    With `folders` an encoder may also be named by a folder or by ``hf:OWNER/NAME``: for command lines, whose user may
    read these anyway; in the service a name is a row of the table or one that the operator gave. `on_stage` hears the
    name of each stage (`encoding`, `training`, `calibrating`); `progress` counts within the stage; `on_note` hears what
    a person should know, such as a batch that was halved.
    """

    cache_dir: Path | None = None
    vectors_dir: Path | None = None
    checkpoints: Path | None = None
    on_stage: Any = None
    progress: Progress | None = None
    on_step: OnMetrics | None = None
    on_epoch: OnMetrics | None = None
    on_note: Callable[[str], None] | None = None
    cancelled: IsCancelled | None = None
    folders: bool = False

    def source(self, encoder: str) -> EncoderSource:
        """Return the text encoder of that name.

        Raises:
            EngineError: There is none, or its files cannot be used.
        """
        from curation.engine.embedding.table import get_encoder, open_encoder

        return open_encoder(encoder) if self.folders else get_encoder(encoder)

    def source_of(self, facts: Mapping[str, Any]) -> EncoderSource:
        """Return the text encoder that a model was trained with.

        Raises:
            EngineError: As `source`; or code `encoder_changed`, when the folder of the encoder holds other weights now.
        """
        from curation.engine.embedding.table import ENCODERS

        source, known = self.source(facts["encoder"]), facts.get("encoder_fingerprint")
        if facts["encoder"] not in ENCODERS and known and source.fingerprint() != known:
            raise EngineError(
                f"The files of the encoder {source.name} are not those that the model was trained with. Put them back, "
                "or train again.",
                code="encoder_changed",
            )
        return source

    def stage(self, name: str) -> None:
        """Tell the caller that a stage begins."""
        if self.on_stage:
            self.on_stage(name)

    def loop_callbacks(self) -> LoopCallbacks:
        """Return what the training loop tells and asks."""
        from modeling.engine.training.loop import LoopCallbacks

        return LoopCallbacks(self.on_step, self.on_epoch, self.on_note, self.cancelled)

    def run(self, work: Work, data: Examples, settings: TrainingSettings) -> LoopResult:
        """Run the training loop; its checkpoints belong to these rows and settings alone.

        Raises:
            OthersDone: In all processes but the first, once the weights are trained.
            As `modeling.engine.training.loop.run_loop`.
        """
        from modeling.engine.training.loop import run_loop
        from modeling.engine.training.team import OthersDone, team

        result = run_loop(
            work,
            settings,
            identity=self.identity(data, settings),
            checkpoints=self.checkpoints,
            callbacks=self.loop_callbacks(),
        )
        if not team().first:
            raise OthersDone
        return result

    def identity(self, data: Examples, settings: TrainingSettings) -> str:
        """Return what tells this training from every other: its settings, its rows, and the weights it starts from."""
        start = "" if settings.encoder in {"none", "auto"} else self.source(settings.encoder).fingerprint()
        return f"{settings.fingerprint()}:{data.content_hash()}:{start}"


@dataclass(frozen=True)
class FamilyResult:
    """What a family reports of its training: JSON-ready `facts`, and where it has them raw predictions for the
    validation rows by models that did not learn from these, for calibration and for choosing between families."""

    facts: dict[str, Any]
    held_out: Any = None


class Family(ABC):
    """A way to make a model. A model lives in a folder; the family writes its own files there.

    `encoders` says whether the family starts from a text encoder, `loops` whether the training loop runs, so that
    epochs, batches and rates mean something and several processes may share the work. `augments` says how a policy of
    augmentation is used, empty where it cannot be: see `augmentation.fitting`; `changes_anyway` says that without a
    policy rows are changed all the same, as the family sees fit. `learns_validation` says that the kept model learned
    from the validation rows as well, so that only other rows tell what it does with rows it does not know.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    exportable: ClassVar[bool] = False
    encoders: ClassVar[bool] = False
    loops: ClassVar[bool] = False
    augments: ClassVar[str] = ""
    changes_anyway: ClassVar[bool] = False
    learns_validation: ClassVar[bool] = False

    @abstractmethod
    def defaults(self, task: str) -> dict[str, Any]:
        """Return the values for settings that are None."""

    @abstractmethod
    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Train on the training rows, choose by the validation rows, and write the model's files.

        `settings` are complete, and name an encoder where the family needs one.
        """

    @abstractmethod
    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Any:
        """Return raw predictions: float64 logits [n, k] for classification, else the task's own predictions."""

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return how a trained model becomes a bundle; only for exportable families.

        Raises:
            EngineError: `not_exportable`.
        """
        raise EngineError(f"Models of the family {self.name} are not exported.", code="not_exportable")


class TextFamily(Family):
    """A family whose model is a text encoder with a head."""

    exportable = True
    encoders = True

    @abstractmethod
    def module(self, folder: Path, facts: dict[str, Any], source: EncoderSource, pieces: list[int] | None) -> nn.Module:
        """Return encoder and head as one torch module, ids and mask to logits; `pieces` is the vocabulary to keep."""

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of encoder and head."""
        from modeling.engine.bundle.text_plan import text_plan

        return text_plan(model, data, context.source_of(model.facts))
