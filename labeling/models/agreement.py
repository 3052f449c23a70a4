from django.db import models

from labeling.querysets.project import OfProjectQuerySet


class AgreementReport(models.Model):
    """How far the people of a project agree, as a job measured it last."""

    project = models.OneToOneField("labeling.Project", on_delete=models.CASCADE, related_name="agreement")
    # labeling.services.quality.measure_agreement says what it holds. People are named by the ids of their accounts.
    report = models.JSONField()
    answers = models.BigIntegerField()
    job_id = models.BigIntegerField()
    measured_at = models.DateTimeField()

    objects = OfProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return f"agreement in project {self.project_id}"
