from django.db import models

from labeling.querysets.project import AnswerQuerySet


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
    last_answer_at = models.DateTimeField(null=True)
    # Fresh tasks before (rank, id) and returned ones before this time are closed, or this person has them already.
    cursor_rank = models.FloatField(default=float("-inf"))
    cursor_id = models.BigIntegerField(default=0)
    returned_cursor = models.DateTimeField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "annotator"], name="one_progress_each")]

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
