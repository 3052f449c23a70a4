"""Which versions can be trained on, and a version's rows as the engine takes them."""

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError
from curation.models import Version
from curation.services.version import open_version
from modeling.engine.data import Examples

SPLIT_COLUMN = "split"


def trainable_versions(*, actor: Actor) -> QuerySet[Version]:
    """Return the versions that have a text column, a label column and a split, newest first."""
    rows = Version.objects.visible_to(actor).filter(
        dataset__deleted_at=None,
        trashed_at=None,
        manifest__roles__has_keys=["text", "label"],
        manifest__columns__contains=[[SPLIT_COLUMN]],
    )
    return rows.select_related("dataset").order_by("-pk")


def check_trainable(*, version: Version) -> None:
    """Refuse a version that lacks what a training needs.

    Raises:
        DomainError: ``version_without_labels``, ``version_without_split`` or ``version_one_label``.
    """
    roles, columns = version.manifest["roles"], {name for name, _kind in version.manifest["columns"]}
    if not roles.get("text") or not roles.get("label"):
        detail = _("This version has no label column. Label items in a project and publish the labels first.")
        raise DomainError("version_without_labels", detail, field="version")
    if SPLIT_COLUMN not in columns:
        detail = _(
            "This version has no split into train, validation and test. Publish the labels with a split, or run a plan "
            "with the split step."
        )
        raise DomainError("version_without_split", detail, field="version")
    labels = version.manifest.get("stats", {}).get("labels") or []
    if len(labels) == 1:
        detail = _("Every item of this version has the label %(label)s; a model needs at least two.")
        raise DomainError("version_one_label", detail % {"label": labels[0][0]}, field="version")


def read_labeled(*, version: Version) -> Examples:
    """Return the labeled rows of a version with their split; rows without text, label or split are left out.

    Raises:
        BadData: What is left cannot be trained on; the sentence says why.
    """
    roles = version.manifest["roles"]
    text, label = roles["text"], roles["label"]
    with open_version(version) as reader:
        table = reader.table(list(dict.fromkeys([text, label, SPLIT_COLUMN])))
    # Labels may be numbers in a typed source; a model's labels are words.
    columns = {"text": table[text], "label": pc.cast(table[label], pa.large_string()), "split": table[SPLIT_COLUMN]}
    rows = pa.table(columns).drop_null()
    return Examples.of("text-classification", *(rows[name].to_pylist() for name in ("text", "label", "split")))
