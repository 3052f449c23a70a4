"""Every step by its name. Adding one: a file beside this, a row here, a test."""

from curation.engine.steps.augment import Augment
from curation.engine.steps.base import Step
from curation.engine.steps.blur_faces import BlurFaces
from curation.engine.steps.boilerplate import DropBoilerplateLines
from curation.engine.steps.duplicates import ExactDuplicates
from curation.engine.steps.encode import EncodeColumns
from curation.engine.steps.image_mode import ImageMode
from curation.engine.steps.image_oddities import ImageOddities
from curation.engine.steps.image_size import ImageSize
from curation.engine.steps.label import ConflictingLabels, DropInvalidLabel, MapLabels
from curation.engine.steps.language import DetectLanguage
from curation.engine.steps.leakage import SplitLeakage
from curation.engine.steps.length import FilterLength
from curation.engine.steps.lines import FilterLines
from curation.engine.steps.link import LinkRecords
from curation.engine.steps.markup import StripMarkup
from curation.engine.steps.measure_images import MeasureImages
from curation.engine.steps.missing import MissingValues
from curation.engine.steps.mojibake import RepairMojibake
from curation.engine.steps.near_duplicate_images import NearDuplicateImages
from curation.engine.steps.near_duplicates import NearDuplicates
from curation.engine.steps.nsfw import FlagNsfw
from curation.engine.steps.odd_meaning import MeaningOutliers, OffTopic
from curation.engine.steps.outliers import Outliers
from curation.engine.steps.pictures import (
    ImageAspect,
    ImageBlur,
    ImageBright,
    ImageDark,
    ImageInformation,
    ImageUniform,
)
from curation.engine.steps.pii import PersonalData
from curation.engine.steps.repetition import FilterRepetition
from curation.engine.steps.sample import Sample
from curation.engine.steps.select_items import SelectItems
from curation.engine.steps.semantic_duplicates import SemanticDuplicates
from curation.engine.steps.split import Split
from curation.engine.steps.suspicious import SuspiciousLabels
from curation.engine.steps.symbols import FilterSymbols
from curation.engine.steps.text import DropEmptyText, NormalizeText
from curation.engine.steps.types import InferTypes
from curation.engine.steps.values import MapValues, ValueRange
from curation.engine.steps.words import WordList

STEPS: dict[str, type[Step]] = {
    "repair_mojibake": RepairMojibake,
    "strip_markup": StripMarkup,
    "normalize_text": NormalizeText,
    "drop_boilerplate_lines": DropBoilerplateLines,
    "drop_empty_text": DropEmptyText,
    "detect_language": DetectLanguage,
    "filter_length": FilterLength,
    "filter_lines": FilterLines,
    "filter_symbols": FilterSymbols,
    "filter_repetition": FilterRepetition,
    "word_list": WordList,
    "pii": PersonalData,
    "drop_invalid_label": DropInvalidLabel,
    "map_labels": MapLabels,
    "conflicting_labels": ConflictingLabels,
    "exact_duplicates": ExactDuplicates,
    "near_duplicates": NearDuplicates,
    "near_duplicate_images": NearDuplicateImages,
    "semantic_duplicates": SemanticDuplicates,
    "meaning_outliers": MeaningOutliers,
    "off_topic": OffTopic,
    "select_items": SelectItems,
    "split": Split,
    "infer_types": InferTypes,
    "missing_values": MissingValues,
    "map_values": MapValues,
    "value_range": ValueRange,
    "outliers": Outliers,
    "suspicious_labels": SuspiciousLabels,
    "link_records": LinkRecords,
    "sample": Sample,
    "split_leakage": SplitLeakage,
    "augment": Augment,
    "encode_columns": EncodeColumns,
    "measure_images": MeasureImages,
    "image_size": ImageSize,
    "image_aspect": ImageAspect,
    "image_blur": ImageBlur,
    "image_dark": ImageDark,
    "image_bright": ImageBright,
    "image_information": ImageInformation,
    "image_uniform": ImageUniform,
    "image_mode": ImageMode,
    "image_oddities": ImageOddities,
    "flag_nsfw": FlagNsfw,
    "blur_faces": BlurFaces,
}
