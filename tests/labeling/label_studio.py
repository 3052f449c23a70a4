"""Requests as Label Studio's clients send them, and projects that were made through its API."""

import io
import json
from collections.abc import Callable
from typing import Any

from django.test import Client
from PIL import Image

from accounts.actor import Actor
from labeling.models import Project
from labeling.services.growth import run_growth
from tests import factories
from tests.labeling.versions import start
from workers.models import Job

CHOICES = """<View><Text name="txt" value="$text"/>
<Choices name="topic" toName="txt" choice="single" required="true">
<Choice value="sport"/><Choice value="news"/></Choices></View>"""
BOXES = """<View><Image name="img" value="$photo"/>
<RectangleLabels name="box" toName="img"><Label value="cat"/></RectangleLabels></View>"""
Call = Callable[..., Any]


def png(width: int = 40, height: int = 20, shade: int = 0) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 20, 30)).save(sink, "PNG")
    return sink.getvalue()


def caller(actor: Actor) -> Call:
    """Return what sends a request with the token of an actor."""
    secret = factories.secret(actor)

    def send(verb: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Token {secret}"}
        address = f"/label-studio/api/{path}"
        if "files" in more:
            return Client().post(address, more["files"], headers=headers)
        data = more.get("raw", json.dumps({} if body is None else body))
        return Client().generic(verb, address, data, content_type="application/json", headers=headers)

    return send


def made(call: Call, config: str = CHOICES, **more: Any) -> Project:
    """Make a project through the API."""
    answer = call("POST", "projects/", {"title": "News", "label_config": config, **more})
    assert answer.status_code == 201, answer.content
    return Project.objects.get(pk=answer.json()["id"])


def imported(call: Call, project: Project, rows: list[Any]) -> list[int]:
    """Import tasks and return their numbers."""
    answer = call("POST", f"projects/{project.pk}/import?return_task_ids=1", rows)
    assert answer.status_code == 201, answer.content
    return answer.json()["task_ids"]


def chosen(label: str, name: str = "topic") -> list[dict[str, Any]]:
    return [{"from_name": name, "to_name": "txt", "type": "choices", "value": {"choices": [label]}}]


def grown(project: Project) -> Project:
    """Do the job that brings new items into a version, and return the project."""
    job = Job.objects.filter(kind="labeling.grow_version", subject=f"project:{project.pk}").order_by("-pk")[0]
    context = start(job)
    run_growth(job=context, **job.params)
    return Project.objects.select_related("version__parent").get(pk=project.pk)
