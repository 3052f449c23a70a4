"""Who did how much when: counted by a job from the answers that are there, read as sums over few rows.

Counted anew each time, in one transaction: an answer that was changed, taken back or erased meanwhile is counted as it
stands. One row a person and day, so a page costs what its days and people cost, however many answers there are.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError
from labeling.engine.schema import parse_schema
from labeling.engine.schema_change import values_of
from labeling.models import Project, WorkCount, WorkDay, WorkLabel
from labeling.services.project import find_project
from labeling.services.work_count import BINS_PER_OCTAVE
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.count_work"
# A count that is older is made anew when somebody looks.
FRESH = dt.timedelta(minutes=5)
MOST_DAYS = 366
USUAL_DAYS = 30
MOST_LABELS = 1_000


@dataclass
class Work:
    """Sums over some days, of one person, one day or everybody.

    Attributes:
        answers: Those that count, `skipped` and `in_bulk` among them.
        seconds: From showing to sending, those of answers that were sent back included.
        limited_seconds: The same with LIMIT_SECONDS at most for each answer.
        times: Answers by the bin of their seconds.
    """

    name: str = ""
    person: int | None = None
    day: dt.date | None = None
    answers: int = 0
    skipped: int = 0
    in_bulk: int = 0
    seconds: float = 0
    limited_seconds: float = 0
    suggestions_shown: int = 0
    suggestions_accepted: int = 0
    accepted_answers: int = 0
    fixed_answers: int = 0
    sent_back: int = 0
    reviews: int = 0
    times: Counter[str] = field(default_factory=Counter)

    def add(self, row: WorkDay) -> None:
        """Add one row."""
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(row, name))
        self.times.update(row.times)

    @property
    def by_hand(self) -> int:
        """Answers that took time."""
        return self.answers - self.in_bulk

    @property
    def median_seconds(self) -> float | None:
        """The time that half of the answers needed at most, some per cent off; None without any."""
        return median_of(self.times)

    @property
    def per_hour(self) -> float | None:
        """Answers by hand in an hour of limited time; None where no time was measured."""
        return self.by_hand * 3600 / self.limited_seconds if self.limited_seconds else None

    @property
    def reviewed(self) -> int:
        """How many of the answers a reviewer judged."""
        return self.accepted_answers + self.fixed_answers + self.sent_back

    def as_json(self) -> dict[str, Any]:
        """Return the figures for the API."""
        named = {"day": self.day} if self.day is not None else {}
        whose = {"person": self.person, "name": self.name} if self.person is not None else {}
        figures = {name: getattr(self, name) for name in _SUMMED}
        return {**named, **whose, **figures, "median_seconds": self.median_seconds, "per_hour": self.per_hour}


_SUMMED = (
    "answers", "skipped", "in_bulk", "seconds", "limited_seconds", "suggestions_shown", "suggestions_accepted",
    "accepted_answers", "fixed_answers", "sent_back", "reviews",
)  # fmt: skip


@dataclass
class LabelWork:
    """How a label is given, by some people together."""

    control: str
    label: str
    answers: int = 0
    suggestions_shown: int = 0
    suggestions_accepted: int = 0
    reviewed: int = 0
    fixed_answers: int = 0
    times: Counter[str] = field(default_factory=Counter)
    people: dict[int, int] = field(default_factory=dict)

    @property
    def median_seconds(self) -> float | None:
        """As of `Work`, over answers that hold the label."""
        return median_of(self.times)


@dataclass(frozen=True)
class Report:
    """The work in a project between two days, both included.

    Attributes:
        since: The first day.
        until: The last day.
        counted_at: What happened later is not in it; None before the first count.
        job: The count that is under way or failed; None when there is neither.
        people: Most answers first.
        days: Every day from the first to the last with work, oldest first.
        rows: One for each person and day, as a pay list needs it.
        labels: Of the whole time, in the order of the questions.
    """

    since: dt.date
    until: dt.date
    counted_at: dt.datetime | None
    job: Job | None
    total: Work
    people: list[Work]
    days: list[Work]
    rows: list[Work]
    labels: list[LabelWork]


def median_of(times: Counter[str]) -> float | None:
    """Return the median of times in bins, evenly spread inside each on the logarithm; None when there are none."""
    total = sum(times.values())
    before = 0
    for place, number in sorted((int(name), count) for name, count in times.items()):
        if number and before + number >= total / 2:
            return float(2 ** ((place + (total / 2 - before) / number) / BINS_PER_OCTAVE))
        before += number
    return None


def last_days(since: dt.date | None, until: dt.date | None) -> tuple[dt.date, dt.date]:
    """Return both days; the last is today and the first 29 days before it where none is named."""
    last = until or timezone.now().date()
    return since or last - dt.timedelta(days=USUAL_DAYS - 1), last


def work_report(*, actor: Actor, project_id: int, since: dt.date, until: dt.date, person: int | None = None) -> Report:
    """Return who did what, and have it counted anew when the last count is old.

    People who only label see what they did themselves.

    Args:
        actor: Who looks.
        project_id: The project.
        since: First day, UTC.
        until: Last day, UTC; not before the first, and at most MOST_DAYS later.
        person: Only this person's work.

    Raises:
        NotFound: No such project.
        DomainError: ``days_invalid``.
    """
    if not 0 <= (until - since).days < MOST_DAYS:
        detail = _("The last day must not lie before the first, nor a year or more behind it.")
        raise DomainError("days_invalid", detail, field="until")
    project = find_project(actor=actor, project_id=project_id)
    count = _count_again_if_old(actor, project)
    rows = WorkDay.objects.visible_to(actor).filter(project=project, day__range=(since, until))
    labels = WorkLabel.objects.visible_to(actor).filter(project=project)
    if person is not None:
        rows, labels = rows.filter(person=person), labels.filter(person=person)
    found = list(rows.select_related("person").order_by("day", "person_id"))
    total, people, days = _sums(found)
    is_open = count.job is not None and count.job.state != "succeeded"
    return Report(
        since=since,
        until=until,
        counted_at=count.counted_at,
        job=count.job if is_open else None,
        total=total,
        people=people,
        days=days,
        rows=[_row(row) for row in found],
        labels=_label_work(project, labels[:MOST_LABELS]),
    )


def count_again(*, actor: Actor, project_id: int) -> WorkCount:
    """Send the job that counts a project's work, if none is under way."""
    project = find_project(actor=actor, project_id=project_id)
    return _send(actor, project)


