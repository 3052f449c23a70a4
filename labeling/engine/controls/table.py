"""All types of controls."""

from labeling.engine.controls.base import Control
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.form import Form
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.taxonomy import Taxonomy
from labeling.engine.controls.words import Words

CONTROLS: dict[str, type[Control]] = {
    "choice": Choice,
    "taxonomy": Taxonomy,
    "spans": Spans,
    "relations": Relations,
    "text": Words,
    "rating": Rating,
    "preference": Preference,
    "shapes": Shapes,
    "form": Form,
}
