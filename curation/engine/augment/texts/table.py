"""Every augmentation of texts by its name. Adding one: a class in a file beside this, a row here, a test."""

from curation.engine.augment.texts.base import TextAugmentation
from curation.engine.augment.texts.contextual import Contextual
from curation.engine.augment.texts.letters import Keyboard, Letters, Ocr
from curation.engine.augment.texts.order import DeleteWords, SplitWords, SwapWords
from curation.engine.augment.texts.spelling import Spelling
from curation.engine.augment.texts.synonyms import Synonyms
from curation.engine.augment.texts.tfidf import TfIdfWords

TEXTS: dict[str, type[TextAugmentation]] = {
    "keyboard": Keyboard,
    "ocr": Ocr,
    "letters": Letters,
    "spelling": Spelling,
    "swap_words": SwapWords,
    "delete_words": DeleteWords,
    "split_words": SplitWords,
    "synonyms": Synonyms,
    "tfidf": TfIdfWords,
    "contextual": Contextual,
}
