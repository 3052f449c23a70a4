from django.db import models

from labeling.querysets.project import OfProjectQuerySet, WorkQuerySet


class WorkCount(models.Model):
    """When a project's work was counted, and the job that counts it now or did so last."""

    project = models.OneToOneField("labeling.Project", on_delete=models.CASCADE, related_name="work_count")
    counted_at = models.DateTimeField(null=True)
    job = models.ForeignKey("workers.Job", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    objects = OfProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return f"work in project {self.project_id}"


class WorkDay(models.Model):
    """What one person did in one project on one day (UTC), as a job counted it from the answers that are there now."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="work_days", db_index=False)
    person = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    # Answers that count, those skipped and those given in bulk among them.
    answers = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    in_bulk = models.BigIntegerField(default=0)
    # From showing to sending, answers that were sent back included: as measured, and each with a limit.
    seconds = models.FloatField(default=0)
    limited_seconds = models.FloatField(default=0)
    # Answers by their seconds: {"12": 3} is three of them in the twelfth quarter of an octave (services.work.bin_of).
    times = models.JSONField(default=dict)
    suggestions_shown = models.BigIntegerField(default=0)
    suggestions_accepted = models.BigIntegerField(default=0)
    # What reviewers made of this person's answers of the day.
    accepted_answers = models.BigIntegerField(default=0)
    fixed_answers = models.BigIntegerField(default=0)
    sent_back = models.BigIntegerField(default=0)
    # Others' answers that this person reviewed on the day.
    reviews = models.BigIntegerField(default=0)

    objects = WorkQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "day", "person"], name="one_work_day_each")]

    def __str__(self) -> str:
        return f"user {self.person_id} in project {self.project_id} on {self.day}"


class WorkLabel(models.Model):
    """How one person gives one label in one project, counted with the days."""

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="work_labels", db_index=False
    )
    person = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    control = models.CharField(max_length=60)
    label = models.CharField(max_length=200)
    # Answers in which the label stands, once or more often.
    answers = models.BigIntegerField()
    times = models.JSONField(default=dict)
    suggestions_shown = models.BigIntegerField()
    suggestions_accepted = models.BigIntegerField()
    reviewed = models.BigIntegerField()
    fixed_answers = models.BigIntegerField()

    objects = WorkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "control", "label", "person"], name="one_work_label_each")
        ]

    def __str__(self) -> str:
        return f"{self.label} by user {self.person_id} in project {self.project_id}"
