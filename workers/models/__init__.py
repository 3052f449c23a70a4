from workers.models.job import OPEN_STATES, TRANSITIONS, Job, JobMetric, JobState

__all__ = ["OPEN_STATES", "TRANSITIONS", "Job", "JobMetric", "JobState"]
