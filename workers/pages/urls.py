from django.urls import path

from workers.pages import job

app_name = "workers"
urlpatterns = [
    path("jobs/", job.JobsPage.as_view(), name="jobs"),
    path("jobs/<int:pk>/", job.JobPage.as_view(), name="job"),
    path("jobs/<int:pk>/cancel/", job.CancelJobPage.as_view(), name="job-cancel"),
    path("jobs/<int:pk>/retry/", job.RetryJobPage.as_view(), name="job-retry"),
]
