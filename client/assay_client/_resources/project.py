"""Projects: labeling work on a version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay_client._paging import each, each_row
from assay_client._records import Job, Project
from assay_client._transport import Transport


class Projects:
    """Labeling work: its schema, its progress, its labels."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        version_id: int,
        name: str,
        schema: dict[str, Any],
        *,
        guidelines: str = "",
        overlap: int = 1,
        suggest_every: int | None = None,
        lease_seconds: int | None = None,
        order: str = "",
        **work: Any,
    ) -> tuple[Project, Job]:
        """Make a project on a version and send the job that makes its tasks.

        Args:
            version_id: The version.
            name: Its name.
            schema: What is asked; `choice_schema` makes one for choosing a label.
            guidelines: What annotators read, in Markdown.
            overlap: How many people answer each task, 1 to 20.
            suggest_every: After how many answers suggestions are made anew, 0 for never.
            order: Which tasks come first each time the model has learned: ``mix`` (the service's default), ``margin``,
                ``uncertainty``, ``diversity``, or ``came`` for the order of the items.
            lease_seconds: How long a task that was handed out waits for its answer before others get it, 10 to 86,400.
            work: How the work is shared out, as `change` takes it.

        Raises:
            Conflict: ``project_exists``.
            InvalidRequest: ``schema_invalid``, naming the place.
        """
        body = {"version": version_id, "name": name, "schema": schema, "guidelines": guidelines, "overlap": overlap}
        if suggest_every is not None:
            body["suggest_every"] = suggest_every
        if lease_seconds is not None:
            body["lease_seconds"] = lease_seconds
        if order:
            body["order"] = order
        body |= work
        answer = self._transport.json("POST", "projects/", body=body)
        return Project.parse(answer["project"]), Job.parse(answer["job"])

    def list(self) -> Iterator[Project]:
        """Give the projects, newest first."""
        return each(self._transport, "projects/", Project)

    def get(self, project_id: int) -> Project:
        """Return one project with its progress."""
        return Project.parse(self._transport.json("GET", f"projects/{project_id}/"))

    def find(self, name: str) -> Project | None:
        """Return the newest project with exactly this name, None when there is none."""
        return next((project for project in self.list() if project.name == name), None)

    def change(self, project_id: int, **fields: Any) -> Project:
        """Change a project and return it.

        Args:
            project_id: The project.
            fields: ``name``, ``guidelines``, ``state`` (open, paused, archived), ``overlap``; ``overlap_share`` per
                cent of the tasks that ``overlap_in_share`` people answer, drawn by ``overlap_seed``; ``only_assigned``;
                ``gold_share``, ``gold_least`` and ``gold_from``; ``skip_reasons`` and ``skip_reason_required``;
                ``onboarding`` with ``onboarding_training``, ``onboarding_test``, ``onboarding_least``,
                ``onboarding_attempts``, ``onboarding_tells`` and ``onboarding_everybody``.
        """
        return Project.parse(self._transport.json("PATCH", f"projects/{project_id}/", body=fields))

    def page(self, project_id: int) -> dict[str, Any]:
        """Return what the labeling page needs once: project with schema, me, progress."""
        return dict(self._transport.json("GET", f"projects/{project_id}/page/"))

    def suggest(self, project_id: int) -> Job:
        """Send the job that fits a quick model on the labels so far and stores suggestions for the rest."""
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/suggest/"))

    def publish(
        self,
        project_id: int,
        *,
        only_labeled: bool = False,
        only_reviewed: bool = False,
        with_gold: bool = False,
        with_model: bool = True,
        keep_labels: bool = True,
        consensus: str = "majority",
        split: bool = True,
        validation: float = 0.1,
        test: float = 0.2,
        seed: int = 0,
        group_column: str = "",
        note: str = "",
    ) -> Job:
        """Send the job that publishes the labels as a new version; its result names the version.

        Args:
            project_id: The project.
            only_labeled: Leave out items without a label.
            only_reviewed: Count only answers that a reviewer accepted or fixed.
            with_gold: Count answers to tasks whose right answer was known, too.
            with_model: Items that nobody answered get the label of a model that was accepted automatically.
            keep_labels: Items that nobody answered keep their version's label; their ``label_annotators`` is empty.
            consensus: ``majority``, or ``auto``: a model of how well each person answers decides where people
                differ, and says in ``label_confidence`` how sure it is.
            split: Add the column ``split`` with train, validation and test.
            validation: Share of rows for validation.
            test: Share of rows for the locked test.
            seed: Seed of the split.
            group_column: Column whose equal values stay on one side; the text when empty.
            note: One line on the version.
        """
        body = {
            "only_labeled": only_labeled,
            "only_reviewed": only_reviewed,
            "with_gold": with_gold,
            "with_model": with_model,
            "keep_labels": keep_labels,
            "consensus": consensus,
            "split": split,
            "validation": validation,
            "test": test,
            "seed": seed,
            "group_column": group_column,
            "note": note,
        }
        return Job.parse(self._transport.json("POST", f"projects/{project_id}/publish/", body=body))

    def results(self, project_id: int, *, annotator: int | None = None) -> Iterator[dict[str, Any]]:
        """Give the answers, newest first, each with its item, annotator and suggestion."""
        return each_row(self._transport, f"projects/{project_id}/results/", {"annotator": annotator})

    def work(self, project_id: int, *, since: str = "", until: str = "", person: int | None = None) -> dict[str, Any]:
        """Return who did how much: ``total``, ``people``, ``rows`` (one a person and day) and ``labels``.

        The service counts anew in the background when its last count, of ``counted_at``, is older than five minutes.

        Args:
            project_id: The project.
            since: First day in UTC, ``2026-11-01``; 29 days before the last by default.
            until: Last day; today by default.
            person: Only this person's work.

        Raises:
            InvalidRequest: ``days_invalid``.
        """
        query = {"since": since or None, "until": until or None, "person": person}
        return dict(self._transport.json("GET", f"projects/{project_id}/work/", params=query))


def choice_schema(labels: Sequence[str], text_field: str) -> dict[str, Any]:
    """Return the schema that shows a text and asks for one of these labels; the first nine have the keys 1 to 9."""
    rows = [
        {"value": value, "title": value, "hotkey": str(number) if number < 10 else ""}
        for number, value in enumerate(labels, start=1)
    ]
    control = {"name": "label", "type": "choice", "multiple": False, "required": True, "labels": rows}
    return {"display": [{"type": "text", "field": text_field}], "controls": [control]}
