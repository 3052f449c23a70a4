"""The explorer: items of a version that answer a question, from its index or, before that is built, from its parts."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import objects
from core.errors import DomainError, NotFound
from curation.engine.explorer.build import build_index
from curation.engine.explorer.conditions import KINDS, Answer, Condition, ConditionError, Question
from curation.engine.explorer.index import BUDGET_SECONDS, VersionIndex
from curation.engine.explorer.scan import scan
from curation.models import Version
from curation.sentences import in_words
from curation.services.version import index_key, open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder

PAGE_LIMIT = 200
# Reading all parts of a smaller version takes no longer than a page may (bench/explorer.py): it needs no index.
INDEX_FROM = 20_000


def question_of(values: dict[str, str], *, label: str | None = None) -> Question:
    """Make a question of plain values, as they stand in an address.

    Args:
        values: ``q`` (text), ``label``, ``split``, ``longer``, ``shorter``, and ``column`` with ``op`` (a kind of
            `Condition`) and ``value``. Others are ignored; empty ones ask nothing.
        label: The label column; without one ``label`` asks for a column of that name.

    Raises:
        DomainError: ``filter_invalid``.
    """
    conditions = []
    for name, column in (("label", label or "label"), ("split", "split")):
        if values.get(name):
            conditions.append(Condition("equals", column, values[name]))
    conditions += [Condition(kind, value=values[kind]) for kind in ("longer", "shorter") if values.get(kind)]
    kind = values.get("op") or "equals"
    if values.get("column"):
        if kind not in KINDS:
            raise DomainError("filter_invalid", _("There is no such filter: %(name)s.") % {"name": kind[:40]})
        if values.get("value") or kind in ("missing", "present"):
            conditions.append(Condition(kind, values["column"], values.get("value", "")))  # type: ignore[arg-type]
    return Question(values.get("q", "").strip(), tuple(conditions))


def find_items(
    *, actor: Actor, version_id: int, question: Question, start: int = 0, backward: bool = False, limit: int = 50
) -> Answer:
    """Return the next items of a version that answer a question.

    Looking stops after 40 ms, however large the version: the answer then says so and where to go on.

    Args:
        actor: Who looks.
        version_id: The version.
        question: What must hold.
        start: The first row looked at; backward, the row before which to look.
        backward: Look towards the first row.
        limit: Items, 1 to 200.

    Raises:
        NotFound: No such version.
        DomainError: ``filter_invalid`` when a condition makes no sense on this version.
    """
    version = _version(actor, version_id)
    limit = max(1, min(limit, PAGE_LIMIT))
    return search(version, question, start=start, limit=limit, backward=backward)


def search(
    version: Version,
    question: Question,
    *,
    start: int = 0,
    limit: int,
    backward: bool = False,
    budget: float = BUDGET_SECONDS,
) -> Answer:
    """Return the next items of a version that the caller may see; as `find_items`, with any limit and budget.

    Raises:
        DomainError: ``filter_invalid`` when a condition makes no sense on this version.
    """
    try:
        if has_index(version):
            with objects.local_path(index_key(version)) as path:
                return VersionIndex(path).find(question, start=start, limit=limit, backward=backward, budget=budget)
        with open_version(version) as reader:
            return scan(reader, question, start=start, limit=limit, backward=backward, budget=budget)
    except ConditionError as error:
        raise DomainError("filter_invalid", in_words(str(error)), title=_("This filter does not fit")) from None


def has_index(version: Version) -> bool:
    """Tell whether the index of a version is built."""
    return version.purged_at is None and objects.exists(index_key(version))


def column_figures(version: Version) -> list[dict[str, Any]] | None:
    """Return name, kind, missing values and histogram of each column, as the index counted them; None without index."""
    if not has_index(version):
        return None
    with objects.local_path(index_key(version)) as path:
        columns: list[dict[str, Any]] = VersionIndex(path).meta["columns"]
    return columns


@transaction.atomic
def request_index(*, actor: Actor, version_id: int) -> Job | None:
    """Return the job that builds the index of a version, the one that runs already if any; None when it is built.

    A build that failed is not sent again by itself: the job is returned, and people send it again from its page.
    """
    version = _version(actor, version_id)
    if has_index(version):
        return None
    # Two readers who come at once wait here for each other.
    Version.objects.select_for_update(of=("self",)).defer("manifest").get(pk=version.pk)
    subject = f"version:{version.pk}"
    job = Job.objects.visible_to(actor).filter(kind="curation.index_version", subject=subject).order_by("-pk").first()
    if job is None or job.state in ("succeeded", "cancelled"):
        title = _("Index %(dataset)s v%(number)s") % {"dataset": version.dataset.name, "number": version.number}
        params = {"version_id": version.pk}
        job = enqueue(kind="curation.index_version", actor=actor, params=params, title=title, subject=subject)
    return job


def execute_index(*, job: JobContext, version_id: int) -> dict[str, Any]:
    """Build the index of a version and store it under its content hash; done twice, it finds it there."""
    version = Version.objects.get(pk=version_id, organization_id=job.organization_id)
    key = index_key(version)
    if not has_index(version):
        with work_folder(job) as folder, open_version(version) as reader:
            path = folder / "version.idx"
            build_index(
                reader, path, progress=lambda done, total: job.progress(done, total, _("indexing"), rows_done=done)
            )
            job.check()
            objects.put_file(path, key)
    return {"version": version.pk, "rows": version.row_count, "bytes": objects.size(key)}


def _tell(job: JobContext, done: int, total: int) -> None:
    job.progress(done, total, _("indexing"), rows_done=done)


def _version(actor: Actor, version_id: int) -> Version:
    version = Version.objects.visible_to(actor).select_related("dataset").filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version  # type: ignore[no-any-return]
