"""Whether what a project asks can be answered for many items at once, and with which of its controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.engine.controls.base import Control, Label
from labeling.engine.schema import Schema

# One label says the same of every item; spans, shapes and words are about one alone.
SUITED = ("choice", "taxonomy")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a grid can ask.

    Attributes:
        controls: The controls whose labels may be given to many items, each of them alone; empty when none may.
        obstacles: Names of the controls that must be answered and stand in the way, in the schema's order.
    """

    controls: tuple[Control, ...]
    obstacles: tuple[str, ...] = ()


def offered(schema: Schema) -> Offer:
    """Return which labels of a schema can be given to many items at once.

    An answer must hold every control that is required. So a grid is offered when exactly one is, and it is a choice or
    a taxonomy; or when none is, and there is at least one of these.
    """
    required = [control for control in schema.controls if control.required]
    suited = tuple(control for control in schema.controls if control.type in SUITED)
    if not required:
        return Offer(suited)
    if len(required) == 1 and required[0] in suited:
        return Offer((required[0],))
    wrong = tuple(control.name for control in required if control not in suited)
    return Offer((), wrong or tuple(control.name for control in required))


def headings(control: Control) -> frozenset[str]:
    """Return the labels that only group others: the inner nodes of a taxonomy of which leaves alone may be chosen."""
    if not getattr(control, "leaves_only", False):
        return frozenset()
    return frozenset(parent for _label, parent in getattr(control, "nodes", ()) if parent)


def labels_with_depth(control: Control) -> list[tuple[Label, int]]:
    """Return the labels of a choice or a taxonomy in the schema's order, each with how deep it stands, 0 at the top."""
    nodes = getattr(control, "nodes", None)
    if nodes is None:
        return [(label, 0) for label in getattr(control, "labels", ())]
    depth: dict[str, int] = {"": -1}
    for label, parent in nodes:
        depth[label.value] = depth[parent] + 1
    return [(label, depth[label.value]) for label, _parent in nodes]


def fits(offer: Offer, answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer says nothing but labels that may be given to many items at once."""
    return bool(answer) and set(answer) <= {control.name for control in offer.controls}
