from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import AnswerQuerySet


class PauseReason(models.TextChoices):
    NONE = "", _("not paused")
    GOLD = "gold", _("too many known answers missed")
    MANAGER = "manager", _("by somebody who manages the project")


class Progress(models.Model):
    """One person's counters in one project. Only that person's requests change them, so nobody waits for anybody.

    The row is also the lock that puts one person's requests in a project one behind the other, and it holds the place
    in the queue before which nothing is left for this person.
    """

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="progress")
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    answers = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    suggestions_shown = models.BigIntegerField(default=0)
    suggestions_accepted = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    # Of the answers that count, those that a reviewer accepted or fixed; and how often one was sent back.
    accepted_answers = models.BigIntegerField(default=0, db_default=0)
    fixed_answers = models.BigIntegerField(default=0, db_default=0)
    rejected_answers = models.BigIntegerField(default=0, db_default=0)
    # Tasks that are assigned to this person and wait for their answer.
    assigned_left = models.BigIntegerField(default=0, db_default=0)
    # Answers to tasks whose right answer is known; of them those that were right or wrong, and right.
    gold_given = models.BigIntegerField(default=0, db_default=0)
    gold_answers = models.BigIntegerField(default=0, db_default=0)
    gold_right = models.BigIntegerField(default=0, db_default=0)
    # The two figures before when somebody last let this person go on: a pause looks at what came since.
    gold_answers_before = models.BigIntegerField(default=0, db_default=0)
    gold_right_before = models.BigIntegerField(default=0, db_default=0)
    # How many tasks the queue has handed out: says which of them are gold, together with a secret of the project.
    handed = models.BigIntegerField(default=0, db_default=0)
    gold_cursor = models.BigIntegerField(default=0, db_default=0)
    # While set, the queue hands out nothing to this person; what they hold is still saved.
    paused_at = models.DateTimeField(null=True)
    paused_why = models.CharField(max_length=10, blank=True, default="", db_default="", choices=PauseReason.choices)
    # Where a project has an onboarding, the queue hands out nothing until this is true.
    onboarded = models.BooleanField(default=False, db_default=False)
    last_answer_at = models.DateTimeField(null=True)
    # Fresh tasks before (rank, id) and returned ones before this time are closed, or this person has them already.
    cursor_rank = models.FloatField(default=float("-inf"))
    cursor_id = models.BigIntegerField(default=0)
    returned_cursor = models.DateTimeField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "annotator"], name="one_progress_each")]
        indexes = [models.Index(fields=["project"], name="progress_paused", condition=Q(paused_at__isnull=False))]

    def __str__(self) -> str:
        return f"user {self.annotator_id} in project {self.project_id}"


class TallyKind(models.TextChoices):
    LABEL = "label"
    SHOWN = "shown"
    ACCEPTED = "accepted"


class Tally(models.Model):
    """How often one person gave a label, or saw or accepted a model's suggestions. A total is a sum over few rows."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="tallies", db_index=False)
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=TallyKind.choices)
    # The control of a label; empty for suggestions.
    control = models.CharField(max_length=60, blank=True)
    # The label's value, or the suggestions' source.
    name = models.CharField(max_length=200)
    count = models.BigIntegerField()

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "annotator", "kind", "control", "name"], name="one_tally_each")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.count}"
