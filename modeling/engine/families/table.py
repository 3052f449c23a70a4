"""The table of model families. A new family is one file beside this one and one row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modeling.engine.errors import EngineError
from modeling.engine.families.contrastive import Contrastive
from modeling.engine.families.detector import Detector, Segmenter
from modeling.engine.families.encoder_head import EncoderHead
from modeling.engine.families.encoder_linear import EncoderLinear
from modeling.engine.families.ensemble import Ensemble
from modeling.engine.families.fine_tuning import FineTuning
from modeling.engine.families.from_scratch import FromScratch
from modeling.engine.families.picture_cnn import PictureCnn
from modeling.engine.families.picture_fine_tune import PictureFineTune
from modeling.engine.families.picture_head import PictureHead
from modeling.engine.families.reward import Reward, RewardCounted
from modeling.engine.families.reward_tuned import RewardTuned
from modeling.engine.families.static import Static
from modeling.engine.families.student import Student
from modeling.engine.families.table_linear import TableLinear
from modeling.engine.families.table_trees import TableTrees
from modeling.engine.families.tagger import Tagger
from modeling.engine.families.tagger_linear import TaggerLinear
from modeling.engine.families.tfidf import TfidfLinear

if TYPE_CHECKING:
    from modeling.engine.families.family import Family

FAMILIES: dict[str, type[Family]] = {
    "encoder-head": EncoderHead,
    "encoder-linear": EncoderLinear,
    "few-shot": Contrastive,
    "fine-tuning": FineTuning,
    "from-scratch": FromScratch,
    "tfidf-linear": TfidfLinear,
    "picture-head": PictureHead,
    "picture-fine-tune": PictureFineTune,
    "picture-cnn": PictureCnn,
    "detector": Detector,
    "segmenter": Segmenter,
    "tagger": Tagger,
    "tagger-linear": TaggerLinear,
    "table-linear": TableLinear,
    "table-trees": TableTrees,
    "reward": Reward,
    "reward-tuned": RewardTuned,
    "reward-counted": RewardCounted,
}

# What is made of trained models, and so is opened like a family but never trained or offered for training.
COMBINATIONS: dict[str, type[Family]] = {"ensemble": Ensemble, "static": Static, "student": Student}

# What every model of an input is compared with, by task: seconds to train, nothing pretrained.
BASELINES: dict[str, str] = {
    "text-classification": "tfidf-linear",
    "text-multilabel": "tfidf-linear",
    "ner": "tagger-linear",
    "preference": "reward-counted",
    "table": "table-linear",
    "table-regression": "table-linear",
}


def families_of(task: str) -> tuple[str, ...]:
    """Return the names of the families that learn a task, in the order of the table."""
    return tuple(name for name, family in FAMILIES.items() if task in family.tasks)


def get_family(name: str) -> Family:
    """Return the family of that name.

    Raises:
        EngineError: code `unknown_family`.
    """
    found = FAMILIES.get(name) or COMBINATIONS.get(name)
    if found is None:
        raise EngineError(
            f"There is no model family {name!r}; choose one of {', '.join(FAMILIES)}.", code="unknown_family"
        )
    return found()
