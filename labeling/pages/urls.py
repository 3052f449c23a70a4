from django.urls import path

from labeling.pages import comment, grid, new_project, project, questions, result, work

app_name = "labeling"
urlpatterns = [
    path("projects/", project.ProjectsPage.as_view(), name="projects"),
    path("projects/new/", new_project.NewProjectPage.as_view(), name="project-new"),
    path("projects/<int:pk>/", project.ProjectPage.as_view(), name="project"),
    path("projects/<int:pk>/label/", project.LabelPage.as_view(), name="label"),
    path("projects/<int:pk>/review/", project.ReviewPage.as_view(), name="review"),
    path("projects/<int:pk>/results/", result.ResultsPage.as_view(), name="results"),
    path("projects/<int:pk>/work/", work.WorkPage.as_view(), name="work"),
    path("projects/<int:pk>/work/table/", work.WorkTablePage.as_view(), name="work-table"),
    path("projects/<int:pk>/grid/", grid.GridPage.as_view(), name="grid"),
    path("projects/<int:pk>/bulk/", grid.BulkPage.as_view(), name="bulk"),
    path("projects/<int:pk>/comments/", comment.CommentsPage.as_view(), name="comments"),
    path("comments/", comment.CommentsPage.as_view(), name="all-comments"),
    path("comments/<int:pk>/state/", comment.CommentStatePage.as_view(), name="comment-state"),
    path("projects/<int:pk>/questions/", questions.QuestionsPage.as_view(), name="questions"),
    path("projects/<int:pk>/publish/", project.PublishPage.as_view(), name="publish"),
    path("projects/<int:pk>/order/", project.OrderPage.as_view(), name="project-order"),
    path("projects/<int:pk>/state/", project.StatePage.as_view(), name="project-state"),
]
