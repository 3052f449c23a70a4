from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.querysets.project import AnswerQuerySet


class OnboardingStage(models.TextChoices):
    TRAINING = "training", _("In training")
    TEST = "test", _("In the test")
    PASSED = "passed", _("Passed")
    # The attempt at hand; another one may be left.
    FAILED = "failed", _("Not passed")


class Onboarding(models.Model):
    """How far one person is on the way into one project: training tasks, a test, and then the queue.

    Whether the queue is open says ``Progress.onboarded`` alone. That row is also the lock under which this one changes.
    """

    project = models.ForeignKey(
        "labeling.Project", on_delete=models.CASCADE, related_name="onboardings", db_index=False
    )
    annotator = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    stage = models.CharField(max_length=10, choices=OnboardingStage.choices, default=OnboardingStage.TRAINING)
    # Which test it is, from 1; 0 before the first.
    attempt = models.PositiveSmallIntegerField(default=0)
    # Attempts that somebody granted beyond those of the project.
    extra_attempts = models.PositiveSmallIntegerField(default=0)
    # Numbers of right answers (Gold) in the order in which they come: drawn once, so that every window shows the same.
    training = models.JSONField(default=list)
    test = models.JSONField(default=list)
    # Of the last test that was finished: answers that could be compared, and right ones.
    answers = models.PositiveIntegerField(default=0)
    right = models.PositiveIntegerField(default=0)
    # Who let the person pass by hand.
    let_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    started_at = models.DateTimeField()
    # When the last test was finished, and when the queue was opened.
    finished_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "annotator"], name="one_onboarding_each")]

    def __str__(self) -> str:
        return f"user {self.annotator_id} on the way into project {self.project_id}"


class OnboardingAnswer(models.Model):
    """An answer of training or test. It is no Annotation: nothing that counts answers meets it."""

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="given", db_index=False)
    # With the right answer goes what was said to it: it counts neither for nor against anybody.
    gold = models.ForeignKey("labeling.Gold", on_delete=models.CASCADE, related_name="+")
    # 0 is the training.
    attempt = models.PositiveSmallIntegerField()
    # What was said last; in training a task may be answered again.
    answer = models.JSONField()
    # What the first answer came to: right, wrong or open of labeling.models.gold.GoldState.
    outcome = models.CharField(max_length=10)
    tries = models.PositiveSmallIntegerField(default=1)
    # Over all tries.
    seconds = models.FloatField(default=0)
    # Of the last try.
    client_key = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["onboarding", "attempt", "gold"], name="one_onboarding_answer_each")
        ]

    def __str__(self) -> str:
        return f"answer {self.pk} of onboarding {self.onboarding_id}"
