from django.db import models
from django.db.models import Q

from labeling.querysets.comment import CommentQuerySet, MentionQuerySet


class Comment(models.Model):
    """What somebody says about a task, or about a control or one marked part of an answer to it."""

    project = models.ForeignKey("labeling.Project", on_delete=models.CASCADE, related_name="comments", db_index=False)
    task = models.ForeignKey("labeling.Task", on_delete=models.CASCADE, related_name="comments", db_index=False)
    writer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    # Made by the page for each comment, so that sending twice saves once.
    client_key = models.UUIDField()
    # Members are named as @[id], so that a name that changes is shown as it is today.
    body = models.TextField(max_length=2_000)
    # What it points at: a control, and there perhaps a span or shape by its id, in the answer of `answer_of`.
    control = models.CharField(max_length=60, blank=True)
    part = models.CharField(max_length=64, blank=True)
    answer_of = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    # A flag: somebody answers the task and wants it looked at; the body may be empty. It is cleared by resolving it.
    is_flag = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = CommentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["writer", "client_key"], name="one_comment_per_key")]
        indexes = [
            models.Index(fields=["task", "id"], name="comment_of_task"),
            models.Index(fields=["project", "-id"], name="comment_newest"),
            models.Index(fields=["project", "-id"], name="comment_open", condition=Q(resolved_at__isnull=True)),
            models.Index(fields=["task"], name="comment_flag", condition=Q(is_flag=True, resolved_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"comment {self.pk} on task {self.task_id}"


class Mention(models.Model):
    """A member whom a comment names."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    person = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="one_mention_each")]
        indexes = [models.Index(fields=["person", "-comment"], name="mention_newest")]

    def __str__(self) -> str:
        return f"user {self.person_id} in comment {self.comment_id}"