def _count_again_if_old(actor: Actor, project: Project) -> WorkCount:
    count: WorkCount | None = WorkCount.objects.select_related("job").filter(project=project).first()
    if count is None:
        return _send(actor, project)
    if count.job is not None and count.job.state == "failed":
        # People send a failed one again by themselves; looking at it must not fail for ever in the background.
        return count
    is_old = count.counted_at is None or count.counted_at < timezone.now() - FRESH
    return _send(actor, project) if is_old else count


@transaction.atomic
def _send(actor: Actor, project: Project) -> WorkCount:
    WorkCount.objects.get_or_create(project=project)
    # Two who look at once wait here for each other.
    rows = WorkCount.objects.select_for_update(of=("self",)).select_related("job")
    count: WorkCount = rows.get(project=project)
    if count.job is None or count.job.finished_at is not None:
        count.job = enqueue(
            kind=KIND,
            actor=actor,
            params={"project_id": project.pk},
            title=_("Count the work in %(project)s") % {"project": project.name},
            subject=f"project:{project.pk}",
        )
        count.save(update_fields=["job"])
    return count


def _sums(rows: Iterable[WorkDay]) -> tuple[Work, list[Work], list[Work]]:
    """Return the sum of all, of each person (most answers first) and of each day, days without work included."""
    total, people, days = Work(), dict[int, Work](), dict[dt.date, Work]()
    for row in rows:
        person = people.setdefault(row.person_id, Work(name=str(row.person), person=row.person_id))
        for sums in (total, person, days.setdefault(row.day, Work(day=row.day))):
            sums.add(row)
    if days:
        first, last = min(days), max(days)
        every = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
        by_day = [days.get(day) or Work(day=day) for day in every]
    else:
        by_day = []
    return total, sorted(people.values(), key=lambda each: (-each.answers, -each.reviews, each.name)), by_day


def _row(row: WorkDay) -> Work:
    work = Work(name=str(row.person), person=row.person_id, day=row.day)
    work.add(row)
    return work


def _label_work(project: Project, rows: Iterable[WorkLabel]) -> list[LabelWork]:
    found: dict[tuple[str, str], LabelWork] = {}
    for row in rows:
        sums = found.setdefault((row.control, row.label), LabelWork(row.control, row.label))
        for name in ("answers", "suggestions_shown", "suggestions_accepted", "reviewed", "fixed_answers"):
            setattr(sums, name, getattr(sums, name) + getattr(row, name))
        sums.times.update(row.times)
        sums.people[row.person_id] = row.answers
    order: dict[tuple[str, str], int] = defaultdict(lambda: len(found))
    for control in parse_schema(project.schema).controls:
        for value in values_of(control):
            order[control.name, value] = len(order)
    return sorted(found.values(), key=lambda each: order[each.control, each.label])
