"""Keys of pseudonyms, what runs replaced, and the sealed mapping that few may open.

The key of an organization is a file of 32 random bytes in ``ASSAY_KEYS``, apart from database and objects: whoever
copies these opens nothing. Each dataset has a key derived from it, so that the same value has the same pseudonym in all
versions of a dataset and another one in the next dataset.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import DomainError, NotAllowed, NotFound
from curation.engine.decisions import Answer
from curation.engine.decisions import Question as EngineQuestion
from curation.engine.pii.pseudonyms import Pseudonyms, derive
from curation.engine.pii.seal import SealError
from curation.engine.pii.uncertain import Doubts, mask
from curation.engine.replacements import (
    MAPPING_FILE,
    REPLACEMENTS_FILE,
    ReplacementWriter,
    join_mappings,
    read_mapping,
    replaced_rows,
)
from curation.engine.steps.base import Replaced, Step
from curation.engine.steps.pii import PersonalData
from curation.models import Run
from curation.services.key_file import kept_key
from curation.services.question import visible_run

KEY_BYTES = 32
# What a page shows of one stand-in; two values with the same one are rare.
SHOWN = 20


def organization_key(organization_id: int) -> bytes:
    """Return the key of an organization, made at its first use.

    Raises:
        DomainError: ``key_unusable`` when the file is shorter than it must be.
    """
    key = kept_key(f"organization-{organization_id}.key", lambda: secrets.token_bytes(KEY_BYTES))
    if len(key) < KEY_BYTES:
        raise DomainError("key_unusable", _("The key of this organization is damaged. Restore it from its copy."))
    return key


def dataset_key(run: Run) -> bytes:
    """Return the key of the dataset of a run."""
    return derive(organization_key(run.organization_id), f"dataset {run.input.dataset_id}")


def key_for(run: Run, steps: Iterable[Step]) -> bytes:
    """Return the key of the dataset if a step makes pseudonyms, else nothing: no key is made that nobody needs."""
    wanted = any(
        isinstance(step, PersonalData) and "pseudonym" in {step.action, *step.actions.values()} for step in steps
    )
    return dataset_key(run) if wanted else b""


def stand_in_of(run: Run, pairs: Sequence[tuple[EngineQuestion, Answer]]) -> Callable[[str, str], str]:
    """Return what makes the stand-ins that decisions need."""
    personal = [question for question, answer in pairs if answer.verdict["action"] == "personal"]
    spans = (
        one for question in personal for member in question.members for one in Doubts.of_detail(member.detail).spans
    )
    if any(one.action == "pseudonym" for one in spans):
        return Pseudonyms(dataset_key(run)).stand_in
    return mask


def add_replacements(run: Run, folder: Path, replaced: Sequence[Replaced]) -> None:
    """Add what decisions replaced to what the plan did, in the folder of a run."""
    if not replaced:
        return
    writer = ReplacementWriter(folder, "decided", "decisions", dataset_key(run))
    writer.write(replaced)
    writer.close()
    rows = folder / REPLACEMENTS_FILE
    table = replaced_rows("decisions", replaced)
    if rows.exists():
        import pyarrow as pa

        table = pa.concat_tables([pq.read_table(rows), table])
    part = rows.with_suffix(".part")
    pq.write_table(table, part, compression="zstd")
    part.replace(rows)
    whole = folder / MAPPING_FILE
    if whole.exists():
        whole.replace(folder / "plan.sealed")
    join_mappings(folder, ["plan", "decided"])


def store_replacements(run: Run, folder: Path) -> None:
    """Store the notes and the mapping of a run's folder and name them in the run, which the caller saves."""
    rows, mapping = folder / REPLACEMENTS_FILE, folder / MAPPING_FILE
    if rows.exists():
        notes = folder / "replacements.csv"
        with pq.ParquetFile(rows) as part, pcsv.CSVWriter(notes, part.schema_arrow) as sink:
            for batch in part.iter_batches():
                sink.write_batch(batch)
        run.replacements_key = objects.put_file(
            notes, objects.key("replacements", run.organization_id, f"run-{run.pk}.csv")
        )
    if mapping.exists():
        run.mapping_key = objects.put_file(
            mapping, objects.key("mappings", run.organization_id, f"run-{run.pk}.sealed")
        )


def replacements_url(*, actor: Actor, run_id: int) -> str:
    """Return an address for an hour of what a run replaced, without the values."""
    run = visible_run(actor, run_id)
    if not run.replacements_key:
        raise NotFound(_("This run replaced nothing."))
    return objects.signed_url(run.replacements_key, f"run-{run.pk}-replacements.csv")


def open_mapping(*, actor: Actor, run_id: int, stand_in: str = "") -> list[dict[str, str]]:
    """Return what pseudonyms of a run stand for; every call is noted in the audit trail, also one that finds nothing.

    Args:
        actor: Who looks; needs the scope ``privacy.open``.
        run_id: The run.
        stand_in: Only this pseudonym; all when empty.

    Raises:
        NotAllowed: The actor may not.
        DomainError: ``mapping_locked`` when the key is not the one that sealed the file.
    """
    if not actor.can("privacy.open"):
        raise NotAllowed(("privacy.open",))
    run = visible_run(actor, run_id)
    if not run.mapping_key:
        raise NotFound(_("This run made no pseudonyms."))
    wanted = stand_in.strip()
    try:
        with objects.local_path(run.mapping_key) as path:
            rows = [
                {"type": label, "pseudonym": made, "value": value}
                for label, made, value in read_mapping(dataset_key(run), path)
                if not wanted or made == wanted
            ]
    except SealError as error:
        raise DomainError("mapping_locked", str(error), title=_("The mapping does not open")) from None
    facts: dict[str, Any] = {"rows": len(rows)} | ({"pseudonym": wanted[:100]} if wanted else {})
    audit.record(actor=actor, action="mapping.open", subject=f"run:{run.pk}", **facts)
    return rows
